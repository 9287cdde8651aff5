"""`ax runs show` draws the tree of a run: of one that ended, waits, goes on, was killed, or is older than spans."""

import io
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from axagents.agents.request import Leave, Request
from axagents.agents.run import run_agent
from axagents.cli import main
from axagents.errors import UserError
from axagents.layout import branches
from axagents.llm.turn import Turn, Usage
from axagents.project import Project, use_project
from axagents.stores.database import open_database
from axagents.stores.runs import Kind, Runs
from axagents.stores.traces.tree import read_tree
from tests.agents.conftest import DONE, RunScript, call, calls
from tests.agents.conftest import lab as lab
from tests.agents.conftest import run_script as run_script
from tests.agents.test_delegation import team as team
from tests.forking import in_a_child
from tests.workflows.test_execution import child

Show = Callable[..., Any]


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Show:
    """Show a run as text, or as JSON."""

    def shown(run_id: str, *options: str) -> Any:
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        capsys.readouterr()
        assert main.run(["runs", "show", run_id, *options]) == 0
        told = capsys.readouterr().out
        return json.loads(told) if "json" in options else told

    return shown


def thought(*wanted: Any, tokens: tuple[int, int] = (20, 7), cost: float = 0.5) -> Turn:
    usage = Usage(input=tokens[0], output=tokens[1])
    made = calls(*wanted) if wanted else Turn(stop_reason="answer", text="so it is")
    return made.model_copy(update={"usage": usage, "tokens": sum(tokens), "cost_usd": cost})


def drawn(text: str) -> list[str]:
    """The labels of a tree, as drawn."""
    lines = text.split("\n\n")[1].splitlines()
    return [line[: lines[1].index("  ")].rstrip() for line in lines[2:]]


def by_name(shown: dict[str, Any], name: str) -> dict[str, Any]:
    return next(each for each in shown["trace"] if each["name"] == name)


def test_turns_calls_approvals_and_delegations(team: Project, run_script: RunScript, show: Show) -> None:
    done = run_script(
        thought(call("lab-count", text="a")),
        thought(call("ask-helper", query="flip lamp")),
        thought(call("lab-flip", name="lamp")),
        thought(),
        thought(),
        query="flip lamp",
        leave=Leave(yes=True),
    )
    (helper,) = Runs(team).children(done.run_id)
    text = show(done.run_id)
    labels = drawn(text)
    assert labels[:8] == [
        "tester",
        "├─ turn 1",
        "│  └─ lab-count",
        "├─ turn 2",
        "│  └─ ask-helper",
        f"│     └─ helper {helper.run_id}",
        "│        ├─ turn 1",
        "│        │  ├─ approval: approved by " + labels[7].partition(" by ")[2],
    ]
    assert labels[8:] == ["│        │  └─ lab-flip", "│        └─ turn 2, answer", "└─ turn 3, answer"]
    # Five turns of 20 and 7 tokens at half a dollar.
    assert "\n5 turns, 3 calls, 1 inner run\n135 tokens (100 in, 35 out), $2.50\n1 approval, waited" in text
    assert max(len(line) for line in text.splitlines()) <= 80
    shown = show(done.run_id, "--format", "json")
    ids = {each["id"]: each for each in shown["trace"]}
    assert len(ids) == len(shown["trace"]) == 11
    assert [each["name"] for each in shown["trace"] if each["parent"] is None] == ["tester"]
    assert all(each["parent"] in ids for each in shown["trace"] if each["parent"])
    assert ids[by_name(shown, "lab-flip")["parent"]]["run_id"] == helper.run_id
    assert (shown["totals"]["tokens"], shown["totals"]["cost_usd"], done.tokens) == (135, 2.5, 135)
    assert all(each["recorded"] for each in shown["trace"])
    assert by_name(shown, "helper")["start_s"] >= by_name(shown, "ask-helper")["start_s"]
    (approval,) = [each for each in shown["trace"] if each["kind"] == "approval"]
    assert (approval["status"], approval["how"]) == ("approved", "option")
    assert approval["by"] in labels[7]


