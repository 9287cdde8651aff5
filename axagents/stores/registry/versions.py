"""The registry as readers see it: the event log beside MLflow and the journal, and where they disagree."""

from dataclasses import dataclass
from typing import Any, Literal

from axagents.errors import NotFound
from axagents.project import Project
from axagents.stores.journal import Journal
from axagents.stores.registry.state import ModelState, RegisteredVersion, read_model, read_models
from axagents.stores.registry.stored import (
    StoredVersion,
    stage_differences,
    stored_models,
    stored_versions,
)
from axagents.stores.runs import Runs

_CHANGES = {"registry.register": "registration", "registry.stage": "stage change to {stage}"}

Standing = Literal["ok", "pending", "foreign", "diverged"]


@dataclass(frozen=True)
class Pending:
    """A change of the registry that began and has not ended."""

    model: str
    version: str
    change: str
    run_id: str

    @property
    def name(self) -> str:
        return f"{self.model}:{self.version}"

    @property
    def hint(self) -> str:
        return f"ax runs resume {self.run_id}"


@dataclass(frozen=True)
class VersionView:
    """One version as it is shown.

    Attributes:
        version: ours, or MLflow's number with `mlflow-` before it where another tool made it.
        stage: as the event log says; `pending` or `foreign` where the log says nothing.
        standing: whether log, MLflow and journal agree.
        note: what they disagree on, or how to go on.
    """

    model: str
    version: str
    stage: str
    sha256: str | None
    created_at: str
    standing: Standing
    note: str | None
    mlflow_version: str | None
    registered: RegisteredVersion | None


def list_models(project: Project) -> list[str]:
    """Return the models of the event log, of MLflow and of what is pending, by name."""
    begun = {each.model for each in pending_versions(project)}
    return sorted(read_models(project).keys() | set(stored_models(project)) | begun)


def list_versions(project: Project, model: str) -> list[VersionView]:
    """Return every version of a model: ours highest first, then pending and foreign ones."""
    state, stored = read_model(project, model), stored_versions(project, model)
    begun = {each.version: each for each in pending_versions(project, model)}
    torn = _torn(project, state)
    views = [_ours(each, stored, begun=begun, torn=torn) for each in state.versions]
    known = {each.version for each in state.versions}
    others = [_others(each, begun) for each in stored if each.version not in known]
    shown = {each.version for each in views + others}
    return views + others + [_begun(each) for each in begun.values() if each.version not in shown]


def pending_versions(project: Project, model: str | None = None) -> list[Pending]:
    """Return the registry's effects that began and did not end, leaving out those of abandoned runs."""
    runs, found = Runs(project), list[Pending]()
    for entry in Journal(project).unfinished():
        told: dict[str, Any] = entry.arguments
        if entry.effect in _CHANGES and model in {None, told["model"]} and not _abandoned(runs, entry.run_id):
            change = _CHANGES[entry.effect].format(**told)
            found.append(Pending(told["model"], told["version"], change, entry.run_id))
    return found


def _abandoned(runs: Runs, run_id: str) -> bool:
    try:
        return runs.get(run_id).status == "abandoned"
    except NotFound:
        return False


def alias_targets(project: Project, model: str) -> dict[str, str]:
    """Return the aliases of a model with the versions they point at; a foreign version by MLflow's number."""
    return {
        alias: each.version or f"mlflow-{each.number}"
        for each in stored_versions(project, model)
        for alias in each.aliases
    }


def _torn(project: Project, state: ModelState) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in stage_differences(project, state):
        version = each.version or (state.versions[0].version if state.versions else "")
        found.setdefault(version, f"MLflow: {each}")
    return found


def _ours(
    registered: RegisteredVersion, stored: list[StoredVersion], *, begun: dict[str, Pending], torn: dict[str, str]
) -> VersionView:
    held = [each for each in stored if each.version == registered.version]
    standing, note = _standing(registered, held, torn.get(registered.version))
    if pending := begun.get(registered.version):
        standing, note = "pending", f"{pending.change} not finished: {pending.hint}"
    return VersionView(
        model=registered.model,
        version=registered.version,
        stage=registered.stage,
        sha256=registered.sha256,
        created_at=registered.created_at,
        standing=standing,
        note=note,
        mlflow_version=held[0].number if held else None,
        registered=registered,
    )


def _standing(
    registered: RegisteredVersion, held: list[StoredVersion], torn: str | None
) -> tuple[Standing, str | None]:
    if not held:
        return "diverged", "MLflow no longer holds it; its artifacts may be gone"
    if held[0].sha256 != registered.sha256:
        return "diverged", "MLflow holds other content under this version"
    if len(held) > 1:
        return "diverged", f"MLflow holds it {len(held)} times"
    return ("diverged", torn) if torn else ("ok", None)


def _others(stored: StoredVersion, begun: dict[str, Pending]) -> VersionView:
    pending = begun.get(stored.version) if stored.version else None
    if pending:
        stage, standing, note = "pending", "pending", f"{pending.change} not finished: {pending.hint}"
    elif stored.version:
        stage, standing = "pending", "diverged"
        note = "in MLflow, but not in this project's event log: ax registry reconcile"
    else:
        stage, standing, note = "foreign", "foreign", "made in MLflow by another tool"
    return VersionView(
        model=stored.model,
        version=stored.version or f"mlflow-{stored.number}",
        stage=stage,
        sha256=stored.sha256,
        created_at=stored.created_at,
        standing=standing,
        note=note,
        mlflow_version=stored.number,
        registered=None,
    )


def _begun(pending: Pending) -> VersionView:
    return VersionView(
        model=pending.model,
        version=pending.version,
        stage="pending",
        sha256=None,
        created_at="",
        standing="pending",
        note=f"{pending.change} not finished: {pending.hint}",
        mlflow_version=None,
        registered=None,
    )
