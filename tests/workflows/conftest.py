"""Projects with datasets for the workflows."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn import datasets

from axagents.project import Project, create_project
from axagents.stores.datasets.catalog import add_dataset
from axagents.stores.datasets.record import Declarations

AddFrame = Callable[..., str]


def add_to(project: Project, name: str, frame: pd.DataFrame, **declared: Any) -> str:
    """Write a frame as CSV into the project and add it to the catalog with what is declared of it."""
    folder = project.root / "data"
    folder.mkdir(exist_ok=True)
    frame.to_csv(folder / f"{name}.csv", index=False)
    add_dataset(project, name, str(folder / f"{name}.csv"), declared=Declarations(**declared))
    return name


@pytest.fixture
def add_frame(tracked: Project) -> AddFrame:
    """Add a frame to the test's project."""
    return lambda name, frame, **declared: add_to(tracked, name, frame, **declared)


@pytest.fixture(scope="session")
def bundled(tmp_path_factory: pytest.TempPathFactory, mlflow_database: Path) -> Project:
    """A project for all tests that only add runs, with scikit-learn's bundled data, the target in `target`."""
    made = create_project(tmp_path_factory.mktemp("bundled") / "project")
    shutil.copy(mlflow_database, made.mlflow_path)
    for name in ("breast_cancer", "iris", "diabetes"):
        add_to(made, name, getattr(datasets, f"load_{name}")(as_frame=True).frame, target="target")
    return made
