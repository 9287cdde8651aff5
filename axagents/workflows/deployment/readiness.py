"""Whether a version may get traffic, with the reasons where it may not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from axagents.errors import AxError, Refused
from axagents.project import Project
from axagents.stores.models.check import check_model
from axagents.stores.models.digest import digest
from axagents.stores.models.folder import ModelFolder, open_folder
from axagents.stores.registry.evaluations import newest_evaluation
from axagents.stores.registry.events import EventLog
from axagents.stores.registry.state import RegisteredVersion, read_model


def check_ready(
    project: Project, model: str, version: str, /, *, folder: Path, serving: Path | None, override: str | None
) -> list[str]:
    """Return what was checked of a version.

    Args:
        serving: the folder of the version that serves now, whose requests the new one must answer.
        override: why it is deployed although nothing says GO or its lineage is not whole.

    Raises:
        Refused: it is not ready; every reason is told.
    """
    registered = read_model(project, model).find(version)
    assert registered is not None
    reasons: list[str] = []
    passed: list[str] = []
    opened = _tried(lambda: _open(project, folder, registered), reasons)
    if opened is not None:
        passed.append(f"SHA-256 {registered.sha256[:12]} holds")
        passed += _answers(project, opened, reasons)
        passed += _schema(project, opened, serving, reasons=reasons)
    passed += _judged(project, registered, override, reasons=reasons)
    if reasons:
        raise Refused(
            f"NOT_READY: {registered.name} gets no traffic: {'; '.join(reasons)}",
            field="version",
            hint=f"ax registry show {registered.name}",
        )
    return passed


def check_content(folder: Path, *, sha256: str) -> list[str]:
    """Return what was checked of a version that served before: that it is still the same, byte for byte.

    Raises:
        Refused: it is not.
    """
    if not folder.is_dir() or digest(folder) != sha256:
        raise Refused(f"NOT_READY: {folder} is gone or no longer what was deployed (SHA-256 {sha256[:12]})")
    return [f"SHA-256 {sha256[:12]} holds"]


def read_columns(opened: ModelFolder) -> dict[str, str]:
    """Return the columns that a model reads and their types, by its card or its signature."""
    if opened.card:
        return {each.name: each.dtype for each in opened.card.columns}
    return {each.name: each.type for each in opened.mlmodel.inputs}


def open_held(project: Project, folder: Path) -> ModelFolder:
    """Look at a folder that the registry holds."""
    return open_folder(folder, allow_pickle=True, held=EventLog(project).digests())


def _open(project: Project, folder: Path, registered: RegisteredVersion) -> ModelFolder:
    opened = open_held(project, folder)
    if opened.sha256 != registered.sha256:
        raise Refused(f"its SHA-256 is {opened.sha256[:12]}, not the registered {registered.sha256[:12]}")
    return opened


def _tried(work: Callable[[], ModelFolder], reasons: list[str]) -> ModelFolder | None:
    try:
        return work()
    except AxError as error:
        reasons.append(error.message)
        return None


def _answers(project: Project, opened: ModelFolder, reasons: list[str]) -> list[str]:
    try:
        found = check_model(opened.path, allow_pickle=True, held=EventLog(project).digests())
    except AxError as error:
        reasons.append(error.message)
        return []
    if not found.rows:
        reasons.append("it brings no input example, so that nobody can tell whether it answers")
        return []
    return [f"loads without network and answers the {found.rows} rows of its input example"]


def _schema(project: Project, opened: ModelFolder, serving: Path | None, *, reasons: list[str]) -> list[str]:
    if serving is None:
        return ["no version serves yet whose requests it must answer"]
    new, old = read_columns(opened), read_columns(open_held(project, serving))
    more = [name for name in new if name not in old]
    other = [f"{name} ({old[name]}, now {kind})" for name, kind in new.items() if name in old and old[name] != kind]
    if more:
        reasons.append(f"it reads {', '.join(more)}, which clients of the version that serves do not send")
    if other:
        reasons.append(f"it reads other types than the version that serves: {', '.join(other)}")
    return [] if more or other else ["reads what clients of the version that serves send"]


def _judged(project: Project, registered: RegisteredVersion, override: str | None, *, reasons: list[str]) -> list[str]:
    evaluation = newest_evaluation(project, registered.sha256)
    lineage: dict[str, Any] = registered.metadata.get("lineage") or {}
    wrong: list[str] = []
    if evaluation is None:
        wrong.append("no evaluation of its SHA-256 is on record")
    elif evaluation.verdict != "GO":
        wrong.append(f"its newest evaluation says {evaluation.verdict}")
    if not lineage.get("complete"):
        missing = ", ".join(lineage.get("missing") or []) or "where it comes from"
        wrong.append(f"its lineage is not whole: {missing} not known")
    if wrong and override is None:
        reasons.extend(wrong)
        reasons.append("override_reason says why it is deployed all the same")
        return []
    if wrong:
        return [f"overridden, because {override}: {'; '.join(wrong)}"]
    return ["evaluation GO", "lineage whole"]
