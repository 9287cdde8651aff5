"""Runs: one attempt in an experiment, with what went in and what came out."""

import getpass
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from axagents.errors import NotFound
from axagents.project import Project
from axagents.stores.tracking.client import has_store, mlflow_client, tells_failure
from axagents.stores.tracking.experiments import ExperimentRecord, list_experiments
from axagents.stores.tracking.tags import OWNER


@dataclass(frozen=True)
class RunRecord:
    """One run as MLflow holds it; `metrics` are the last values."""

    run_id: str
    name: str
    experiment_id: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    artifact_uri: str
    params: dict[str, str] = field(default_factory=dict[str, str])
    metrics: dict[str, float] = field(default_factory=dict[str, float])
    tags: dict[str, str] = field(default_factory=dict[str, str])


@tells_failure
def open_run(
    project: Project,
    experiment: ExperimentRecord,
    *,
    name: str,
    owner: str,
    tags: Mapping[str, str] | None = None,
    started_at: datetime | None = None,
) -> RunRecord:
    """Return the MLflow run that `owner` (a run of ours) opened in the experiment, opened now when it has none.

    `started_at` is when its work began, when that is not now.
    """
    client = mlflow_client(project)
    found = client.search_runs([experiment.experiment_id], f"tags.`{OWNER}` = '{owner}'", max_results=1)
    if found:
        return _record(found[0])
    told = {OWNER: owner, "mlflow.user": _user(), "mlflow.source.name": "ax", "mlflow.source.type": "LOCAL"}
    begun = int(started_at.timestamp() * 1000) if started_at else None
    made = client.create_run(experiment.experiment_id, begun, told | dict(tags or {}), run_name=name)
    return _record(made)


@tells_failure
def find_run(project: Project, run_id: str) -> RunRecord:
    """Return a run by its MLflow id.

    Raises:
        NotFound: no such run, or it was deleted.
    """
    try:
        run = mlflow_client(project).get_run(run_id) if has_store(project) else None
    except MlflowException:
        run = None
    if run is None or run.info.lifecycle_stage != "active":
        known = [each.run_id for each in search_runs(project, limit=200)]
        raise NotFound("run", run_id, known, hint="ax experiments list", field="run_id")
    return _record(run)


@tells_failure
def search_runs(
    project: Project, experiments: Iterable[ExperimentRecord] | None = None, *, limit: int = 1000, where: str = ""
) -> list[RunRecord]:
    """Return runs of the experiments (all when None), newest first; `where` is an MLflow filter."""
    among = list_experiments(project) if experiments is None else experiments
    ids = [each.experiment_id for each in among]
    if not ids:
        return []
    found = mlflow_client(project).search_runs(ids, where, max_results=limit, order_by=["attributes.start_time DESC"])
    return [_record(each) for each in found]


@tells_failure
def read_curve(project: Project, run_id: str, metric: str) -> list[tuple[int, float]]:
    """Return every (step, value) of one metric of a run, by step."""
    history = mlflow_client(project).get_metric_history(run_id, metric)
    return sorted((each.step, each.value) for each in history)


@tells_failure
def continue_run(project: Project, run_id: str) -> None:
    """Mark a run as running again."""
    mlflow_client(project).update_run(run_id, status="RUNNING")


@tells_failure
def finish_run(project: Project, run_id: str, status: str = "FINISHED") -> None:
    """Mark a run as ended (FINISHED or FAILED), now."""
    mlflow_client(project).set_terminated(run_id, status)


def _record(run: Run) -> RunRecord:
    info = run.info
    return RunRecord(
        run_id=info.run_id,
        name=info.run_name or info.run_id,
        experiment_id=info.experiment_id,
        status=info.status,
        started_at=_at(info.start_time),
        ended_at=_at(info.end_time) if info.end_time else None,
        artifact_uri=info.artifact_uri or "",
        params=dict(run.data.params),
        metrics=dict(run.data.metrics),
        tags=dict(run.data.tags),
    )


def _at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
