"""What every test shares: a fresh project, the real command, public data, and no network."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from axagents.project import Project, create_project, use_project
from axagents.stores import database

# The same cases every time where a change is judged; new ones wherever somebody works.
hypothesis.settings.register_profile("judged", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("judged")

_LOOPBACK = {"127.0.0.1", "::1", "localhost", "0.0.0.0"}


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that would leave this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6} and address[0] not in _LOOPBACK:
            raise RuntimeError(f"a test tried to reach the network: {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the caller's own AX_ and OTEL_ settings, keys and user folders out of every test."""
    for name in list(os.environ):
        if name.startswith(("AX_", "OTEL_")) and name not in {"AX_TEST_DATA", "AX_TEST_CLUSTER"}:
            monkeypatch.delenv(name)
    keys = [name for name in os.environ if name.endswith(("_API_KEY", "_BASE_URL"))]
    for name in (*keys, "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AX_STATE_DIR", str(tmp_path_factory.mktemp("state")))


@pytest.fixture(autouse=True, scope="session")
def usual_signals() -> None:
    """Start every process with the signals of a terminal, though `nohup` or `&` made these tests ignore them.

    A signal that is ignored stays so in every child; one with a handler is as usual there.
    """

    def ignore(*_: object) -> None: ...

    for each, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, ignore)):
        if signal.getsignal(each) is signal.SIG_IGN:
            signal.signal(each, handler)


@pytest.fixture(autouse=True)
def close_databases() -> Iterator[None]:
    """Let go of the projects' databases, which a process otherwise keeps open: a test run has thousands."""
    yield
    database._opened.cache_clear()  # pyright: ignore[reportPrivateUsage]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A fresh project, current and the working directory."""
    root = tmp_path / "project"
    made = create_project(root)
    monkeypatch.chdir(root)
    with use_project(made):
        yield made


@pytest.fixture(scope="session")
def mlflow_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty MLflow store, made once, since making one takes a second."""
    from axagents.stores.tracking.location import prepare_store

    made = create_project(tmp_path_factory.mktemp("mlflow") / "project")
    prepare_store(made)
    return made.mlflow_path


@pytest.fixture
def tracked(project: Project, mlflow_database: Path) -> Project:
    """A fresh project with an MLflow store."""
    shutil.copy(mlflow_database, project.mlflow_path)
    return project


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of public data; the test is skipped where there is none."""
    place = os.environ.get("AX_TEST_DATA")
    if not place or not Path(place).is_dir():
        pytest.skip("set AX_TEST_DATA to the folder of public data sets")
    return Path(place).resolve()


@dataclass(frozen=True)
class Completed:
    """How one `ax` process ended."""

    exit_code: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        return json.loads(self.stdout)


@pytest.fixture
def ax() -> Callable[..., Completed]:
    """Run the real `ax` in a process of its own."""

    def run(
        *arguments: str, stdin: str | None = None, env: dict[str, str] | None = None, cwd: Path | None = None
    ) -> Completed:
        done = subprocess.run(
            [sys.executable, "-m", "axagents", *arguments],
            input=stdin,
            stdin=None if stdin is not None else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            timeout=600,
            check=False,
        )
        return Completed(done.returncode, done.stdout, done.stderr)

    return run
