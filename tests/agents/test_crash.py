"""An agent killed at any point goes on where it stopped: no turn is taken twice, no tool that was done called again."""

import signal
from pathlib import Path
from typing import Any

import pytest

from axagents.agents.request import Leave, Request
from axagents.agents.run import resume_agent, run_agent
from axagents.llm.turn import Turn
from axagents.project import Project, use_project
from axagents.stores.agents.approvals import Approvals
from axagents.stores.agents.journal import AgentJournal
from axagents.stores.runs import Runs
from tests.agents.conftest import call as wanted
from tests.agents.conftest import calls, lines
from tests.forking import in_a_child, told_by_a_child

TURNS = (
    calls(wanted("lab-note", text="one"), wanted("lab-flip", name="lamp"), wanted("lab-note", text="two")),
    Turn(stop_reason="answer", text="done"),
)
POINTS = [
    "agents.plan.taken:1",
    "agents.plan.taken:2",
    "agents.act.called:1",
    "agents.act.called:2",
    "agents.act.called:3",
    "agents.act.made:1",
    "agents.act.made:2",
    "agents.act.made:3",
    "agents.review.decided:1",
]


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.jsonl"
    path.write_text("\n".join(turn.model_dump_json() for turn in TURNS))
    return path


def start(lab: Project, script: Path) -> dict[str, Any]:
    with use_project(lab):
        request = Request("tester", "flip lamp", f"script:{script}", leave=Leave(yes=True))
        return run_agent(lab, request).model_dump(mode="json")


def go_on(lab: Project) -> dict[str, Any]:
    """Resume the newest run; what --yes allowed died with the process that was told so, and is approved anew."""
    run = Runs(lab).newest(name="tester")[0]
    assert run.interrupted
    with use_project(lab):
        done = resume_agent(lab, run.run_id)
        for need in done.needs:
            Approvals(lab).decide(need["approval_id"], "approved", how="command")
            done = resume_agent(lab, run.run_id)
    entries = AgentJournal(lab, run.run_id).entries()
    turns = [entry for entry in entries if entry.kind == "message" and "turn" in entry.body]
    begun = [entry for entry in entries if entry.kind == "call"]
    return {**done.model_dump(mode="json"), "turns": len(turns), "begun": len(begun)}


@pytest.mark.parametrize("point", POINTS)
def test_killed_and_resumed(lab: Project, script: Path, tmp_path: Path, point: str) -> None:
    assert in_a_child(lambda: start(lab, script), fault=f"{point}:kill") == -signal.SIGKILL
    done = told_by_a_child(lambda: go_on(lab), tmp_path / "done.json")
    assert done["status"] == "completed"
    assert [each["status"] for each in done["calls"]] == ["done", "done", "done"]
    assert (done["turns"], done["begun"]) == (2, 3)
    assert lines(lab, "notes.txt") == ["one", "two"]
    assert lines(lab, "switch.txt") == ["lamp on"]


@pytest.mark.parametrize("word", [True, False])
def test_a_call_that_was_begun_is_not_asked_about_again(
    lab: Project, script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: bool
) -> None:
    """A call that was cut short has moved the project itself: its plan is not the approved one any more."""

    def begin() -> None:
        with use_project(lab):
            run_agent(lab, Request("tester", "flip lamp", f"script:{script}"), ask=lambda _: True)

    def finish() -> dict[str, Any]:
        monkeypatch.setattr("axagents.agents.proposal._facts", lambda *_: {"lamp": "half on"})
        run = Runs(lab).newest(name="tester")[0]
        asked: list[Any] = []

        def ask(plan: Any) -> bool:
            asked.append(plan)
            return word

        with use_project(lab):
            done = resume_agent(lab, run.run_id, ask=ask)
        return {**done.model_dump(mode="json"), "asked": len(asked)}

    assert in_a_child(begin, fault="agents.act.called:2:kill") == -signal.SIGKILL
    done = told_by_a_child(finish, tmp_path / "done.json")
    assert (done["status"], done["asked"]) == ("completed", 0)
    assert [each["status"] for each in done["calls"]] == ["done", "done", "done"]
    assert lines(lab, "switch.txt") == ["lamp on"]


def test_a_finished_run_is_not_run_again(lab: Project, script: Path, tmp_path: Path) -> None:
    done = told_by_a_child(lambda: start(lab, script), tmp_path / "done.json")
    assert done["status"] == "completed"

    def again() -> str:
        from axagents.errors import UserError

        try:
            resume_agent(lab, done["run_id"])
        except UserError as error:
            return error.message
        return ""

    told = f"run {done['run_id']} is completed: there is nothing to resume"
    assert told_by_a_child(again, tmp_path / "again.json") == told


@pytest.mark.slow
def test_a_workflow_under_way_goes_on_at_its_first_unfinished_step(project: Project, tmp_path: Path) -> None:
    """The agent died while its tool ran a workflow: the same workflow run goes on, and one MLflow run comes of it."""

    def begin() -> None:
        with use_project(project):
            run_agent(project, Request("data-scientist", "Start a new experiment winback_q3, testing target encoding"))

    def finish() -> dict[str, Any]:
        run = Runs(project).newest(name="data-scientist")[0]
        with use_project(project):
            done = resume_agent(project, run.run_id)
        children = [(each.name, each.status) for each in Runs(project).children(run.run_id)]
        return {**done.model_dump(mode="json"), "children": children}

    assert in_a_child(begin, fault="ml-experiment-tracker.track_metrics.computed:1:kill") == -signal.SIGKILL
    done = told_by_a_child(finish, tmp_path / "done.json")
    assert done["status"] == "completed"
    assert done["children"] == [["ml-experiment-tracker", "completed"]]
    assert done["unverified_numbers"] == []
    assert "winback_q3" in done["answer"]

    def runs_there() -> int:
        from axagents.stores.tracking.client import mlflow_client

        client = mlflow_client(project)
        found = client.get_experiment_by_name("winback_q3")
        return len(client.search_runs([found.experiment_id]))

    assert told_by_a_child(runs_there, tmp_path / "runs.json") == 1
