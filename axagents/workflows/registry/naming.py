"""What a model that came without name or version is called."""

import re

from axagents.errors import UserError
from axagents.fields import parse_version
from axagents.project import Project
from axagents.stores.models.folder import ModelFolder
from axagents.stores.registry.state import ModelState, read_models
from axagents.workflows.registry.request import RegistryRequest

FIRST_VERSION = "1.0.0"
_SAYS_NOTHING = {"model", "models", "best", "best-model", "latest", "output", "artifact", "artifacts"}
_VERSION_AT_END = re.compile(r"[-_. ]?v?\d+([._-]\d+){0,2}$", re.IGNORECASE)


def choose_name(project: Project, request: RegistryRequest, opened: ModelFolder) -> str:
    """Return the model's name: asked for, known by its content, or told from the folder or its experiment.

    Raises:
        UserError: nothing says what it is called.
    """
    if request.model_name:
        return request.model_name
    models = read_models(project)
    known = [name for name, state in models.items() if _holding(state, opened.sha256, request.version)]
    if known:
        return known[0]
    for text in (opened.path.name, str(opened.card.training.get("experiment") or "") if opened.card else ""):
        plain = _plain(text)
        if plain and plain not in _SAYS_NOTHING:
            return next((name for name in models if _plain(name) == plain or name == text), plain)
    raise UserError(
        f"the folder {opened.path.name!r} does not say what the model is called",
        field="model_name",
        hint='add "model_name" to the input',
    )


def choose_version(state: ModelState, request: RegistryRequest, sha256: str) -> str:
    """Return the version: asked for, the one that holds this content already, or the next minor one.

    Raises:
        UserError: the version asked for exists with other content.
    """
    if request.version:
        found = next((each for each in state.versions if _same(each.version, request.version)), None)
        if found and found.sha256 != sha256:
            raise UserError(
                f"{found.name} exists already with other content (SHA-256 {found.sha256[:12]}, not {sha256[:12]});"
                " a version never changes",
                field="version",
                legal=[next_minor(state)],
                hint=f"register it as {next_minor(state)}, or leave version out",
            )
        return found.version if found else request.version
    held = next((each.version for each in state.versions if each.sha256 == sha256), None)
    return held or next_minor(state)


def next_minor(state: ModelState) -> str:
    """Return the minor version after the highest one; 1.0.0 for a model without versions."""
    newest = state.newest()
    if newest is None:
        return FIRST_VERSION
    major, minor, _, _ = parse_version(newest.version)
    return f"{major}.{minor + 1}.0"


def _holding(state: ModelState, sha256: str, version: str | None) -> bool:
    return any(each.sha256 == sha256 and version in {None, each.version} for each in state.versions)


def _same(one: str, other: str) -> bool:
    return one == other or parse_version(one) == parse_version(other)


def _plain(text: str) -> str:
    """Return a folder's or experiment's name as a model's: lower case, hyphens, no version at the end."""
    plain = re.sub(r"[^a-z0-9.]+", "-", _VERSION_AT_END.sub("", text.strip()).lower()).strip("-.")
    return plain[:200]
