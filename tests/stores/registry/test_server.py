"""The registry on a real MLflow server, where artifacts come and go over HTTP."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from axagents.project import Project, open_project
from axagents.stores.models.digest import digest
from axagents.stores.registry.reconciling import find_divergences
from axagents.stores.registry.stored import find_stored, stored_folder
from tests.stores.registry.entries import register, stage


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    stores = [
        "--backend-store-uri",
        f"sqlite:///{tmp_path}/m.db",
        "--artifacts-destination",
        str(tmp_path / "artifacts"),
    ]
    with subprocess.Popen(command + stores, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        address = f"http://127.0.0.1:{port}"
        _wait(address)
        yield address
        process.terminate()


def _wait(address: str) -> None:
    for _ in range(240):
        try:
            urllib.request.urlopen(f"{address}/health", timeout=2)
            return
        except OSError:
            time.sleep(0.5)
    pytest.fail("the MLflow server did not come up")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_version_goes_to_the_server_and_comes_back_whole(project: Project, server: str) -> None:
    (project.root / "ax.toml").write_text(f'[tracking]\nuri = "{server}"\n')
    served = open_project(project.root)
    register(served, "churn", "1.0.0")
    stage(served, "churn", "1.0.0", "production")
    stored = find_stored(served, "churn", "1.0.0")
    assert stored is not None
    assert (stored.stage, stored.aliases) == ("production", ("production",))
    folder = stored_folder(served, stored)
    assert digest(folder) == stored.sha256
    assert folder == stored_folder(served, stored)
    assert find_divergences(served) == []
