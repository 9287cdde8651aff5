"""The example world, built once and copied for every test."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class World:
    """A copy of the example world in which commands are typed as in a shell."""

    root: Path

    def type(self, command: str) -> "subprocess.CompletedProcess[str]":
        """Type a command line into bash, with no terminal."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self.root,
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )


@pytest.fixture(scope="session")
def built_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("world")
    built = World(root).type("ax init --demo churn")
    assert built.returncode == 0, built.stderr
    return root


@pytest.fixture
def world(built_world: Path, tmp_path: Path) -> World:
    root = tmp_path / "world"
    shutil.copytree(built_world, root)
    return World(root)
