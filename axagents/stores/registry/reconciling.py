"""Find where MLflow, memory and the event log of the registry disagree, and what would mend it."""

from dataclasses import dataclass
from typing import Any, Literal

from axagents.project import Project
from axagents.stores.journal import Journal
from axagents.stores.registry.catalog import published
from axagents.stores.registry.state import read_model, read_models
from axagents.stores.registry.stored import StoredVersion, find_copy, stage_differences, stored_models, stored_versions
from axagents.stores.registry.versions import pending_versions

Mending = Literal["mirror", "adopt", "restore", "none"]


@dataclass(frozen=True)
class Divergence:
    """One disagreement.

    Attributes:
        mending: mirror: MLflow and memory are brought to what the log says; adopt: a version that MLflow holds whole
            is entered in the log; restore: a version that MLflow lost is made again from its copy; none: only a
            person can tell.
    """

    model: str
    version: str | None
    what: str
    mending: Mending


def find_divergences(project: Project, model: str | None = None) -> list[Divergence]:
    """Return every disagreement about a model, or about all, that no unfinished run will mend by being resumed."""
    names = sorted(read_models(project).keys() | set(stored_models(project))) if model is None else [model]
    return [each for name in names for each in _of_model(project, name)]


def interrupted_arguments(project: Project, model: str, version: str) -> dict[str, Any] | None:
    """Return the arguments of a registration that began and was given up; None when the journal knows of none."""
    for entry in Journal(project).unfinished():
        told = entry.arguments
        if entry.effect == "registry.register" and (told["model"], told["version"]) == (model, version):
            return told
    return None


def _of_model(project: Project, model: str) -> list[Divergence]:
    begun = {each.version for each in pending_versions(project, model)}
    state, stored = read_model(project, model), stored_versions(project, model)
    known = {each.version: each for each in state.versions}
    found = [_unlogged(project, each) for each in stored if each.version and each.version not in {*known, *begun}]
    for registered in state.versions:
        held = [each for each in stored if each.version == registered.version]
        if registered.version in begun:
            continue
        if not held:
            copy = find_copy(project, model, registered.version, sha256=registered.sha256)
            mending: Mending = "restore" if copy else "none"
            found.append(Divergence(model, registered.version, "MLflow no longer holds it", mending))
        elif any(each.sha256 != registered.sha256 for each in held):
            found.append(Divergence(model, registered.version, "MLflow holds other content under it", "none"))
        elif len(held) > 1:
            found.append(Divergence(model, registered.version, f"MLflow holds it {len(held)} times", "none"))
    if not begun:
        found += [Divergence(model, each.version, str(each), "mirror") for each in stage_differences(project, state)]
        if state.versions and not published(project, state):
            found.append(Divergence(model, None, "memory does not say what the event log says", "mirror"))
    return found


def _unlogged(project: Project, stored: StoredVersion) -> Divergence:
    assert stored.version is not None
    whole = stored.sha256 and find_copy(project, stored.model, stored.version, sha256=stored.sha256)
    return Divergence(
        stored.model, stored.version, "MLflow holds it, the event log does not", "adopt" if whole else "none"
    )
