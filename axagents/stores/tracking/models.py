"""Models: a finished model folder, shown by MLflow as the model of its run."""

from collections.abc import Mapping
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import LoggedModel, LoggedModelOutput, LoggedModelStatus

from axagents.project import Project
from axagents.stores.tracking.client import mlflow_client, tells_failure
from axagents.stores.tracking.runs import RunRecord


@tells_failure
def log_model(
    project: Project, run: RunRecord, folder: Path, *, name: str, params: Mapping[str, str] | None = None
) -> str:
    """Upload an MLflow model folder as the output of `run` and return its model id; once, however often it is called.

    The folder is kept as it is, byte for byte, so that its digest stays the one that a registry will see.
    """
    client = mlflow_client(project)
    model = _find(client, run, name)
    if model is None:
        model = client.create_logged_model(
            run.experiment_id, name, source_run_id=run.run_id, params=dict(params or {}), model_type="axagents"
        )
    if model.status != LoggedModelStatus.READY:
        client.log_model_artifacts(model.model_id, str(folder))
        client.finalize_logged_model(model.model_id, LoggedModelStatus.READY)
    outputs = client.get_run(run.run_id).outputs
    told = {each.model_id for each in outputs.model_outputs} if outputs else set[str]()
    if model.model_id not in told:
        client.log_outputs(run.run_id, [LoggedModelOutput(model.model_id, step=0)])
    return model.model_id


def _find(client: MlflowClient, run: RunRecord, name: str) -> LoggedModel | None:
    found = client.search_logged_models([run.experiment_id], f"source_run_id = '{run.run_id}'", max_results=50)
    return next((each for each in found if each.name == name), None)
