"""A registry with a few versions, made once and copied."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from axagents.project import Project, create_project, use_project
from axagents.stores.tracking.location import prepare_store
from tests.stores.registry.entries import register, stage


@pytest.fixture(scope="session")
def made_registry(tmp_path_factory: pytest.TempPathFactory, mlflow_database: Path) -> Path:
    """churn: 1.0.0 archived, 1.9.0 archived, 2.0.0 production, 2.1.0 canary, 3.0.0-rc.1 staged; fraud: 1.0.0 staged."""
    project = create_project(tmp_path_factory.mktemp("registry") / "project")
    shutil.copy(mlflow_database, project.mlflow_path)
    prepare_store(project)
    with use_project(project):
        for version in ("1.0.0", "1.9.0", "2.0.0", "2.1.0", "3.0.0-rc.1"):
            register(project, "churn", version)
        for version in ("1.0.0", "1.9.0", "2.0.0"):
            stage(project, "churn", version, "production")
        stage(project, "churn", "2.1.0", "canary")
        register(project, "fraud", "1.0.0")
    return project.root


@pytest.fixture
def registry(made_registry: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    root = tmp_path / "project"
    shutil.copytree(made_registry, root)
    project = create_project(root)
    prepare_store(project)
    monkeypatch.chdir(root)
    with use_project(project):
        yield project
