"""A workflow's run is durable: killed anywhere, it goes on where it was."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, TypedDict

import pytest
from pydantic import BaseModel, ConfigDict

from axagents.errors import UserError
from axagents.progress import Event, StepDone, StepStarted, listen
from axagents.project import Project, open_project
from axagents.stores.runs import Runs
from axagents.workflows import execution, names
from axagents.workflows.graphs import StepContext, Workflow
from axagents.workflows.outcome import Outcome, WorkflowRun

STEPS = ("first", "second", "third")


class CountRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")
    start: int = 0


class CountResult(BaseModel):
    total: int


class CountState(TypedDict, total=False):
    request: dict[str, Any]
    total: int
    outcome: dict[str, Any]


def _count(state: CountState, context: StepContext) -> dict[str, Any]:
    with (context.project.root / "trail").open("a") as file:
        file.write("x\n")
    return {"total": state.get("total", state["request"]["start"]) + 1}


def _finish(state: CountState, context: StepContext) -> dict[str, Any]:
    total = _count(state, context)["total"]
    return {"total": total, "outcome": Outcome(verdict="COUNTED", result={"total": total}).model_dump(mode="json")}


COUNTING = Workflow(
    name="test-count",
    summary="Count to three.",
    request=CountRequest,
    result=CountResult,
    state=CountState,
    steps=dict(zip(STEPS, (_count, _count, _finish), strict=True)),
)

CHILD = """
import sys
from pathlib import Path
from tests.workflows.test_execution import count_in, go_on
act = {"run": count_in, "resume": go_on}[sys.argv[1]]
print(act(Path(sys.argv[2])).result["total"])
"""


def _known(_name: str) -> Workflow:
    return COUNTING


def count_in(root: Path) -> WorkflowRun:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(execution, "load_workflow", _known)
        return execution.execute(open_project(root), "test-count", CountRequest(start=10))


def go_on(root: Path) -> WorkflowRun:
    project = open_project(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(execution, "load_workflow", _known)
        return execution.resume(project, Runs(project).newest(limit=1)[0].run_id)


def child(project: Project, act: str, fault: str | None = None) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **({"AX_FAULT": fault} if fault else {})}
    command = [sys.executable, "-c", CHILD, act, str(project.root)]
    here = Path(__file__).parents[2]
    return subprocess.run(command, env=env, cwd=here, capture_output=True, text=True, check=False)


def test_a_run_takes_every_step_once_and_tells_of_each(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "load_workflow", _known)
    heard: list[Event] = []
    with listen(heard.append):
        done = execution.execute(project, "test-count", CountRequest(start=4))
    assert (done.status, done.verdict, done.result) == ("completed", "COUNTED", {"total": 7})
    assert [event.step for event in heard if isinstance(event, StepStarted)] == list(STEPS)
    assert [event.step for event in heard if isinstance(event, StepDone)] == list(STEPS)
    record = Runs(project).get(done.run_id)
    assert (record.status, record.verdict) == ("completed", "COUNTED")


@pytest.mark.parametrize(
    ("fault", "repeated"),
    [
        ("test-count.first.started", 0),
        ("test-count.first.computed", 1),
        ("test-count.second.started", 0),
        ("test-count.second.computed", 1),
        ("test-count.third.computed", 1),
    ],
)
def test_killed_in_a_step_it_goes_on_there_and_repeats_no_finished_one(
    project: Project, fault: str, repeated: int
) -> None:
    assert child(project, "run", f"{fault}:1:kill").returncode == -9
    record = Runs(project).newest(limit=1)[0]
    assert record.interrupted
    resumed = child(project, "resume")
    assert resumed.returncode == 0, resumed.stderr
    assert resumed.stdout.strip() == "13"
    assert len((project.root / "trail").read_text().splitlines()) == len(STEPS) + repeated


def test_a_completed_run_cannot_be_resumed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "load_workflow", _known)
    done = execution.execute(project, "test-count", CountRequest())
    with pytest.raises(UserError, match="nothing to resume"):
        execution.resume(project, done.run_id)


def test_every_workflow_of_the_table_has_a_request_and_a_graph() -> None:
    for name in names.WORKFLOWS:
        workflow = names.load_workflow(name)
        assert workflow.name == name
        assert workflow.request is names.request_model(name)
