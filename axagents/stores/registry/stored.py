"""MLflow's side of the registry: the versions with their artifacts, tags and aliases."""

import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mlflow.artifacts import download_artifacts
from mlflow.entities import LoggedModel, LoggedModelStatus
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from axagents.clock import stamp
from axagents.errors import Failed, Refused
from axagents.faults import fault_point
from axagents.project import Project
from axagents.stores.models.digest import digest
from axagents.stores.registry.state import ModelState
from axagents.stores.tracking.client import mlflow_client, tells_failure, tracking_uri
from axagents.stores.tracking.tags import LOGGED_MODEL, REGISTERED_MODEL, SHA256, STAGE, VERSION

ALIASES = {"production": "production", "canary": "canary", "staged": "staging"}
"""The MLflow alias that points at the highest version of each stage; archived has none."""

_EXPERIMENT = "0"
_UNNAMEABLE = re.compile(r"[/:.%\"']")


@dataclass(frozen=True)
class StoredVersion:
    """One version as MLflow holds it; `version`, `sha256` and `stage` are our tags, None where another tool made it."""

    model: str
    number: str
    version: str | None
    sha256: str | None
    stage: str | None
    aliases: tuple[str, ...]
    source: str
    run_id: str | None
    logged_model: str | None
    created_at: str


@dataclass(frozen=True)
class NewVersion:
    """A version about to be stored: the folder to copy, and what MLflow's pages show of it."""

    model: str
    version: str
    sha256: str
    folder: Path
    description: str
    run_id: str | None
    tags: Mapping[str, str]


def _unmade(project: Project) -> bool:
    # Whoever only looks makes no store.
    return project.settings.tracking.uri is None and not project.mlflow_path.exists()


@tells_failure
def stored_models(project: Project) -> list[str]:
    """Return the names of all registered models of the MLflow store."""
    if _unmade(project):
        return []
    client, names, token = mlflow_client(project), list[str](), None
    while True:
        page = client.search_registered_models(max_results=1000, page_token=token)
        names += [each.name for each in page]
        token = page.token
        if not token:
            return sorted(names)


@tells_failure
def stored_versions(project: Project, model: str) -> list[StoredVersion]:
    """Return the versions that MLflow holds of a model, oldest first; none when it does not know it."""
    if _unmade(project):
        return []
    client = mlflow_client(project)
    try:
        aliases = client.get_registered_model(model).aliases
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return []
        raise
    # A search leaves the aliases of what it finds empty.
    found = client.search_model_versions(f"name = '{model}'")
    versions = [
        _stored(each, {name for name, number in aliases.items() if str(number) == str(each.version)}) for each in found
    ]
    return sorted(versions, key=lambda each: int(each.number))


def find_stored(project: Project, model: str, version: str) -> StoredVersion | None:
    """Return MLflow's version with our number `version`; of several the first."""
    return next((each for each in stored_versions(project, model) if each.version == version), None)


@tells_failure
def store_version(project: Project, new: NewVersion) -> StoredVersion:
    """Copy the folder into MLflow's artifact store and make its version; a copy that an earlier attempt made is used.

    Raises:
        Failed: the copy does not have the folder's SHA-256.
    """
    logged = _copy_artifacts(project, new)
    fault_point("registry.register.copied")
    _make_model(project, new.model)
    tags = {**new.tags, VERSION: new.version, SHA256: new.sha256, STAGE: "staged", LOGGED_MODEL: logged.model_id}
    made = mlflow_client(project).create_model_version(
        new.model,
        logged.artifact_location,
        run_id=new.run_id,
        tags=tags,
        description=new.description,
        await_creation_for=0,
        # A server wants to know whose artifacts they are; MLflow's own SQLite store would look in another store.
        model_id=logged.model_id if project.settings.tracking.uri else None,
    )
    fault_point("registry.register.stored")
    return _stored(made, set())


@dataclass(frozen=True)
class Difference:
    """A tag or an alias of MLflow that is not what the event log says; `wanted` None means that it should go."""

    version: str | None
    number: str | None
    what: str
    found: str | None
    wanted: str | None

    def __str__(self) -> str:
        of = f" of {self.version}" if self.version else ""
        return f"{self.what}{of} is {self.found or 'missing'}, not {self.wanted or 'absent'}"


def stage_differences(project: Project, state: ModelState) -> list[Difference]:
    """Return where MLflow's tags and aliases of a model differ from the event log."""
    stored = stored_versions(project, state.model)
    by_version = {each.version: each for each in reversed(stored) if each.version}
    found: list[Difference] = []
    for registered in state.versions:
        held = by_version.get(registered.version)
        if held is not None and held.stage != registered.stage:
            found.append(Difference(registered.version, held.number, "stage", held.stage, registered.stage))
    for stage, alias in ALIASES.items():
        newest = next((each for each in state.versions if each.stage == stage), None)
        target = by_version.get(newest.version) if newest else None
        wanted = target.number if target else None
        present = next((each.number for each in stored if alias in each.aliases), None)
        if wanted != present:
            found.append(Difference(newest.version if newest else None, wanted, f"alias {alias}", present, wanted))
    return found


