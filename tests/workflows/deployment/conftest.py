"""A project with three versions of the guide's model, the third never evaluated, and what serves in it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from axagents.project import Project, create_project, open_project, use_project
from axagents.serving.local.starting import stop_supervisor
from axagents.serving.local.wanted import WANTED, Wanted
from axagents.serving.routing import Routing, read_routing
from axagents.stores.registry.evaluations import Evaluation, record_evaluation
from axagents.stores.registry.state import read_model
from axagents.stores.tracking.location import prepare_store
from axagents.workflows.engine import run_workflow
from axagents.workflows.outcome import WorkflowRun
from tests.stores.models.folders import boosted, frame
from tests.workflows.conftest import add_to
from tests.workflows.registry.world import DATA, fingerprint_of, log_training, save

MODEL, NAME = "churn-classifier", "churn-classifier-prod"
ROWS = [{"tenure": 3.0, "charges": 70.5}, {"tenure": 60.0, "charges": 20.0}]


@dataclass
class Local:
    """The project and what is deployed in it."""

    project: Project

    def run(self, **request: Any) -> WorkflowRun:
        return run_workflow(self.project, "mlops-deployment", request)

    def deploy(self, version: str, **request: Any) -> WorkflowRun:
        return self.run(model_name=MODEL, version=version, **request)

    @property
    def folder(self) -> Path:
        return self.project.deployments_path / NAME

    @property
    def wanted(self) -> Wanted:
        found = WANTED.read(self.folder)
        assert found is not None
        return found

    @property
    def routing(self) -> Routing:
        return read_routing(self.folder)

    @property
    def shares(self) -> dict[str, tuple[str, float]]:
        return {each.role: (each.version, each.share) for each in self.routing.variants}

    @property
    def stages(self) -> dict[str, str]:
        return {each.version: each.stage for each in read_model(self.project, MODEL).versions}

    def ask(self, unit: str = "u") -> str:
        answer = httpx2.post(
            f"{self.wanted.url}/invocations", json={"dataframe_records": ROWS}, headers={"x-unit": unit}, timeout=60
        )
        assert answer.status_code == 200, answer.text
        return answer.headers["x-ax-version"].removeprefix(f"{MODEL}:")


@pytest.fixture(scope="session")
def versions_project(tmp_path_factory: pytest.TempPathFactory, mlflow_database: Path) -> Path:
    """A project with 2.0.0 and 2.1.0, evaluated GO by hand, and 2.2.0."""
    project = create_project(tmp_path_factory.mktemp("versions") / "project")
    shutil.copy(mlflow_database, project.mlflow_path)
    prepare_store(project)
    add_to(project, DATA, frame(400), target="churned")
    with use_project(project), pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.root)
        for seed, version in enumerate(("2.0.0", "2.1.0", "2.2.0")):
            _, sha256 = save(project, f"churn_{seed}", boosted(seed))
            log_training(project, sha256, fingerprint=fingerprint_of(project))
            request = {"model_path": f"./models/churn_{seed}", "model_name": MODEL, "version": version}
            run_workflow(project, "ml-model-registry", request)
            if seed < 2:
                record_evaluation(
                    project,
                    Evaluation(f"e{seed}", sha256, "2026-11-01T00:00:00Z", "a test", "GO", DATA, None, metrics={}),
                )
    return project.root


@pytest.fixture
def versions_root(versions_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of it, not opened yet; whatever serves in it is ended, and leaves nothing."""
    root = tmp_path / "project"
    shutil.copytree(versions_project, root)
    monkeypatch.chdir(root)
    yield root
    stop_supervisor(root / ".ax" / "deployments")
    commands = (" ".join(each.info["cmdline"] or ()) for each in psutil.process_iter(["cmdline"]))
    assert [command for command in commands if str(root) in command] == []


@pytest.fixture
def local(versions_root: Path) -> Iterator[Local]:
    project = open_project(versions_root)
    with use_project(project):
        yield Local(project)
