"""A project whose MLflow store is a copy of one made once, since making one takes a second."""

import shutil
from pathlib import Path

import pytest

from axagents.project import Project, create_project
from axagents.stores.tracking.location import prepare_store


@pytest.fixture(scope="session")
def mlflow_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = create_project(tmp_path_factory.mktemp("mlflow") / "project")
    prepare_store(made)
    return made.mlflow_path


@pytest.fixture
def tracked(project: Project, mlflow_database: Path) -> Project:
    shutil.copy(mlflow_database, project.mlflow_path)
    return project