def mirrored(project: Project, state: ModelState) -> bool:
    """Tell whether MLflow shows the stages that the event log says."""
    return not stage_differences(project, state)


@tells_failure
def mirror_stages(project: Project, state: ModelState) -> list[Difference]:
    """Bring MLflow's tags and aliases of a model to what the event log says; return what was changed."""
    client, changed = mlflow_client(project), stage_differences(project, state)
    for each in changed:
        if each.what == "stage" and each.number:
            client.set_model_version_tag(state.model, each.number, STAGE, each.wanted)
        elif each.wanted is None:
            client.delete_registered_model_alias(state.model, each.what.removeprefix("alias "))
        else:
            client.set_registered_model_alias(state.model, each.what.removeprefix("alias "), each.wanted)
        fault_point("registry.mirrored")
    return changed


@tells_failure
def remove_stored(project: Project, model: str, version: str) -> None:
    """Take our version and the copy of its artifacts out of MLflow; nothing happens when it is not there."""
    client, found = mlflow_client(project), find_stored(project, model, version)
    if found is None:
        return
    for alias in found.aliases:
        client.delete_registered_model_alias(model, alias)
    client.delete_model_version(model, found.number)
    if found.logged_model:
        client.delete_logged_model(found.logged_model)


def stored_folder(project: Project, stored: StoredVersion) -> Path:
    """Return a local folder with the artifacts of a version, whose SHA-256 is the recorded one.

    Raises:
        Refused: the artifacts are gone, or are not what was registered.
    """
    local = Path(stored.source.removeprefix("file://"))
    if not local.is_dir():
        local = _download(project, stored)
    if stored.sha256 is not None and digest(local) != stored.sha256:
        raise Refused(
            f"the artifacts of {stored.model}:{stored.version} are not those that were registered"
            f" (their SHA-256 is no longer {stored.sha256[:12]})",
            hint="register them as a new version, or restore the artifacts: ax restore BACKUP",
        )
    return local


def _download(project: Project, stored: StoredVersion) -> Path:
    downloads = project.state / "downloads"
    target = downloads / (stored.sha256 or f"{stored.model}-{stored.number}")
    if stored.sha256 is not None and target.is_dir() and digest(target) == stored.sha256:
        return target
    downloads.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=downloads) as fresh:
        try:
            whole = download_artifacts(stored.source, dst_path=fresh, tracking_uri=tracking_uri(project))
        except (MlflowException, OSError) as error:
            told = str(error).splitlines()[0][:200]
            raise Refused(f"the artifacts of {stored.model}:{stored.version} are gone: {told}") from None
        shutil.rmtree(target, ignore_errors=True)
        shutil.move(whole, target)
    return target


def _copy_artifacts(project: Project, new: NewVersion) -> LoggedModel:
    client = mlflow_client(project)
    logged = find_copy(project, new.model, new.version, sha256=new.sha256)
    if logged is None:
        logged = client.create_logged_model(
            _EXPERIMENT,
            _UNNAMEABLE.sub("-", f"{new.model}-{new.version}"),
            source_run_id=None,
            tags={REGISTERED_MODEL: new.model, VERSION: new.version, SHA256: new.sha256},
            model_type="axagents",
        )
        fault_point("registry.register.opened")
    if logged.status != LoggedModelStatus.READY:
        client.log_model_artifacts(logged.model_id, str(new.folder))
        client.finalize_logged_model(logged.model_id, LoggedModelStatus.READY)
    place = Path(logged.artifact_location)
    if place.is_dir() and digest(place) != new.sha256:
        raise Failed(f"the copy of {new.folder} in MLflow's store differs from it; was it written to meanwhile?")
    return logged


def find_copy(project: Project, model: str, version: str, /, *, sha256: str) -> LoggedModel | None:
    """Return the copy of a version's artifacts that MLflow's store holds, finished or not."""
    wanted = f"tags.`{SHA256}` = '{sha256}' AND tags.`{VERSION}` = '{version}'"
    found = mlflow_client(project).search_logged_models([_EXPERIMENT], wanted, max_results=10)
    return next((each for each in found if each.tags.get(REGISTERED_MODEL) == model), None)


def _make_model(project: Project, model: str) -> None:
    try:
        mlflow_client(project).create_registered_model(model, tags={"axagents": "true"})
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise Failed(f"MLflow refuses the model {model!r}: {error.message}") from None
    fault_point("registry.register.named")


def _stored(version: ModelVersion, aliases: set[str]) -> StoredVersion:
    tags = version.tags
    return StoredVersion(
        model=version.name,
        number=str(version.version),
        version=tags.get(VERSION),
        sha256=tags.get(SHA256),
        stage=tags.get(STAGE),
        aliases=tuple(sorted(aliases)),
        source=version.source or "",
        run_id=version.run_id or None,
        logged_model=tags.get(LOGGED_MODEL),
        created_at=stamp(datetime.fromtimestamp((version.creation_timestamp or 0) / 1000, UTC)),
    )
