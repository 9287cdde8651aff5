"""What a `model_id` means: one version and its SHA-256, or an error with the nearest names (SPEC section 3)."""

import re
from dataclasses import dataclass
from typing import Literal

from axagents.errors import NotFound, Unfinished, UserError, nearest
from axagents.fields import parse_version
from axagents.project import Project
from axagents.stores.database import open_database
from axagents.stores.registry.state import ModelState, RegisteredVersion, Stage, read_models
from axagents.stores.registry.versions import alias_targets, pending_versions

How = Literal["deployment", "production", "newest", "version", "alias", "major", "stage"]

_STAGE_WORDS: dict[str, Stage] = {
    "prod": "production",
    "production": "production",
    "staging": "staged",
    "canary": "canary",
}
_PINNED = re.compile(r"^(?P<model>[^:/@]+)[:/](?P<version>.+)$")
_ALIASED = re.compile(r"^(?P<model>[^:/@]+)@(?P<alias>[^:/@]+)$")
_NUMBERED = re.compile(r"^(?P<model>.+)-v(?P<version>\d+(?:\.\d+\.\d+.*)?)$")
_STAGED = re.compile(rf"^(?P<model>.+)-(?P<word>{'|'.join(_STAGE_WORDS)})$")


@dataclass(frozen=True)
class Resolved:
    """What a name meant when it was looked up; pinned from then on by version and SHA-256."""

    asked: str
    version: RegisteredVersion
    how: How

    def __str__(self) -> str:
        return f"{self.asked} is {self.version.name} ({self.version.sha256[:12]}, {self.version.stage})"


def resolve(project: Project, model_id: str, *, for_effect: bool = False) -> Resolved:
    """Return the version that `model_id` means.

    Args:
        for_effect: the version will be acted on, so that "the newest" is not good enough.

    Raises:
        NotFound: nothing bears that name; the nearest names are told.
        UserError: the name fits but names no version, or only the newest where an effect needs one said.
        Unfinished: the version is half-way registered.
    """
    asked = model_id.strip()
    models = read_models(project)
    found = (
        _by_deployment(project, asked, models)
        or _by_model(asked, models, for_effect=for_effect)
        or _by_version(project, asked, models)
        or _by_alias(project, asked, models)
        or _by_number(asked, models)
        or _by_stage(asked, models)
    )
    if found:
        return found
    plain = re.sub(r"(?:[:/]v?|-v)(?=\d)", ":", asked)
    if pending := [each for each in pending_versions(project) if plain in {each.model, each.name}]:
        raise Unfinished(f"{pending[0].name} is half-way registered", hint=pending[0].hint)
    raise NotFound("model", asked, known_names(project, models), hint="ax registry list", field="model_id")


def known_names(project: Project, models: dict[str, ModelState] | None = None) -> list[str]:
    """Return every name that `resolve` takes without a version: models and deployments."""
    models = read_models(project) if models is None else models
    return [*models, *_deployments(project)]


def _by_deployment(project: Project, asked: str, models: dict[str, ModelState]) -> Resolved | None:
    pinned = _deployments(project).get(asked)
    if pinned is None:
        return None
    model, version = pinned
    return Resolved(asked, _exact(models.get(model) or ModelState(model, (), 0), version), "deployment")


def _deployments(project: Project) -> dict[str, tuple[str, str]]:
    # The table comes with the deployments' own migration; a project without it has none.
    with open_database(project).read() as connection:
        columns = {row["name"] for row in connection.execute("PRAGMA table_info(deployments)")}
        if not {"name", "model", "version"} <= columns:
            return {}
        rows = connection.execute("SELECT name, model, version FROM deployments WHERE version IS NOT NULL")
        return {row["name"]: (row["model"], row["version"]) for row in rows}


def _by_model(asked: str, models: dict[str, ModelState], *, for_effect: bool) -> Resolved | None:
    state = models.get(asked)
    if state is None:
        return None
    if state.production:
        return Resolved(asked, state.production, "production")
    newest = state.newest()
    assert newest is not None
    if for_effect:
        raise UserError(
            f"{asked} has no version in production, and an effect never takes the newest by itself",
            field="model_id",
            legal=[each.name for each in state.versions[:8]],
            hint=f"say {newest.name} if you mean the newest",
        )
    return Resolved(asked, newest, "newest")


def _by_version(project: Project, asked: str, models: dict[str, ModelState]) -> Resolved | None:
    match = _PINNED.match(asked)
    if match is None or match["model"] not in models:
        return None
    try:
        found = _exact(models[match["model"]], match["version"])
    except NotFound as error:
        _tell_unusable(project, match["model"], match["version"])
        raise error from None
    return Resolved(asked, found, "version")


def _tell_unusable(project: Project, model: str, version: str) -> None:
    for pending in pending_versions(project, model):
        if pending.version == version.removeprefix("v"):
            raise Unfinished(f"{pending.name} is half-way registered", hint=pending.hint)


def _exact(state: ModelState, version: str) -> RegisteredVersion:
    try:
        wanted = parse_version(version)
    except ValueError as error:
        raise UserError(str(error), field="model_id", legal=[each.version for each in state.versions[:8]]) from None
    exact = state.find(version.removeprefix("v"))
    found = exact or next((each for each in state.versions if parse_version(each.version) == wanted), None)
    if found is None:
        versions = [each.version for each in state.versions]
        near = nearest(version.removeprefix("v"), versions) or versions[:8]
        raise NotFound(
            f"version of {state.model}", version, near, hint=f"ax registry versions {state.model}", field="model_id"
        )
    return found


def _by_alias(project: Project, asked: str, models: dict[str, ModelState]) -> Resolved | None:
    match = _ALIASED.match(asked)
    if match is None or match["model"] not in models:
        return None
    state, targets = models[match["model"]], alias_targets(project, match["model"])
    version = targets.get(match["alias"])
    if version is None:
        raise NotFound(f"alias of {state.model}", match["alias"], targets, field="model_id")
    found = state.find(version)
    if found is None:
        raise UserError(
            f"{asked} points at version {version}, which was made in MLflow and not registered here",
            field="model_id",
            hint=f"ax registry versions {state.model}",
        )
    return Resolved(asked, found, "alias")


def _by_number(asked: str, models: dict[str, ModelState]) -> Resolved | None:
    match = _NUMBERED.match(asked)
    if match is None or match["model"] not in models:
        return None
    state = models[match["model"]]
    if "." in match["version"]:
        return Resolved(asked, _exact(state, match["version"]), "version")
    major = int(match["version"])
    found = next((each for each in state.versions if parse_version(each.version)[0] == major), None)
    if found is None:
        majors = sorted({f"{state.model}-v{parse_version(each.version)[0]}" for each in state.versions})
        raise NotFound(f"major version of {state.model}", asked, majors, field="model_id")
    return Resolved(asked, found, "major")


def _by_stage(asked: str, models: dict[str, ModelState]) -> Resolved | None:
    match = _STAGED.match(asked)
    if match is None or match["model"] not in models:
        return None
    state, stage = models[match["model"]], _STAGE_WORDS[match["word"]]
    found = state.newest(stage)
    if found is None:
        others = [f"{each.name} ({each.stage})" for each in state.versions]
        raise NotFound(
            f"{stage} version", state.model, others, hint=f"ax registry versions {state.model}", field="model_id"
        )
    return Resolved(asked, found, "stage")
