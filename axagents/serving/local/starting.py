"""Start the supervisor of a project in the background, where none runs."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from axagents.errors import Failed
from axagents.processes import is_alive
from axagents.serving.local.supervisor import supervisor_of

_SECONDS = 30


def serve_command(root: Path) -> list[str]:
    """Return the command line that keeps the deployments of a project running."""
    return [sys.executable, "-m", "axagents", "serve", "--project", str(root)]


def start_supervisor(folder: Path, command: Sequence[str]) -> bool:
    """Start a supervisor unless one runs; tell whether one was started.

    Raises:
        Failed: it did not come up; its own last words are told.
    """
    if supervisor_of(folder):
        return False
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "serve.log"
    with log.open("ab") as told:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=told, stderr=told, start_new_session=True)
    until = time.monotonic() + _SECONDS
    while time.monotonic() < until:
        if supervisor_of(folder):
            return True
        if process.poll() is not None:
            break
        time.sleep(0.05)
    lines = log.read_text(errors="replace").strip().splitlines()
    raise Failed(f"ax serve did not start: {lines[-1] if lines else 'it said nothing'}", hint=f"cat {log}")


def stop_supervisor(folder: Path, *, seconds: float = 60) -> bool:
    """End the supervisor and all it keeps; tell whether one ran."""
    told = supervisor_of(folder)
    if told is None:
        return False
    process = psutil.Process(int(told.partition(":")[0]))
    process.terminate()
    until = time.monotonic() + seconds
    while is_alive(told):
        if time.monotonic() > until:
            raise Failed(f"ax serve (process {process.pid}) did not end within {seconds:g} s", hint="ax deploy list")
        time.sleep(0.05)
    return True
