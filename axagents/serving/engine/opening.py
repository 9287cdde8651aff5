"""Open a version: prepared in a process of its own when nobody did before, then by the fastest engine that is right."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from axagents.errors import AxError, Failed, Refused, UserError
from axagents.serving.engine.answering import Engine
from axagents.serving.engine.ladder import climb
from axagents.serving.engine.prepared import read_prepared
from axagents.stores.models.digest import digest

_CELL = "axagents.serving.engine.cell"
_SECONDS = 300
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")
_KINDS: dict[str, type[AxError]] = {each.kind: each for each in (UserError, Refused, Failed)}


def open_engine(
    folder: Path,
    *,
    allow_pickle: bool = False,
    held: Collection[str] = (),
    prepared: Path | None = None,
    ignored: Sequence[str] = (),
) -> Engine:
    """Open the version in `folder`; the caller has compared its digest.

    Args:
        allow_pickle, held: as the guarded loader takes them.
        prepared: a folder of this project in which prepared versions are kept, by their digest; without one the
            version is prepared anew.
        ignored: columns that requests may bring although the model does not read them.

    Raises:
        UserError, Refused: the guarded loader does not take the folder.
        Failed: the model answers otherwise than when it was saved, or not at all.
    """
    with tempfile.TemporaryDirectory(prefix="ax-prepared-") as made:
        place = ensure_prepared(folder, prepared or Path(made), allow_pickle=allow_pickle, held=held)
        found = read_prepared(place, place.name)
        if found is None:
            raise Failed(f"what was prepared of {folder} cannot be read again", hint=f"remove {place}")
        return climb(folder, place, prepared=found, ignored=ignored, held=held if allow_pickle else ())


def ensure_prepared(folder: Path, kept: Path, *, allow_pickle: bool = False, held: Collection[str] = ()) -> Path:
    """Return the prepared folder of a version below `kept`, made in a process without network if it is not there."""
    sha256 = digest(folder)
    place = kept / sha256
    found = read_prepared(place, sha256)
    if found is not None and (not found.by_pickle or (allow_pickle and sha256 in held)):
        return place
    kept.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{sha256[:12]}-", dir=kept))
    try:
        asked = {
            "folder": str(folder.absolute()),
            "into": str(made.absolute()),
            "allow_pickle": allow_pickle,
            "held": sorted(held),
        }
        _ask_cell(asked)
        shutil.rmtree(place, ignore_errors=True)
        made.rename(place)
    except OSError:
        # Another process may have prepared the same version meanwhile.
        if read_prepared(place, sha256) is None:
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return place


def _ask_cell(asked: dict[str, Any]) -> None:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    paths = os.pathsep.join(each for each in sys.path if each)
    # -P keeps the working folder, which may hold anything, off the import path.
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-s", "-m", _CELL],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            env={**kept, **threads, "PYTHONPATH": paths},
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{asked['folder']} could not be prepared within {_SECONDS} s", hint="save it smaller") from None
    try:
        error = json.loads(done.stdout.strip().splitlines()[-1]).get("error")
    except (json.JSONDecodeError, IndexError):
        noise = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise Failed(f"{asked['folder']} broke the process that prepared it: {noise[0][:200]}") from None
    if error is not None:
        raised = _KINDS.get(error["kind"], Failed)
        raise raised(error["message"], field=error["field"], legal=error["legal"], hint=error["hint"])
