"""A deployment killed at any step goes on where it was, and deploys once."""

from pathlib import Path
from typing import Any

import pytest

from axagents.project import open_project, use_project
from axagents.serving.local.supervisor import seen
from axagents.serving.local.wanted import WANTED
from axagents.serving.routing import read_routing
from axagents.stores.journal import Journal
from axagents.stores.registry.events import EventLog
from axagents.stores.runs import Runs
from axagents.workflows.deployment.graph import WORKFLOW
from axagents.workflows.engine import resume_workflow, run_workflow
from tests.forking import in_a_child, told_by_a_child
from tests.workflows.deployment.conftest import MODEL, NAME

STEPS = [f"mlops-deployment.{step}.{point}" for step in WORKFLOW.steps for point in ("started", "computed")]
EFFECTS = ["deployment.start.written", "deployment.route.written", "registry.stage.logged", "effects.acted"]


def begin(root: Path) -> None:
    project = open_project(root)
    with use_project(project):
        run_workflow(project, "mlops-deployment", {"model_name": MODEL, "version": "2.0.0"})


def resume(root: Path) -> None:
    project = open_project(root)
    with use_project(project):
        resume_workflow(project, Runs(project).newest(status="running")[0].run_id)


def outcome(root: Path) -> dict[str, Any]:
    project = open_project(root)
    run, folder = Runs(project).newest()[0], project.deployments_path / NAME
    wanted = WANTED.read(folder)
    assert wanted is not None
    return {
        "run": [run.status, run.verdict],
        "revisions": [wanted.revision, read_routing(folder).revision],
        "servers": [each.version for each in wanted.servers],
        "processes": sorted((each.name, each.state) for each in seen(folder)),
        "effects": [(each.effect, each.status) for each in Journal(project).of_run(run.run_id)],
        "stages": [each.after for each in EventLog(project).read(model=MODEL, version="2.0.0")],
    }


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", [*STEPS, *EFFECTS])
def test_killed_at_any_step_and_resumed_it_deploys_once(versions_root: Path, tmp_path: Path, fault: str) -> None:
    assert in_a_child(lambda: begin(versions_root), fault=f"{fault}:1:kill") == -9
    assert in_a_child(lambda: resume(versions_root)) == 0
    assert told_by_a_child(lambda: outcome(versions_root), tmp_path / "told") == {
        "run": ["completed", "DEPLOYED"],
        "revisions": [1, 1],
        "servers": ["2.0.0"],
        "processes": [["2.0.0", "ready"], ["gateway", "ready"]],
        "effects": [["deployment.start", "done"], ["deployment.route", "done"], ["registry.stage", "done"]],
        "stages": ["staged", "production"],
    }