def test_what_failed_was_left_out_or_malformed_is_told(lab: Project, run_script: RunScript, show: Show) -> None:
    done = run_script(
        thought(call("lab-count", text="a"), call("lab-count", "letters > 5", text="b")),
        thought(call("lab-count", wrong=1)),
        thought(call("lab-break", how="told")),
        DONE,
    )
    labels = drawn(show(done.run_id))
    assert labels[1:] == [
        "├─ turn 1",
        "│  ├─ lab-count",
        "│  └─ lab-count, skipped",
        "├─ turn 2",
        "│  └─ lab-count, malformed",
        "├─ turn 3",
        "│  └─ lab-break, failed",
        "└─ turn 4, answer",
    ]
    assert "why=it is stuck" in show(done.run_id, "--verbose")


def test_a_turn_that_failed_stands_there_too(lab: Project, run_script: RunScript, show: Show) -> None:
    with pytest.raises(Exception, match="the script has 1 turns"):
        run_script(thought(call("lab-count", text="a")))
    run = Runs(lab).newest()[0]
    text = show(run.run_id)
    assert drawn(text)[-1] == "└─ turn, failed"
    assert "the script has 1 turns" in text
    assert f"next: ax runs resume {run.run_id}" in text


def test_a_run_that_waits_tells_for_what(lab: Project, run_script: RunScript, show: Show) -> None:
    waiting = run_script(thought(call("lab-flip", name="lamp")))
    assert drawn(show(waiting.run_id)) == [
        "tester, waiting",
        "└─ turn 1",
        "   └─ approval of lab-flip: waiting",
    ]
    (approval,) = [each for each in show(waiting.run_id, "--format", "json")["trace"] if each["kind"] == "approval"]
    assert approval["duration_s"] > 0


def test_a_run_in_progress_shows_how_far_it_is(lab: Project, run_script: RunScript, show: Show) -> None:
    seen: list[str] = []

    def ask(plan: Any) -> bool:
        seen.append(show(Runs(lab).newest()[0].run_id))
        return True

    run_script(thought(call("lab-count", text="a")), thought(call("lab-flip", name="lamp")), DONE, ask=ask)
    assert drawn(seen[0]) == [
        "tester, running",
        "├─ turn 1",
        "│  └─ lab-count",
        "└─ turn 2",
        "   └─ approval of lab-flip: waiting",
    ]


@pytest.mark.parametrize(
    ("point", "last"),
    [
        ("agents.plan.taken:1", "└─ turn 1"),
        ("agents.act.called:1", "   └─ lab-note, cut"),
        ("agents.act.made:1", "└─ turn 2, cut"),
        ("agents.plan.taken:2", "└─ turn 2, answer"),
    ],
)
def test_a_killed_run_shows_what_the_journal_holds(
    lab: Project, show: Show, tmp_path: Path, point: str, last: str
) -> None:
    script = tmp_path / "script.jsonl"
    script.write_text("\n".join(turn.model_dump_json() for turn in (thought(call("lab-note", text="one")), thought())))

    def start() -> None:
        with use_project(lab):
            run_agent(lab, Request("tester", "try", f"script:{script}"))

    assert in_a_child(start, fault=f"{point}:kill") == -signal.SIGKILL
    run = Runs(lab).newest()[0]
    text = show(run.run_id)
    assert drawn(text)[0] == "tester, interrupted"
    assert drawn(text)[-1] == last
    assert {each["recorded"] for each in show(run.run_id, "--format", "json")["trace"]} == {False}


