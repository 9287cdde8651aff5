"""What a model that came without name or version is called."""

from pathlib import Path
from typing import Any

import pytest

from axagents.errors import UserError
from axagents.project import Project
from axagents.stores.models.folder import open_folder
from axagents.stores.registry.state import ModelState, RegisteredVersion, read_model
from axagents.workflows.registry.naming import choose_name, choose_version, next_minor
from axagents.workflows.registry.request import RegistryRequest
from tests.stores.models.folders import boosted
from tests.workflows.registry.world import save


def name_of(project: Project, folder: Path, **asked: Any) -> str:
    return choose_name(project, RegistryRequest(model_path=str(folder), **asked), open_folder(folder))


def test_the_name_asked_for_is_taken(guide: Project) -> None:
    folder, _ = save(guide, "new", boosted(seed=1))
    assert name_of(guide, folder, model_name="mine") == "mine"


def test_a_folder_of_a_known_model_takes_its_name_and_the_next_minor_version(guide: Project) -> None:
    folder, sha256 = save(guide, "churn_classifier_v3", boosted(seed=1))
    assert name_of(guide, folder) == "churn-classifier"
    request = RegistryRequest(model_path=str(folder))
    assert choose_version(read_model(guide, "churn-classifier"), request, sha256) == "2.2.0"


@pytest.mark.parametrize(
    ("folder_name", "expected"),
    [
        ("fraud_detector", "fraud-detector"),
        ("Fraud Detector v1.2", "fraud-detector"),
        ("fraud-v2", "fraud"),
        ("fraud_2_0_1", "fraud"),
        ("model", "telco-churn"),
        ("best", "telco-churn"),
    ],
)
def test_a_new_model_is_named_after_its_folder_else_its_experiment(
    guide: Project, folder_name: str, expected: str
) -> None:
    folder, _ = save(guide, folder_name, boosted(seed=1), experiment="Telco churn 2")
    assert name_of(guide, folder) == expected


def test_a_folder_that_says_no_name_asks_for_one(guide: Project) -> None:
    folder, _ = save(guide, "best", boosted(seed=1))
    with pytest.raises(UserError, match="does not say what the model is called"):
        name_of(guide, folder)


def state(*versions: str) -> ModelState:
    made = [RegisteredVersion("m", each, each, "staged", "", "", "", {}) for each in versions]
    return ModelState("m", tuple(made), 0)


@pytest.mark.parametrize(
    ("versions", "expected"),
    [((), "1.0.0"), (("1.0.0",), "1.1.0"), (("2.9.3", "2.8.0"), "2.10.0"), (("3.0.0-rc.1", "2.9.0"), "3.1.0")],
)
def test_the_next_version_is_the_next_minor_one(versions: tuple[str, ...], expected: str) -> None:
    assert next_minor(state(*versions)) == expected


def test_a_version_is_the_same_however_it_is_written(guide: Project) -> None:
    held = state("2.1.0")
    request = RegistryRequest(model_path="x", version="v2.1")
    assert choose_version(held, request, "2.1.0") == "2.1.0"
    with pytest.raises(UserError, match="exists already with other content"):
        choose_version(held, request, "other")
