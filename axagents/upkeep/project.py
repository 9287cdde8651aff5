"""Check one project: where it lies, its databases, its indexes, what was left half-done."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from axagents.errors import AxError
from axagents.filesystem import find_mount
from axagents.project import Project
from axagents.stores.database import migration_names, open_reading
from axagents.stores.memory.marker import read_marker
from axagents.trust import read_holding
from axagents.upkeep.check import Check


def check_project(project: Project) -> Iterator[Check]:
    """Yield what is to be said of a project; nothing is changed, and no heavy library is loaded."""
    yield _place(project)
    yield _state_folder(project)
    yield from _leftovers(project)
    for path in (project.database_path, project.checkpoints_path, project.mlflow_path):
        yield check_database(path)
    yield _schema(project)
    yield _tracking(project)
    yield from _unfinished(project)
    yield _index(project)
    yield _content(project)


def _place(project: Project) -> Check:
    mount = find_mount(project.root)
    found = f"{project.root} on {mount.type}"
    if mount.is_network:
        return Check(name="project", state="wrong", found=f"{found}, a network file system", hint="use a local disk")
    return Check(name="project", state="ok", found=found)


def _state_folder(project: Project) -> Check:
    mode = stat.S_IMODE(project.state.stat().st_mode)
    if mode & 0o077:
        found = f"{project.state} can be read by others (mode {mode:o})"
        return Check(name="state", state="wrong", found=found, hint=f"chmod 700 {project.state}")
    return Check(name="state", state="ok", found=f"{project.state}, {_megabytes(project.state)}, mode {mode:o}")


def _leftovers(project: Project) -> Iterator[Check]:
    for path in sorted(project.root.glob(".ax.*")):
        if path.is_dir():
            found = f"{path.name}, {_megabytes(path)}: left by a restore"
            yield Check(name="leftover", state="note", found=found, hint=f"when you do not need it: rm -r {path}")


def check_database(path: Path) -> Check:
    """Check that a SQLite file is whole; one that is not there yet is no fault."""
    name = path.name
    if not path.exists():
        return Check(name=name, state="ok", found="not made yet")
    # SQLite cannot open a journalled file in a folder that it may not write to, unless told that nobody else does.
    writable = os.access(path.parent, os.W_OK)
    try:
        with open_reading(path, wait=5, unshared=not writable) as connection:
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        said = str(error)
    if said != "ok":
        return Check(name=name, state="wrong", found=f"damaged: {said}", hint="ax restore BACKUP --replace")
    size = f"{path.stat().st_size / 1e6:.1f} MB"
    if not writable:
        found = f"whole, {size}, but {path.parent} is read-only"
        return Check(name=name, state="wrong", found=found, hint="check its permissions")
    return Check(name=name, state="ok", found=f"whole, {size}")


def _schema(project: Project) -> Check:
    known = len(migration_names())
    applied = _query(project.database_path, "PRAGMA user_version") or 0
    if applied > known:
        found = f"version {applied}, newer than this axagents knows ({known})"
        return Check(name="schema", state="wrong", found=found, hint="pip install -U axagents")
    return Check(name="schema", state="ok", found=f"version {applied} of {known}")


def _tracking(project: Project) -> Check:
    uri = project.settings.tracking.uri
    if uri:
        return Check(name="tracking", state="ok", found=f"MLflow server {_without_password(uri)}, not contacted here")
    runs = _query(project.mlflow_path, "SELECT count(*) FROM runs WHERE lifecycle_stage = 'active'")
    return Check(name="tracking", state="ok", found=f"MLflow on SQLite in .ax, {runs or 0} runs")


def _without_password(uri: str) -> str:
    parts = urlsplit(uri)
    shown = parts.hostname or ""
    return urlunsplit(parts._replace(netloc=f"{shown}:{parts.port}" if parts.port else shown, query=""))


def _unfinished(project: Project) -> Iterator[Check]:
    running = _query(project.database_path, "SELECT count(*) FROM runs WHERE status = 'running'") or 0
    if running:
        found = f"{running} say that they run; those whose process is gone can be resumed"
        yield Check(name="runs", state="note", found=found, hint="ax runs list")
    effects = _query(project.database_path, "SELECT count(*) FROM effects WHERE status IN ('started', 'unknown')") or 0
    if effects:
        found = f"{effects} begun and not known to be done"
        yield Check(name="effects", state="wrong", found=found, hint="ax runs list; ax runs resume RUN")


def _index(project: Project) -> Check:
    marker = read_marker(project.chroma_path)
    if marker is None:
        return Check(name="search index", state="ok", found="not made yet; it is built from the records when needed")
    inside = check_database(project.chroma_path / marker.folder / "chroma.sqlite3")
    told = inside.found if inside.state == "wrong" else "its files are not as they were left"
    if inside.state == "wrong" or marker.state != "clean" or marker.files != marker.list_files(project.chroma_path):
        found, hint = f"{told}; the next search makes it anew from the records", "ax memory search --query ..."
        return Check(name="search index", state="note", found=found, hint=hint)
    return Check(name="search index", state="ok", found=f"{project.chroma_path}, {_megabytes(project.chroma_path)}")


def _content(project: Project) -> Check:
    try:
        state = read_holding(project.root).state
    except AxError as error:
        return Check(name="own content", state="wrong", found=error.message, hint=error.hint)
    used = "used" if project.settings.content else "switched off (ax config set content true)"
    told = {"none": "none", "trusted": f"trusted, {used}", "untrusted": f"not trusted, {used}"}
    found = told.get(state, "changed since it was trusted, left out")
    hint = "ax trust" if state in {"untrusted", "changed"} and project.settings.content else None
    return Check(name="own content", state="note" if hint else "ok", found=found, hint=hint)


def _query(path: Path, statement: str) -> int | None:
    """Return the number that a statement gives, or None where the file or the table is not there."""
    if not path.exists():
        return None
    try:
        with open_reading(path, wait=5) as connection:
            return int(connection.execute(statement).fetchone()[0])
    except sqlite3.Error:
        return None


def _megabytes(folder: Path) -> str:
    total = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return f"{total / 1e6:.1f} MB"
