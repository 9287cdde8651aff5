"""Check a model in a process of its own, without network and within limits, before anything here relies on it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axagents.errors import AxError, Failed, Refused, UserError

_CELL = "axagents.stores.models.cell"
_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")
_KINDS: dict[str, type[AxError]] = {each.kind: each for each in (UserError, Refused, Failed)}


@dataclass(frozen=True)
class Limits:
    """What a model may use while it is checked: seconds of wall time, megabytes beyond the libraries' own."""

    seconds: float = 120
    megabytes: int = 4096


@dataclass(frozen=True)
class Check:
    """How a model answered.

    Attributes:
        rows: rows of the input example it answered; 0 when it brings none.
        compared: whether the answers were held against those written when the model was saved.
        network: "none" in a network namespace of its own, "blocked" where only Python's sockets could be shut.
        seconds: from the begin of loading to the answer.
    """

    rows: int
    compared: bool
    network: str
    seconds: float


def check_model(
    folder: Path, *, allow_pickle: bool = False, held: Collection[str] = (), limits: Limits | None = None
) -> Check:
    """Load the model folder in a process without network and let it answer its input example.

    Raises:
        UserError, Refused: as `load_model` does.
        Failed: it answers otherwise than when it was saved, breaks down, or passes a limit.
    """
    within = limits or Limits()
    asked = {
        "folder": str(folder),
        "allow_pickle": allow_pickle,
        "held": sorted(held),
        "megabytes": within.megabytes,
    }
    # -P keeps the working folder, which may hold anything, off the import path.
    with subprocess.Popen(
        [sys.executable, "-P", "-s", "-m", _CELL],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=_environment(),
        start_new_session=True,
    ) as process:
        try:
            told, noise = process.communicate(json.dumps(asked), timeout=within.seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Failed(
                f"{folder} did not load and answer its input example within {within.seconds:g} s",
                hint="save it smaller",
            ) from None
        except BaseException:
            process.kill()
            raise
    return _read(folder, told, code=process.returncode, noise=noise)


def _environment() -> dict[str, str]:
    # No keys, no tokens, no settings: what the model cannot see it cannot tell.
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    paths = os.pathsep.join(each for each in sys.path if each)
    return {**kept, **threads, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}


def _read(folder: Path, told: str, *, code: int, noise: str) -> Check:
    try:
        answer: dict[str, Any] = json.loads(told.strip().splitlines()[-1])
    except (json.JSONDecodeError, IndexError):
        raise Failed(f"{folder} broke the process that checked it: {_how(code, noise)}") from None
    error = answer.get("error")
    if error is None:
        return Check(**answer)
    raised = _KINDS.get(error["kind"], Failed)
    raise raised(error["message"], field=error["field"], legal=error["legal"], hint=error["hint"])


def _how(code: int, noise: str) -> str:
    if code < 0:
        return f"it died of {signal.Signals(-code).name}"
    last = noise.strip().splitlines()[-1:] or ["it said nothing"]
    return f"exit {code}, {last[0][:200]}"
