"""The guide's model, registered once by the guide's own request."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from axagents.project import Project, create_project, open_project, use_project
from axagents.stores.tracking.location import prepare_store
from axagents.workflows.engine import run_workflow
from tests.stores.models.folders import frame
from tests.workflows.conftest import add_to
from tests.workflows.registry.world import DATA, FOLDER_NAME, GUIDE, fingerprint_of, log_training, save


@pytest.fixture(scope="session")
def guide_project(tmp_path_factory: pytest.TempPathFactory, mlflow_database: Path) -> Path:
    """A project in which the guide's model was trained, and registered as the guide does."""
    project = create_project(tmp_path_factory.mktemp("guide") / "project")
    shutil.copy(mlflow_database, project.mlflow_path)
    prepare_store(project)
    add_to(project, DATA, frame(400), target="churned")
    _, sha256 = save(project, FOLDER_NAME)
    log_training(project, sha256, fingerprint=fingerprint_of(project))
    with use_project(project), pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.root)
        run_workflow(project, "ml-model-registry", GUIDE)
    return project.root


@pytest.fixture
def guide_root(guide_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, not opened yet."""
    root = tmp_path / "project"
    shutil.copytree(guide_project, root)
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def guide(guide_root: Path) -> Iterator[Project]:
    project = open_project(guide_root)
    with use_project(project):
        yield project
