"""Fold the inference log now and then, in a process of its own."""

import subprocess
import sys
import time
from pathlib import Path

from axagents.project import Project
from axagents.stores.inference import every_log, unfolded_bytes

EVERY_SECONDS = 300.0
AT_BYTES = 64 << 20
_LOOK_EVERY = 10.0


class Folding:
    """A chore of the supervisor: folds every five minutes, or when 64 MB wait, one fold at a time."""

    def __init__(self, project: Project, *, log: Path) -> None:
        self._project = project
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._next_look = self._next_fold = time.monotonic() + _LOOK_EVERY

    def __call__(self) -> None:
        """Start a fold when one is due."""
        now = time.monotonic()
        if now < self._next_look or (self._process is not None and self._process.poll() is None):
            return
        self._next_look = now + _LOOK_EVERY
        waiting = sum(unfolded_bytes(each.segments) for each in every_log(self._project))
        if waiting and (now >= self._next_fold or waiting >= AT_BYTES):
            self._next_fold = now + EVERY_SECONDS
            self._start()

    def _start(self) -> None:
        command = [sys.executable, "-m", "axagents.stores.inference.fold", "--project", str(self._project.root)]
        with self._log.open("ab") as told:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=told, stderr=told, start_new_session=True
            )