def test_a_run_older_than_spans_is_drawn_the_same(team: Project, run_script: RunScript, show: Show) -> None:
    done = run_script(thought(call("ask-helper", query="count")), thought(call("lab-count", text="a")), DONE, DONE)
    before = show(done.run_id, "--format", "json")
    labels = drawn(show(done.run_id))
    with open_database(team).write() as connection:
        connection.execute("DELETE FROM spans")
    after = show(done.run_id, "--format", "json")
    assert drawn(show(done.run_id)) == labels
    assert (after["totals"], {each["recorded"] for each in after["trace"]}) == (before["totals"], {False})
    for one, other in zip(before["trace"], after["trace"], strict=True):
        assert one["start_s"] == pytest.approx(other["start_s"], abs=0.1)


def test_a_workflow_alone_has_its_steps(project: Project, show: Show) -> None:
    assert child(project, "run", "test-count.second.started:1:kill").returncode == -9
    run = Runs(project).newest()[0]
    text = show(run.run_id)
    assert drawn(text) == ["test-count, interrupted", "├─ first", "└─ second, cut"]
    assert "tokens" not in text
    assert child(project, "resume").returncode == 0
    assert drawn(show(run.run_id)) == ["test-count", "├─ first", "├─ second", "└─ third"]


def test_a_long_run_is_folded_and_says_so(lab: Project, run_script: RunScript, show: Show) -> None:
    tools = [call("lab-count", text="a" * (at + 1)) for at in range(200)]
    done = run_script(*(thought(each) for each in tools), DONE, max_steps=500)
    text = show(done.run_id)
    labels = drawn(text)
    assert labels[3] == "├─ ... 198 more like it: turn 2 to turn 199"
    assert len(labels) == 7
    assert "5,346" in text.splitlines()[7]  # 198 turns of 27 tokens
    assert len(drawn(show(done.run_id, "--verbose"))) == 402  # 201 turns, 200 calls and the run


def test_a_long_run_of_different_calls_is_cut_in_the_middle(lab: Project, run_script: RunScript, show: Show) -> None:
    tools = [call(("lab-count", "lab-note")[at % 2], text="a" * (at + 1)) for at in range(100)]
    done = run_script(*(thought(each) for each in tools), DONE, max_steps=500)
    labels = drawn(show(done.run_id))
    assert "├─ ... 81 more (--verbose shows all)" in labels  # of 101 turns, twelve before and eight behind
    assert len(labels) == 1 + 12 * 2 + 1 + 7 * 2 + 1


def test_the_tree_of_an_unknown_run_names_the_known(project: Project) -> None:
    with pytest.raises(Exception, match="no run called"):
        read_tree(project, "nowhere")


def test_strokes_join_what_belongs_together() -> None:
    assert branches([0, 1, 2, 2, 1, 2]) == ["", "├─ ", "│  ├─ ", "│  └─ ", "└─ ", "   └─ "]


def test_the_shorter_names_do_the_same(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    run = Runs(project).start("command", "stage", {})
    for short, long in (("history", ["list"]), ("trace", ["show", run])):
        told: list[str] = []
        for command in (["runs", *long], [short, *long[1:]]):
            assert main.run(command) == 0
            told.append(capsys.readouterr().out)
        assert told[0].splitlines()[0] == told[1].splitlines()[0]
    assert main.run(["resume", "nowhere"]) == 2


@pytest.mark.parametrize("kind", ["command", "workflow", "agent"])
def test_only_a_run_that_stopped_short_is_resumed(
    project: Project, capsys: pytest.CaptureFixture[str], kind: Kind
) -> None:
    runs = Runs(project)
    run = runs.start(kind, "stage", {})
    assert main.run(["resume", run]) == 2
    assert "running in another process" in capsys.readouterr().err
    for status in ("completed", "abandoned"):
        runs.finish(run, status)
        assert main.run(["resume", run]) == 2
        assert f"is {status}: there is nothing to resume" in capsys.readouterr().err
    with pytest.raises(UserError, match="of the kind"):
        runs.get(run).check_resumable("agent" if kind == "command" else "command")
