"""Write the state of a project into one file that another machine can restore."""

import hashlib
import os
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from axagents import __version__
from axagents.clock import stamp
from axagents.errors import Failed, UserError
from axagents.progress import advance
from axagents.project import STATE_FOLDER, Project
from axagents.settings import SETTINGS_FILE
from axagents.stores.database import migration_names, open_reading
from axagents.stores.inference.holding import held_still

FORMAT = 1
MANIFEST = "manifest.json"
REBUILT = frozenset({"chroma", "cache"})  # made again from the records
PASSING = ("-wal", "-shm", "-journal", ".lock", ".partial")
UNFINISHED = "mlflow-new-"
CHUNK = 1 << 20


class BackupFile(BaseModel):
    """One file of a backup: SHA-256 and size of its content."""

    model_config = ConfigDict(frozen=True)
    sha256: str
    size: int


class Manifest(BaseModel):
    """What a backup holds, and what wrote it."""

    model_config = ConfigDict(frozen=True)
    format: int
    axagents: str
    mlflow: str
    schema_version: int
    root: str
    created_at: str
    files: dict[str, BackupFile]


def write_backup(project: Project, target: Path, *, replace: bool = False) -> Manifest:
    """Write `ax.toml` and all of `.ax/` but what is rebuilt; the file appears whole or not at all.

    The databases are copied by SQLite's own backup while others go on working: the records first, then MLflow, then
    files, so that whatever a record speaks of is there.

    Raises:
        UserError: the place exists, or lies inside the state.
        Failed: a database is damaged, or the disk is full.
    """
    target = target.expanduser().resolve()
    if target.is_relative_to(project.state):
        raise UserError(f"{target} lies inside the state it would hold", field="FILE")
    if target.exists() and not replace:
        raise UserError(f"{target} is there already", field="FILE", hint="another name, or --replace")
    partial = target.with_name(f"{target.name}.{os.getpid()}.partial")
    try:
        with (
            tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder,
            held_still(project),
        ):
            manifest = _write(project, partial, Path(folder))
        partial.replace(target)
    except OSError as error:
        raise Failed(f"cannot write {target}: {error.strerror or error}; nothing is there") from error
    finally:
        partial.unlink(missing_ok=True)
    return manifest


def _write(project: Project, partial: Path, scratch: Path) -> Manifest:
    files: dict[str, BackupFile] = {}
    sources = list(_sources(project, scratch))
    with zipfile.ZipFile(partial, "x", zipfile.ZIP_DEFLATED, compresslevel=1, allowZip64=True) as archive:
        for count, (name, path) in enumerate(sources):
            advance(count, len(sources), name)
            files[name] = _add(archive, name, path)
        manifest = Manifest(
            format=FORMAT,
            axagents=__version__,
            mlflow=version("mlflow"),
            schema_version=len(migration_names()),
            root=str(project.root),
            created_at=stamp(),
            files=files,
        )
        archive.writestr(MANIFEST, manifest.model_dump_json(indent=1))
    with partial.open("rb+") as stream:
        os.fsync(stream.fileno())
    return manifest


def _sources(project: Project, scratch: Path) -> Iterator[tuple[str, Path]]:
    """Yield the name of every member with the file to read it from; databases first, as copies."""
    databases = [project.database_path, project.checkpoints_path, project.mlflow_path]
    others = [path for path in sorted(project.state.glob("*.db")) if not path.name.startswith(UNFINISHED)]
    databases += [path for path in others if path not in databases]
    for path in databases:
        if path.exists():
            yield f"{STATE_FOLDER}/{path.name}", _copy_database(path, scratch / path.name)
    if (project.root / SETTINGS_FILE).exists():
        yield SETTINGS_FILE, project.root / SETTINGS_FILE
    for folder, folders, names in os.walk(project.state):
        inside = Path(folder).relative_to(project.state)
        if not inside.parts:
            folders[:] = [each for each in folders if each not in REBUILT]
        folders.sort()
        for name in sorted(names):
            path = Path(folder) / name
            if path in databases or name.endswith(PASSING) or name.startswith(UNFINISHED) or path.is_symlink():
                continue
            yield (Path(STATE_FOLDER) / inside / name).as_posix(), path


def _copy_database(source: Path, copy: Path) -> Path:
    try:
        with (
            open_reading(source) as origin,
            closing(sqlite3.connect(copy)) as target,
        ):
            origin.backup(target, pages=4096)
            (said,) = target.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        said = str(error)
    if said != "ok":
        raise Failed(f"{source} is damaged ({said}); nothing was written", hint="ax doctor")
    return copy


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> BackupFile:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as stream, archive.open(name, "w", force_zip64=True) as member:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            member.write(chunk)
    return BackupFile(sha256=digest.hexdigest(), size=size)
