"""One line of a benchmark's table, and how the processes behind it are measured."""

import os
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Row:
    """What was measured, beside a peer in the same run or against a limit.

    Attributes:
        ours, peer: in `unit`; no peer where the limit stands alone.
        asked: the limit in words, such as "<= 1.3 x"; empty when the figure is only shown.
        met: whether it holds.
    """

    name: str
    unit: str
    ours: float
    peer: float | None
    asked: str
    met: bool | None

    @property
    def ratio(self) -> float | None:
        return self.ours / self.peer if self.peer else None

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.ratio}


def at_most(name: str, unit: str, *, ours: float, limit: float) -> Row:
    """Hold a figure against a limit of its own unit."""
    return Row(name, unit, ours, None, f"<= {limit:g} {unit}", ours <= limit)


def at_least(name: str, unit: str, *, ours: float, limit: float) -> Row:
    """Hold a figure against a least value of its own unit."""
    return Row(name, unit, ours, None, f">= {limit:g} {unit}", ours >= limit)


def beside(name: str, unit: str, *, ours: float, peer: float, most: float) -> Row:
    """Hold a figure against a peer's of the same run: ours at most `most` times as much."""
    asked = f"<= {most:g} x" if most >= 1 else f"{1 / most:g} x less"
    return Row(name, unit, ours, peer, asked, ours <= peer * most)


def cpu_seconds(command: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None) -> float:
    """Run a command and return the CPU seconds, user and system, of it and its children; it must exit 0."""
    process = subprocess.Popen(
        command, cwd=cwd, env={**os.environ, **(env or {})}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} exited {process.returncode}; nothing was measured")
    return used.ru_utime + used.ru_stime


def median_cpu(commands: Mapping[str, Sequence[str]], *, cwd: Path, times: int = 9) -> dict[str, float]:
    """Return each command's median CPU milliseconds; they take turns, after one turn that is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(times + 1):
        for name, command in commands.items():
            spent = cpu_seconds(command, cwd=cwd)
            if turn:
                seconds[name].append(spent)
    return {name: 1000 * statistics.median(each) for name, each in seconds.items()}
