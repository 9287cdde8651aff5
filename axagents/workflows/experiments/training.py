"""Train for an experiment: the same ml-train that people run, as a run below the tracker's."""

from typing import Any

from axagents.errors import UserError
from axagents.requests import validate
from axagents.stores.runs import Runs
from axagents.workflows.engine import resume_workflow, run_workflow
from axagents.workflows.experiments.request import TrackerRequest
from axagents.workflows.graphs import StepContext
from axagents.workflows.train.request import TrainRequest

TRAIN = "ml-train"


def training_request(request: TrackerRequest, mlflow_run_id: str | None = None) -> TrainRequest | None:
    """Return what ml-train is to be asked, or None when no dataset is given.

    Raises:
        UserError: a target or a training spec without a dataset, or two different targets.
    """
    if request.dataset is None:
        if request.target or request.training:
            raise UserError("target and training need a dataset", field="dataset", hint="ax data list")
        return None
    spec = request.training.model_dump(exclude_unset=True) if request.training else {}
    if request.target and spec.get("target", request.target) != request.target:
        raise UserError(f"target is {request.target!r} and training.target {spec['target']!r}", field="target")
    fields: dict[str, Any] = {
        **spec,
        "dataset": request.dataset,
        "experiment": request.experiment_name,
        "tags": request.tags,
    }
    if request.target:
        fields["target"] = request.target
    if request.primary_metric and "primary_metric" not in spec:
        fields["primary_metric"] = request.primary_metric
    if mlflow_run_id:
        fields["mlflow_run_id"] = mlflow_run_id
    return validate(TrainRequest, fields)


def train(context: StepContext, request: TrainRequest) -> dict[str, Any]:
    """Run ml-train below this run and return its result; one that an earlier attempt began is gone on with."""
    runs = Runs(context.project)
    earlier = [each for each in runs.children(context.run_id) if each.name == TRAIN]
    if not earlier:
        return run_workflow(context.project, TRAIN, request, parent=context.run_id).result
    last = earlier[-1]
    if last.status == "completed" and last.result is not None:
        return last.result["result"]
    return resume_workflow(context.project, last.run_id).result
