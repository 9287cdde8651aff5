"""Show the registry: its models, the versions of one, and one version with everything recorded of it."""

from typing import Any, get_args

from axagents.errors import NotFound
from axagents.project import Project
from axagents.stores.registry.evaluations import newest_evaluation
from axagents.stores.registry.request import ShownDetails, ShownModel, ShownModels, ShownVersion, ShownVersions
from axagents.stores.registry.resolution import known_names, resolve
from axagents.stores.registry.state import read_model
from axagents.stores.registry.stored import stored_versions
from axagents.stores.registry.versions import Standing, VersionView, list_models, list_versions

_WORST_LAST: tuple[Standing, ...] = get_args(Standing)


def show_models(project: Project) -> ShownModels:
    """Return every model of the event log and of MLflow."""
    return ShownModels(models=[_model(project, name) for name in list_models(project)])


def show_versions(project: Project, model: str) -> ShownVersions:
    """Return the versions of one model.

    Raises:
        NotFound: nothing is called so; the nearest names are told.
    """
    views = list_versions(project, model)
    if not views:
        raise NotFound("model", model, {*list_models(project), *known_names(project)}, hint="ax registry list")
    return ShownVersions(model=model, versions=[ShownVersion.model_validate(_version(each)) for each in views])


def show_version(project: Project, model_id: str) -> ShownDetails:
    """Return what is recorded of the version that `model_id` means.

    Raises:
        NotFound, UserError, Unfinished: as `resolve` does.
    """
    foreign = _foreign(project, model_id)
    if foreign:
        return _details(project, foreign, resolved="made in MLflow by another tool")
    found = resolve(project, model_id)
    views = list_versions(project, found.version.model)
    view = next(each for each in views if each.version == found.version.version)
    return _details(project, view, resolved=found.how)


def _model(project: Project, name: str) -> ShownModel:
    state, views = read_model(project, name), list_versions(project, name)
    worst = max(views, key=lambda each: _WORST_LAST.index(each.standing), default=None)
    newest = state.newest()
    return ShownModel(
        model=name,
        production=state.production.version if state.production else None,
        newest=newest.version if newest else None,
        versions=len(views),
        changed_at=max((each.changed_at for each in state.versions), default=None),
        standing=worst.standing if worst else "ok",
        note=f"{worst.version}: {worst.note}" if worst and worst.note else None,
    )


def _version(view: VersionView) -> dict[str, Any]:
    metadata = view.registered.metadata if view.registered else {}
    return {
        "version": view.version,
        "stage": view.stage,
        "sha256": view.sha256,
        "created_at": view.created_at,
        "lineage": metadata.get("lineage"),
        "standing": view.standing,
        "note": view.note,
    }


def _foreign(project: Project, model_id: str) -> VersionView | None:
    model, _, version = model_id.partition(":")
    if not version.startswith("mlflow-"):
        return None
    return next((each for each in list_versions(project, model) if each.version == version), None)


def _details(project: Project, view: VersionView, *, resolved: str) -> ShownDetails:
    registered = view.registered
    evaluation = newest_evaluation(project, view.sha256) if view.sha256 else None
    held = next((each for each in stored_versions(project, view.model) if each.number == view.mlflow_version), None)
    return ShownDetails.model_validate(
        {
            **_version(view),
            "model": view.model,
            "resolved": resolved,
            "created_by": registered.created_by if registered else None,
            "changed_at": registered.changed_at if registered else view.created_at,
            "mlflow_version": view.mlflow_version,
            "aliases": list(held.aliases) if held else [],
            "evaluation": evaluation.verdict if evaluation else None,
            "metadata": registered.metadata if registered else {},
        }
    )
