"""Model folders, each saved once."""

import shutil
from pathlib import Path

import pytest

from axagents.stores.models.save import save_model
from tests.stores.models.folders import boosted, frame, pipeline


@pytest.fixture(scope="session")
def saved_boosted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "boosted"
    save_model(folder, boosted(), input_example=frame(), training={"dataset": "customers"})
    return folder


@pytest.fixture(scope="session")
def saved_pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "pipeline"
    save_model(folder, pipeline(), input_example=frame(), training={})
    return folder


@pytest.fixture
def copied(saved_boosted: Path, tmp_path: Path) -> Path:
    """A numeric xgboost folder to spoil."""
    return Path(shutil.copytree(saved_boosted, tmp_path / "model"))


@pytest.fixture
def copied_pipeline(saved_pipeline: Path, tmp_path: Path) -> Path:
    """A skops folder to spoil."""
    return Path(shutil.copytree(saved_pipeline, tmp_path / "model"))
