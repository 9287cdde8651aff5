"""A registration killed at any step goes on where it was, and registers one version."""

from pathlib import Path
from typing import Any

import pytest

from axagents.project import open_project
from axagents.stores.memory.memory import Memory
from axagents.stores.registry.events import EventLog
from axagents.stores.registry.stored import stored_versions
from axagents.stores.runs import Runs
from axagents.workflows.engine import resume_workflow, run_workflow
from axagents.workflows.registry.graph import WORKFLOW
from tests.forking import in_a_child, told_by_a_child
from tests.workflows.registry.world import FOLDER_NAME, GUIDE

MODEL = "churn-classifier"
# Of the steps, those around the effect are killed in every test run, the others in the slow one.
FEW = ["ml-model-registry.register.started", "ml-model-registry.register.computed", "effects.acted"]
MANY = [
    *(f"ml-model-registry.{step}.{point}" for step in WORKFLOW.steps for point in ("started", "computed")),
    *(f"effects.{point}" for point in ("planned", "started", "probed", "done")),
    "registry.register.stored",
]


def begin(root: Path) -> None:
    run_workflow(open_project(root), "ml-model-registry", {**GUIDE, "model_path": "models/next", "version": "2.2.0"})


def resume(root: Path) -> None:
    project = open_project(root)
    resume_workflow(project, Runs(project).newest(status="running")[0].run_id)


def outcome(root: Path) -> dict[str, Any]:
    project = open_project(root)
    record = Memory(project).retrieve(f"{MODEL}/versions/2.2.0", namespace="ml-model-registry")
    return {
        "versions": [each.version for each in stored_versions(project, MODEL)],
        "events": [each.version for each in EventLog(project).read()],
        "run": next((each.status, each.verdict) for each in Runs(project).newest()),
        "told": record is not None and record.value is not None and record.value["stage"],
        "registered": (Runs(project).newest()[0].result or {})["result"]["registered"],
    }


@pytest.mark.parametrize(
    "fault", [*FEW, *(pytest.param(each, marks=pytest.mark.slow) for each in MANY if each not in FEW)]
)
def test_killed_at_any_step_and_resumed_it_registers_one_version(guide_root: Path, tmp_path: Path, fault: str) -> None:
    (guide_root / "models" / FOLDER_NAME).rename(guide_root / "models" / "next")
    assert in_a_child(lambda: begin(guide_root), fault=f"{fault}:1:kill") == -9
    assert in_a_child(lambda: resume(guide_root)) == 0
    assert told_by_a_child(lambda: outcome(guide_root), tmp_path / "told") == {
        "versions": ["2.1.0", "2.2.0"],
        "events": ["2.1.0", "2.2.0"],
        "run": ["completed", "HOLD"],
        "told": "staged",
        "registered": True,
    }
