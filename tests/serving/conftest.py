"""Saved versions of every kind, each prepared once."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from axagents.ml.fitted import FittedModel
from axagents.serving.engine.answering import Engine
from axagents.serving.engine.opening import open_engine
from axagents.serving.engine.preparing import prepare
from axagents.stores.models.digest import digest
from axagents.stores.models.save import save_model
from tests.serving.engine.models import KINDS
from tests.stores.models.folders import frame


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where prepared versions are kept."""
    return tmp_path_factory.mktemp("prepared")


@pytest.fixture(scope="session")
def opened(kept: Path) -> Callable[[Path], Engine]:
    """Open a folder once, prepared in this very process, which has the libraries loaded already."""
    done: dict[Path, Engine] = {}

    def open_prepared(folder: Path) -> Engine:
        place = kept / digest(folder)
        if place not in done:
            place.mkdir(exist_ok=True)
            prepare(folder, place)
            done[place] = open_engine(folder, prepared=kept)
        return done[place]

    return open_prepared


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, FittedModel]]:
    """Fit and save a kind of model, once."""
    root = tmp_path_factory.mktemp("versions")
    done: dict[str, tuple[Path, FittedModel]] = {}

    def save(kind: str) -> tuple[Path, FittedModel]:
        if kind not in done:
            fitted = KINDS[kind]()
            save_model(root / kind, fitted, input_example=frame(30), training={})
            done[kind] = root / kind, fitted
        return done[kind]

    return save


@pytest.fixture
def copied(saved: Callable[[str], tuple[Path, FittedModel]], tmp_path: Path) -> Path:
    """A folder to spoil."""
    return Path(shutil.copytree(saved("boosted")[0], tmp_path / "model"))
