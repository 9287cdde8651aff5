"""Train a model on a dataset."""

from axagents.toolkit import Touch, tool
from axagents.workflows.engine import run_workflow
from axagents.workflows.train.request import TrainRequest, TrainResult


@tool("ml-train", touches=Touch.COMPUTE)
def train(request: TrainRequest) -> TrainResult:
    """Build a model that predicts one column of a dataset, and report what it is worth on rows it never saw.

    It checks for leakage, scores a dummy and a linear floor, searches other kinds of model, chooses the simplest that
    is as good as the best, and logs everything to MLflow. Use it for requests such as "build a churn prediction model
    using the customer dataset". It registers and deploys nothing.
    """
    return TrainResult.model_validate(run_workflow(None, "ml-train", request).result)
