"""MLflow's own server, opened on a project's store, shows a training as it should."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from sklearn import datasets

from axagents.project import Project
from axagents.stores.datasets.catalog import add_dataset
from axagents.stores.datasets.record import Declarations
from axagents.stores.tracking.client import tracking_uri
from axagents.workflows.engine import run_workflow

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def trained(tracked: Project) -> dict[str, Any]:
    frame: pd.DataFrame = datasets.load_breast_cancer(as_frame=True).frame
    frame.to_csv(tracked.root / "cancer.csv", index=False)
    add_dataset(tracked, "cancer", "cancer.csv", declared=Declarations(target="target"))
    request = {"dataset": "cancer", "experiment": "tumours", "model": "linear", "trials": 1, "repeats": 1}
    return run_workflow(tracked, "ml-train", request).result


@pytest.fixture
def server(tracked: Project, trained: dict[str, Any]) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", tracking_uri(tracked)]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield _once_up(f"http://127.0.0.1:{port}")
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _once_up(address: str) -> str:
    until = time.monotonic() + 200
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):
                return address
        except (urllib.error.URLError, OSError):
            time.sleep(1)
    raise TimeoutError(address)


def _ask(address: str, path: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{address}/{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def test_the_ui_shows_the_run(server: str, trained: dict[str, Any]) -> None:
    experiments = _ask(server, "api/2.0/mlflow/experiments/search", {"max_results": 10})["experiments"]
    found = {each["name"]: each["experiment_id"] for each in experiments}
    assert "tumours" in found
    ids = {"experiment_ids": [found["tumours"]]}
    (run,) = _ask(server, "api/2.0/mlflow/runs/search", ids)["runs"]
    assert run["info"]["run_name"] == "linear on cancer"
    assert run["info"]["status"] == "FINISHED"
    metrics = {each["key"]: each["value"] for each in run["data"]["metrics"]}
    assert metrics["auc_roc"] == pytest.approx(trained["metrics"]["auc_roc"]["mean"])
    params = {each["key"]: each["value"] for each in run["data"]["params"]}
    assert (params["dataset"], params["model"]) == ("cancer", "linear")
    (data,) = run["inputs"]["dataset_inputs"]
    assert data["dataset"]["name"] == "cancer"
    listed = _ask(server, f"api/2.0/mlflow/artifacts/list?run_id={run['info']['run_id']}&path=plots")
    assert "plots/roc.png" in {each["path"] for each in listed["files"]}
    (model,) = _ask(server, "api/2.0/mlflow/logged-models/search", ids)["models"]
    assert (model["info"]["name"], model["info"]["status"]) == ("linear", "LOGGED_MODEL_READY")
    place = f"ajax-api/2.0/mlflow/logged-models/{model['info']['model_id']}/artifacts"
    kept = {each["path"] for each in _ask(server, f"{place}/directories")["files"]}
    assert {"MLmodel", "input_example.json", "axagents.json"} <= kept
    told = urllib.request.urlopen(f"{server}/{place}/files?artifact_file_path=MLmodel", timeout=60).read().decode()
    assert "signature:" in told
