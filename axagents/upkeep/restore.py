"""Bring the state of a project back from a backup: all of it, or nothing is changed."""

import hashlib
import os
import shutil
import zipfile
from importlib.metadata import version
from pathlib import Path, PurePosixPath

from packaging.version import Version
from pydantic import ValidationError

from axagents.clock import utc_now
from axagents.errors import AxError, Failed, UserError
from axagents.faults import fault_point
from axagents.filesystem import refuse_network
from axagents.progress import advance
from axagents.project import STATE_FOLDER, open_project
from axagents.settings import SETTINGS_FILE
from axagents.stores.database import migration_names, open_reading
from axagents.stores.runs import Runs
from axagents.upkeep.backup import CHUNK, FORMAT, MANIFEST, BackupFile, Manifest
from axagents.upkeep.exchange import exchange
from axagents.upkeep.project import check_database


def restore_backup(source: Path, root: Path, *, replace: bool = False) -> tuple[Manifest, Path | None]:
    """Make `root` hold what the backup holds; return its manifest and where the state that was there before lies now.

    Raises:
        UserError: no backup, a newer one than this axagents knows, a state is there already, or somebody works in it.
        Failed: the backup is damaged, or the disk is full. Nothing was changed.
    """
    root = root.resolve()
    refuse_network(root)
    try:
        with zipfile.ZipFile(source) as archive:
            manifest = _read_manifest(archive, source)
            _check_place(root, manifest, replace=replace)
            return manifest, _restore(archive, manifest, root)
    except zipfile.BadZipFile as error:
        raise UserError(f"{source} is no backup, or a damaged one: {error}", field="FILE") from error
    except OSError as error:
        place = error.filename or source
        raise Failed(f"{place}: {(error.strerror or str(error)).lower()}; nothing was changed") from error


def _read_manifest(archive: zipfile.ZipFile, source: Path) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(archive.read(MANIFEST))
    except (KeyError, ValidationError) as error:
        raise UserError(f"{source} is no backup of axagents: it has no readable {MANIFEST}", field="FILE") from error
    newer = "this backup was written by a newer"
    if manifest.format > FORMAT or manifest.schema_version > len(migration_names()):
        hint = "pip install -U axagents"
        raise UserError(f"{newer} axagents, {manifest.axagents}; nothing was changed", field="FILE", hint=hint)
    if Version(manifest.mlflow).release[:2] > Version(version("mlflow")).release[:2]:
        hint = f"pip install mlflow=={manifest.mlflow}"
        raise UserError(f"{newer} MLflow, {manifest.mlflow}; nothing was changed", field="FILE", hint=hint)
    for name in manifest.files:
        parts = PurePosixPath(name).parts
        if name != SETTINGS_FILE and (parts[0] != STATE_FOLDER or ".." in parts or "\\" in name):
            raise UserError(f"{source} holds {name!r}, which is no place in a project; refused", field="FILE")
    return manifest


def _check_place(root: Path, manifest: Manifest, *, replace: bool) -> None:
    if _holds_state(root):
        if not replace:
            hint = "another folder, or --replace, which keeps what is here aside"
            raise UserError(f"{root / STATE_FOLDER} holds a state already", field="FILE", hint=hint)
        _refuse_while_running(root)
    needed, free = sum(file.size for file in manifest.files.values()), shutil.disk_usage(_existing(root)).free
    if free < needed * 1.05:
        raise Failed(
            f"{needed / 1e6:.0f} MB are needed and {free / 1e6:.0f} MB are free at {root}; nothing was changed"
        )


def _holds_state(root: Path) -> bool:
    state = root / STATE_FOLDER
    return state.is_dir() and any(each.name != ".gitignore" for each in state.iterdir())


def _refuse_while_running(root: Path) -> None:
    if not (root / SETTINGS_FILE).is_file():
        return
    try:
        running = [run for run in Runs(open_project(root)).newest(limit=1000, status="running") if not run.interrupted]
    except AxError:
        return  # what is damaged is what a restore is for
    if running:
        raise UserError(f"{running[0].run_id} runs in another process; wait for it or stop it", field="FILE")


def _restore(archive: zipfile.ZipFile, manifest: Manifest, root: Path) -> Path | None:
    mark = f"{utc_now():%Y%m%d-%H%M%S}-{os.getpid()}"
    fresh, kept = (root / f"{STATE_FOLDER}.{word}-{mark}" for word in ("restore", "before"))
    try:
        fresh.mkdir(mode=0o700, parents=True)
        for count, (name, file) in enumerate(manifest.files.items()):
            advance(count, len(manifest.files), name)
            _extract(archive, name, expected=file, target=fresh / PurePosixPath(name).relative_to(_base(name)))
        _check_databases(fresh)
        fault_point("restore.extracted")
        return _put_in_place(fresh, root, kept)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _base(name: str) -> str:
    return "." if name == SETTINGS_FILE else STATE_FOLDER


def _put_in_place(fresh: Path, root: Path, kept: Path) -> Path | None:
    """Swap the fresh state in; what was there is kept aside, with the settings that went with it."""
    settings, state = fresh / SETTINGS_FILE, root / STATE_FOLDER
    before = (root / SETTINGS_FILE).read_bytes() if (root / SETTINGS_FILE).is_file() else None
    wanted = settings.read_bytes() if settings.exists() else before or b""
    settings.unlink(missing_ok=True)
    held = _holds_state(root)
    if held:
        fresh.rename(kept)  # under the name that fits once the two are swapped: there is no third step to fail
        try:
            exchange(kept, state)
        except OSError:
            kept.rename(fresh)
            raise
    else:
        shutil.rmtree(state, ignore_errors=True)
        fresh.rename(state)
    fault_point("restore.swapped")
    if before is not None and held:
        (kept / SETTINGS_FILE).write_bytes(before)
    if wanted != before:
        written = root / f".{SETTINGS_FILE}.{os.getpid()}"
        written.write_bytes(wanted)
        written.replace(root / SETTINGS_FILE)
    return kept if held else None


def _extract(archive: zipfile.ZipFile, name: str, *, expected: BackupFile, target: Path) -> None:
    digest, size = hashlib.sha256(), 0
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with archive.open(name) as member, target.open("xb") as stream:
            while (chunk := member.read(CHUNK)) and size <= expected.size:
                digest.update(chunk)
                size += len(chunk)
                stream.write(chunk)
            stream.flush()
            os.fsync(stream.fileno())
    except (KeyError, zipfile.BadZipFile, EOFError) as error:
        raise Failed(f"the backup is damaged at {name}; nothing was changed") from error
    if (size, digest.hexdigest()) != (expected.size, expected.sha256):
        raise Failed(f"the backup is damaged: {name} is not what was saved; nothing was changed")


def _check_databases(folder: Path) -> None:
    for path in sorted(folder.glob("*.db")):
        check = check_database(path)
        if check.state != "ok":
            raise Failed(f"{path.name} in the backup is {check.found}; nothing was changed")
    records = folder / "ax.db"
    if records.exists():
        with open_reading(records) as connection:
            (applied,) = connection.execute("PRAGMA user_version").fetchone()
        if applied > len(migration_names()):
            raise UserError("this backup was written by a newer axagents; nothing was changed", field="FILE")


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.parents) if each.exists())
