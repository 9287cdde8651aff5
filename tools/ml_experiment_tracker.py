"""Track a run of an experiment."""

from axagents.toolkit import Touch, tool
from axagents.workflows.engine import run_workflow
from axagents.workflows.experiments.request import TrackerRequest, TrackerResult


@tool("ml-experiment-tracker", touches=Touch.COMPUTE)
def track(request: TrackerRequest) -> TrackerResult:
    """Start or go on with a run of an experiment: write parameters, metrics and artifacts, and compare with a baseline.

    With a dataset it trains and logs for real; metrics given here are kept as claimed and decide nothing. Use it for
    requests such as "start a new experiment churn_v3, testing a new feature set".
    """
    return TrackerResult.model_validate(run_workflow(None, "ml-experiment-tracker", request).result)
