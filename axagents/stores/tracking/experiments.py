"""Experiments: a name under which runs are kept."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from mlflow import MlflowClient
from mlflow.entities import Experiment, ViewType
from mlflow.exceptions import MlflowException

from axagents.errors import NotFound, UserError
from axagents.project import Project
from axagents.stores.tracking.client import has_store, mlflow_client, tells_failure
from axagents.stores.tracking.tags import NOTE, WORDS

DEFAULT_EXPERIMENT = "Default"


@dataclass(frozen=True)
class ExperimentRecord:
    """One experiment of the store; `tags` are the plain words it was given."""

    experiment_id: str
    name: str
    description: str
    created_at: datetime
    tags: tuple[str, ...] = ()
    fields: dict[str, str] = field(default_factory=dict[str, str])


@tells_failure
def list_experiments(project: Project) -> list[ExperimentRecord]:
    """Return every experiment that is not deleted, newest first; MLflow's own empty `Default` is left out."""
    if not has_store(project):
        return []
    client = mlflow_client(project)
    found: list[Experiment] = []
    token: str | None = None
    while True:
        page = client.search_experiments(
            ViewType.ACTIVE_ONLY, max_results=1000, order_by=["creation_time DESC"], page_token=token
        )
        found.extend(page)
        token = page.token
        if not token:
            break
    return [_record(each) for each in found if each.name != DEFAULT_EXPERIMENT or _has_runs(client, each)]


@tells_failure
def find_experiment(project: Project, name: str) -> ExperimentRecord:
    """Return the experiment called `name`.

    Raises:
        NotFound: there is none; the nearest names are told.
    """
    found = mlflow_client(project).get_experiment_by_name(name) if has_store(project) else None
    if found is None or found.lifecycle_stage != "active":
        known = [each.name for each in list_experiments(project)]
        raise NotFound("experiment", name, known, hint="ax experiments list")
    return _record(found)


@tells_failure
def open_experiment(
    project: Project, name: str, *, description: str | None = None, tags: Sequence[str] = ()
) -> ExperimentRecord:
    """Return the experiment called `name`, made when missing; a description replaces the old one, tags add up.

    Raises:
        UserError: the name belongs to an experiment deleted in MLflow, or MLflow refuses it.
    """
    client = mlflow_client(project)
    found = client.get_experiment_by_name(name)
    if found is not None and found.lifecycle_stage != "active":
        raise UserError(
            f"experiment {name!r} was deleted in MLflow; restore it there or take another name",
            field="experiment_name",
            hint=f"mlflow experiments restore --experiment-id {found.experiment_id}",
        )
    if found is None:
        found = _create(project, client, name)
    _describe(client, found, description=description, tags=tags)
    return _record(client.get_experiment(found.experiment_id))


def _create(project: Project, client: MlflowClient, name: str) -> Experiment:
    place = None
    if project.settings.tracking.uri is None:
        place = str(project.artifacts_path / uuid.uuid4().hex[:16])
    try:
        client.create_experiment(name, artifact_location=place)
    except MlflowException as error:
        # Another process may have made it in between.
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise UserError(f"MLflow refuses the name {name!r}: {error.message}", field="experiment_name") from None
    made = client.get_experiment_by_name(name)
    assert made is not None
    return made


def _describe(client: MlflowClient, found: Experiment, *, description: str | None, tags: Sequence[str]) -> None:
    if description and found.tags.get(NOTE) != description:
        client.set_experiment_tag(found.experiment_id, NOTE, description)
    before = split_tags(found.tags.get(WORDS, ""))
    joined = join_tags((*before, *tags))
    if joined != join_tags(before):
        client.set_experiment_tag(found.experiment_id, WORDS, joined)


def _has_runs(client: MlflowClient, experiment: Experiment) -> bool:
    return len(client.search_runs([experiment.experiment_id], max_results=1)) > 0


def _record(found: Experiment) -> ExperimentRecord:
    return ExperimentRecord(
        experiment_id=found.experiment_id,
        name=found.name,
        description=found.tags.get(NOTE, ""),
        created_at=datetime.fromtimestamp((found.creation_time or 0) / 1000, UTC),
        tags=split_tags(found.tags.get(WORDS, "")),
        fields=dict(found.tags),
    )


def join_tags(words: Sequence[str]) -> str:
    """Write words as one tag value, each once, in their order."""
    return ", ".join(dict.fromkeys(words))


def split_tags(value: str) -> tuple[str, ...]:
    """Read the words of `join_tags` back."""
    return tuple(word for word in value.split(", ") if word)
