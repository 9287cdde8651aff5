"""Feature engineering that is killed goes on where it was: no finished step again, and everything stored once."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from axagents.progress import Event, StepDone, listen
from axagents.project import create_project, open_project
from axagents.stores.datasets.catalog import list_datasets
from axagents.stores.features.store import list_versions, sets_path, version_path
from axagents.stores.memory.memory import Memory
from axagents.stores.runs import Runs
from axagents.workflows.engine import resume_workflow
from axagents.workflows.features.graph import WORKFLOW
from tests.forking import in_a_child, told_by_a_child
from tests.workflows.conftest import add_to
from tests.workflows.features.shop import DECLARED, OWN, draw_events, engineer

STEPS = list(WORKFLOW.steps)
NAME = "ml-feature-engineering"
# Of the points, those around what is stored are struck in every test run, the others in the slow one.
FEW = [f"{NAME}.feature_store_update.computed", "features.store.written", "features.store.stored", "features.declared"]
MANY = [f"{NAME}.{step}.{point}" for step in STEPS for point in ("started", "computed")]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the shop's events."""
    made = create_project(tmp_path_factory.mktemp("shop") / "project")
    # Copied and forked only once its database is closed.
    assert in_a_child(lambda: add_to(open_project(made.root), "buys", draw_events(entities=60), **DECLARED)) == 0
    return made.root


@pytest.fixture
def root(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, not opened yet."""
    copy = tmp_path / "project"
    shutil.copytree(shop, copy)
    monkeypatch.chdir(copy)
    return copy


def begin(root: Path) -> None:
    engineer(open_project(root), features=OWN)


def finished(root: Path) -> list[bool]:
    """Resume the run, and say which steps were not taken again."""
    project = open_project(root)
    events: list[Event] = []
    with listen(events.append):
        resume_workflow(project, Runs(project).newest(status="running")[0].run_id)
    done = [each for each in events if isinstance(each, StepDone)]
    assert [each.step for each in done] == STEPS
    return [each.skipped for each in done]


def outcome(root: Path) -> dict[str, Any]:
    project = open_project(root)
    (run,) = Runs(project).newest()
    folder = version_path(project, "buys-left", "1.0.0")
    history = Memory(project).history("features/buys-left", namespace="ml-features")
    assert run.result is not None
    return {
        "versions": [each.version for each in list_versions(project, "buys-left")],
        "files": sorted(each.name for each in folder.iterdir()),
        "folders": sorted(each.name for each in (sets_path(project) / "buys-left").iterdir()),
        "datasets": sorted(each.name for each in list_datasets(project)),
        "notes": len(history),
        "status": run.status,
        "told": (run.result["result"]["is_new"], "nothing was changed" in run.result["result"]["headline"]),
    }


@pytest.mark.parametrize(
    "fault", [*FEW, *(pytest.param(each, marks=pytest.mark.slow) for each in MANY if each not in FEW)]
)
def test_killed_anywhere_and_resumed_it_keeps_one_version(root: Path, tmp_path: Path, fault: str) -> None:
    assert in_a_child(lambda: begin(root), fault=f"{fault}:1:kill") == -9
    struck = STEPS.index(fault.split(".")[1]) if fault.startswith(NAME) else len(STEPS) - 1
    skipped = told_by_a_child(lambda: finished(root), tmp_path / "skipped")
    assert skipped == [place < struck for place in range(len(STEPS))]
    assert told_by_a_child(lambda: outcome(root), tmp_path / "told") == {
        "versions": ["1.0.0"],
        "files": ["definition.json", "latest.parquet", "table.parquet"],
        "folders": ["1.0.0"],
        "datasets": ["buys", "buys-left"],
        "notes": 1,
        "status": "completed",
        "told": [True, False],
    }
