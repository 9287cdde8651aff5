"""Servers of the benchmarks: processes on loopback that are waited for, measured and ended."""

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from axagents.serving.local.unit import free_port


@dataclass(frozen=True)
class Serving:
    """A server that answers, and how long it took to."""

    process: psutil.Process
    port: int
    start: float

    @property
    def resident(self) -> float:
        """MB of the largest process that belongs to it: MLflow's command stands beside its worker."""
        return max(each.memory_info().rss for each in self._tree()) / 1e6

    def cpu(self) -> float:
        """Return the CPU seconds that it has used."""
        return sum(sum(each.cpu_times()[:2]) for each in self._tree())

    def _tree(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


@contextmanager
def served(command: Sequence[str]) -> Generator[Serving]:
    """Start `python COMMAND PORT`, wait until it answers `/ping`, and end it."""
    port = free_port()
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command, str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    held = psutil.Process(process.pid)
    try:
        _await(port, process)
        yield Serving(held, port, time.perf_counter() - began)
    finally:
        for each in [*held.children(recursive=True), held]:
            each.terminate()
        process.wait(30)


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(6000):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError):
            if process.poll() is not None:
                raise RuntimeError(f"the server ended with {process.returncode}; nothing was measured") from None
            time.sleep(0.02)
    raise RuntimeError("the server did not answer within two minutes")
