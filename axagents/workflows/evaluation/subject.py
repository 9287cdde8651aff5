"""Which model is evaluated: resolved to one version and its SHA-256, opened by our own loader as it will be served."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axagents.errors import NotFound, Refused
from axagents.ml.fitted import FittedModel
from axagents.project import Project
from axagents.stores.models.folder import ModelFolder, open_folder
from axagents.stores.models.load import load_opened
from axagents.stores.models.mlmodel import MLMODEL
from axagents.stores.registry.events import EventLog
from axagents.stores.registry.resolution import resolve
from axagents.stores.registry.state import RegisteredVersion, read_model
from axagents.stores.registry.stored import find_stored, stored_folder
from axagents.stores.tracking.runs import search_runs
from axagents.stores.tracking.tags import MODEL_SHA256


@dataclass(frozen=True, eq=False)
class Subject:
    """One model as it will be served: estimator, calibrator, threshold and columns under one SHA-256.

    Attributes:
        asked: the name it was asked for by.
        name: the registered model, or the folder relative to the project.
        version: None for a folder that was named itself.
        training: what the training wrote down of itself; empty in a folder that another tool made.
        run_id: the MLflow run that trained it.
    """

    asked: str
    name: str
    version: str | None
    stage: str | None
    sha256: str
    opened: ModelFolder
    model: FittedModel
    training: dict[str, Any]
    run_id: str | None

    @property
    def label(self) -> str:
        """The name and the version."""
        return f"{self.name}:{self.version}" if self.version else self.name

    @property
    def key(self) -> str:
        """The name and the version as they stand in a key of memory."""
        return f"{self.name}/{self.version}" if self.version else self.name

    def __str__(self) -> str:
        return f"{self.asked} is {self.label} ({self.sha256[:12]}{f', {self.stage}' if self.stage else ''})"


def find_subject(project: Project, model_id: str, *, allow_pickle: bool = False) -> Subject:
    """Return the version, or the model folder of the project, that `model_id` names.

    Raises:
        NotFound: nothing bears that name; the nearest names are told.
        UserError: the folder cannot be read.
        Refused: its content is not what was registered, is refused by the loader, or lies outside the project.
    """
    try:
        version = resolve(project, model_id).version
    except NotFound:
        folder = _find_folder(project, model_id)
        if folder is None:
            raise
        return _open(project, model_id, folder, allow_pickle=allow_pickle)
    return open_version(project, version, asked=model_id, allow_pickle=allow_pickle)


def open_version(
    project: Project, version: RegisteredVersion, *, asked: str | None = None, allow_pickle: bool = False
) -> Subject:
    """Return a registered version, opened."""
    stored = find_stored(project, version.model, version.version)
    if stored is None:
        raise Refused(
            f"MLflow no longer holds {version.name}; its artifacts may be gone",
            field="model_id",
            hint=f"ax registry versions {version.model}",
        )
    folder = stored_folder(project, stored)
    return _open(project, asked or version.name, folder, version=version, allow_pickle=allow_pickle)


def find_previous(project: Project, subject: Subject) -> RegisteredVersion | None:
    """Return the version that stands below the subject's own; for a folder none."""
    if subject.version is None:
        return None
    versions = read_model(project, subject.name).versions
    numbers = [each.version for each in versions]
    below = versions[numbers.index(subject.version) + 1 :] if subject.version in numbers else ()
    return below[0] if below else None


def _find_folder(project: Project, model_id: str) -> Path | None:
    for folder in (Path(model_id).expanduser().absolute(), project.root / model_id):
        if (folder / MLMODEL).is_file():
            if not folder.resolve().is_relative_to(project.root.resolve()):
                raise Refused(f"model_id: {folder} lies outside the project", field="model_id")
            return folder
    return None


def _open(
    project: Project,
    asked: str,
    folder: Path,
    *,
    version: RegisteredVersion | None = None,
    allow_pickle: bool,
) -> Subject:
    held = EventLog(project).digests() if allow_pickle else ()
    opened = open_folder(folder, allow_pickle=allow_pickle, held=held)
    lineage: dict[str, Any] = version.metadata.get("lineage", {}) if version else {}
    return Subject(
        asked=asked,
        name=version.model if version else folder.resolve().relative_to(project.root.resolve()).as_posix(),
        version=version.version if version else None,
        stage=version.stage if version else None,
        sha256=opened.sha256,
        opened=opened,
        model=load_opened(opened),
        training=opened.card.training if opened.card else {},
        run_id=lineage.get("run_id") or _run_of(project, opened.sha256),
    )


def _run_of(project: Project, sha256: str) -> str | None:
    found = search_runs(project, where=f"tags.`{MODEL_SHA256}` = '{sha256}'", limit=1)
    return found[0].run_id if found else None
