"""What a run was made on: packages, Python, machine, and the state of the code."""

import os
import platform
import shutil
import subprocess
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict

from axagents import __version__

# Those whose version changes a model; the rest is in environment.json only.
TOLD_PACKAGES = ("axagents", "mlflow", "numpy", "pandas", "scikit-learn", "scipy", "xgboost", "xgboost-cpu", "optuna")


class GitState(BaseModel):
    """The commit a run was made at; `dirty` when tracked files differ from it."""

    model_config = ConfigDict(frozen=True)

    commit: str
    branch: str
    dirty: bool


class Environment(BaseModel):
    """Everything known about where a run was made; `memory_gb` is the machine's, in 2**30 bytes."""

    model_config = ConfigDict(frozen=True)

    python: str
    os: str
    machine: str
    cpu: str
    cores: int
    cores_allowed: int
    memory_gb: float
    gpu: tuple[str, ...]
    git: GitState | None
    packages: dict[str, str]

    def as_tags(self) -> dict[str, str]:
        """Return what is worth a column in MLflow's table of runs."""
        tags = {
            "env.python": self.python,
            "env.os": self.os,
            "env.cpu": f"{self.cpu}, {self.cores_allowed} of {self.cores} cores",
            "env.memory_gb": f"{self.memory_gb:.1f}",
            "env.gpu": ", ".join(self.gpu) or "none",
            "env.git_dirty": "no repository" if self.git is None else str(self.git.dirty).lower(),
        }
        if self.git is not None:
            tags |= {"mlflow.source.git.commit": self.git.commit, "mlflow.source.git.branch": self.git.branch}
        told = {name: self.packages[name] for name in TOLD_PACKAGES if name in self.packages}
        return tags | {f"env.package.{name}": version for name, version in told.items()}


def capture_environment(root: Path) -> Environment:
    """Look at this process's packages and machine, and at the git repository that holds `root`."""
    return Environment(
        python=platform.python_version(),
        os=_operating_system(),
        machine=platform.machine(),
        cpu=_cpu_name(),
        cores=psutil.cpu_count() or 1,
        cores_allowed=_allowed_cores(),
        memory_gb=round(psutil.virtual_memory().total / 2**30, 2),
        gpu=_gpus(),
        git=_git_state(root),
        packages=_packages(),
    )


@cache
def _packages() -> dict[str, str]:
    found = {each.metadata["Name"]: each.version for each in distributions() if each.metadata["Name"]}
    return dict(sorted(found.items(), key=lambda item: item[0].lower())) | {"axagents": __version__}


def _operating_system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"] + f" ({platform.release()})"
    except (OSError, KeyError):
        return platform.platform(terse=True)


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine() or "unknown"


def _allowed_cores() -> int:
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else psutil.cpu_count() or 1


@cache
def _gpus() -> tuple[str, ...]:
    if shutil.which("nvidia-smi") is None:
        return ()
    told = _run("nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader")
    return tuple(line.strip() for line in (told or "").splitlines() if line.strip())


def _git_state(root: Path) -> GitState | None:
    commit = _run("git", "-C", str(root), "rev-parse", "HEAD")
    if not commit:
        return None
    branch = _run("git", "-C", str(root), "rev-parse", "--abbrev-ref", "HEAD") or ""
    changed = _run("git", "-C", str(root), "status", "--porcelain", "--untracked-files=no")
    return GitState(commit=commit, branch=branch, dirty=bool(changed))


def _run(*command: str) -> str | None:
    """Return what a command printed, or None when it is missing, fails or takes longer than 10 s."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
