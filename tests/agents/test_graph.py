"""An agent's run: plan, review, act, answer; limits, loops and malformed calls; all with real tools."""

import time
from itertools import count
from typing import Any

import pytest

from axagents.agents.graph import FRESH, build_graph
from axagents.agents.run import resume_agent
from axagents.errors import LimitReached, ProviderError
from axagents.llm.turn import Need, Turn
from axagents.project import Project, use_project
from axagents.stores.agents.approvals import Approvals
from axagents.stores.agents.journal import AgentJournal
from axagents.stores.runs import Runs
from tests.agents.conftest import DONE, RunScript, call, calls, lines


def test_the_graph_has_the_six_rooms() -> None:
    assert list(build_graph().nodes) == ["recall", "plan", "review", "act", "answer", "remember"]
    assert set(FRESH) == {"position", "pending", "approved", "ended"}


def test_calls_are_made_in_order_and_answered_with_receipts(run_script: RunScript, lab: Project) -> None:
    done = run_script(calls(call("lab-count", text="hello"), call("lab-note", text="a")), DONE)
    assert (done.status, done.exit_code) == ("completed", 0)
    assert [(each["tool"], each["status"], each["receipt"]) for each in done.calls] == [
        ("lab-count", "done", "r1"),
        ("lab-note", "done", "r2"),
    ]
    assert {"receipt": "r1", "path": "letters", "value": 5, "text": "5"} in done.receipts
    assert done.unverified_numbers == []
    assert lines(lab, "notes.txt") == ["a"]
    assert Runs(lab).get(done.run_id).status == "completed"


def test_a_model_writes_numbers_by_reference_and_others_are_told(run_script: RunScript) -> None:
    text = "It has {{r1.letters}} letters, not 7; you said 3, and {{r9.letters}} is nothing."
    done = run_script(
        calls(call("lab-count", text="hello")), Turn(stop_reason="answer", text=text), query="are there 3?"
    )
    assert done.answer == (
        "It has 5 letters, not 7 [not computed by a tool]; you said 3, and [no such figure: r9.letters] is nothing."
    )
    assert done.unverified_numbers == ["7"]


def test_results_and_errors_are_shown_to_the_model(run_script: RunScript) -> None:
    done = run_script(calls(call("lab-break", how="told")), calls(call("lab-count", text="hi")), DONE)
    _, second, third = run_script.model.seen  # type: ignore[attr-defined]
    assert second[1][-1].error == "it is stuck"
    assert third[1][-1].result["letters"] == 2
    assert [each["status"] for each in done.calls] == ["failed", "done"]
    assert done.status == "completed"


def test_a_failed_call_ends_the_run_with_its_code_and_the_rest_is_not_made(run_script: RunScript, lab: Project) -> None:
    done = run_script(calls(call("lab-break", how="told"), call("lab-note", text="a")), DONE)
    assert (done.status, done.exit_code) == ("failed", 1)
    assert "it is stuck" in done.answer
    assert "oil it" in done.answer
    assert lines(lab, "notes.txt") == []


def test_a_bug_in_a_tool_is_told_as_one(run_script: RunScript) -> None:
    done = run_script(calls(call("lab-break", how="other")), DONE)
    assert "the tool lab-break broke: RuntimeError: a wheel came off" in done.answer


def test_unknown_tools_and_wrong_arguments_are_told_twice_then_stop(run_script: RunScript) -> None:
    wrong = (calls(call("lab-cuont", text="a")), calls(call("lab-count", txet="a")), calls(call("lab-count")))
    with pytest.raises(ProviderError, match="kept making calls that cannot be made: lab-count: text: is required"):
        run_script(*wrong, DONE)
    told = [messages[-1].error for _, messages, _ in run_script.model.seen[1:]]  # type: ignore[attr-defined]
    assert "there is no tool 'lab-cuont' here" in told[0]
    assert "did you mean text?" in told[1]


def test_a_malformed_call_put_right_is_made(run_script: RunScript) -> None:
    done = run_script(calls(call("lab-count", txet="a")), calls(call("lab-count", text="a")), DONE)
    assert [each["status"] for each in done.calls] == ["malformed", "done"]
    assert done.status == "completed"


def test_the_same_call_a_third_time_stops(run_script: RunScript) -> None:
    again = calls(call("lab-count", text="a"))
    with pytest.raises(LimitReached, match="a third time with the same arguments"):
        run_script(again, again, again, DONE)


def test_steps_are_limited(run_script: RunScript) -> None:
    numbers = count()
    turns = [calls(call("lab-count", text=str(next(numbers)))) for _ in range(20)]
    with pytest.raises(LimitReached, match=r"5 steps are taken \(--max-steps\)"):
        run_script(*turns, max_steps=5)
    assert len(run_script.model.seen) == 3  # type: ignore[attr-defined]


def test_cost_is_limited(run_script: RunScript, lab: Project) -> None:
    turns = [calls(call("lab-count", text=str(n))).model_copy(update={"cost_usd": 0.04}) for n in range(5)]
    with pytest.raises(LimitReached, match=r"\$0.1200 are spent of \$0.1 \(--max-usd\)") as raised:
        run_script(*turns, max_usd=0.1)
    assert raised.value.run_id == Runs(lab).newest()[0].run_id
    assert len(run_script.model.seen) == 3  # type: ignore[attr-defined]


def test_time_is_limited(run_script: RunScript, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = time.monotonic
    turns = [calls(call("lab-count", text=str(number))) for number in range(5)]
    late = iter([0.0, 0.0, 0.0, 100.0, 100.0, 100.0])
    monkeypatch.setattr("axagents.agents.context.time.monotonic", lambda: clock() + next(late, 100.0))
    with pytest.raises(LimitReached, match=r"50 s are over \(--deadline\)"):
        run_script(*turns, deadline=50)


def test_a_script_at_its_end_is_no_provider(run_script: RunScript, lab: Project) -> None:
    with pytest.raises(ProviderError, match="the script has 1 turns"):
        run_script(calls(call("lab-count", text="a")))
    assert Runs(lab).newest()[0].status == "failed"


def test_a_question_waits_for_its_answer(run_script: RunScript) -> None:
    need = Need(field="name", question="which switch?", known=("a", "b"))
    done = run_script(Turn(stop_reason="ask", needs=(need,)))
    assert (done.status, done.exit_code) == ("waiting", 3)
    assert done.needs[0]["field"] == "name"
    assert done.answer.startswith("Which switch?")
    assert "a, b" in done.answer


def test_a_condition_decides_on_what_was_computed(run_script: RunScript, lab: Project) -> None:
    done = run_script(
        calls(
            call("lab-count", text="hello"),
            call("lab-note", "f1 > 0.4", text="taken"),
            call("lab-note", "f1 > 0.9", text="left"),
            call("lab-note", "recall > 0.1", text="unknown"),
            call("lab-note", "passed", text="passed"),
        ),
        DONE,
    )
    assert lines(lab, "notes.txt") == ["taken", "passed"]
    assert [each["status"] for each in done.calls] == ["done", "done", "skipped", "skipped", "done"]
    assert done.calls[2]["why"] == "left out, since f1 > 0.9 does not hold: f1 is 0.5"


def test_an_effect_waits_where_nobody_is_there(run_script: RunScript, lab: Project) -> None:
    done = run_script(calls(call("lab-flip", name="lamp")), DONE)
    assert (done.status, done.exit_code) == ("waiting", 3)
    need = done.needs[0]
    assert need["kind"] == "approval"
    assert "lab-flip (register)" in need["text"]
    assert lines(lab, "switch.txt") == []
    assert Runs(lab).get(done.run_id).status == "waiting"


def test_a_persons_word_decides(run_script: RunScript, lab: Project) -> None:
    shown: list[dict[str, Any]] = []

    def yes(plan: Any) -> bool:
        shown.append(dict(plan))
        return True

    done = run_script(calls(call("lab-flip", name="lamp")), DONE, ask=yes)
    assert done.status == "completed"
    assert lines(lab, "switch.txt") == ["lamp on"]
    assert shown[0]["arguments"] == {"name": "lamp"}
    assert Approvals(lab).open() == []

    done = run_script(calls(call("lab-flip", name="oven"), call("lab-note", text="after")), DONE, ask=lambda _: False)
    assert (done.status, done.exit_code) == ("declined", 1)
    assert "not approved, nothing was changed" in done.answer
    assert lines(lab, "switch.txt") == ["lamp on"]
    assert lines(lab, "notes.txt") == []


def test_review_is_entered_for_effects_only(run_script: RunScript, lab: Project) -> None:
    def nobody_asks(_plan: Any) -> bool:
        raise AssertionError("asked for a tool without effects")

    assert run_script(calls(call("lab-note", text="a")), DONE, ask=nobody_asks).status == "completed"


def test_an_approved_run_goes_on_where_it_waited(run_script: RunScript, lab: Project) -> None:
    done = run_script(calls(call("lab-note", text="before"), call("lab-flip", name="lamp")), DONE)
    approvals = Approvals(lab)
    assert approvals.decide(done.needs[0]["approval_id"], "approved", how="command").status == "approved"
    with use_project(lab):
        again = resume_agent(lab, done.run_id)
    assert again.status == "completed"
    assert lines(lab, "notes.txt") == ["before"]
    assert lines(lab, "switch.txt") == ["lamp on"]


def test_the_journal_is_append_only_and_the_state_small(run_script: RunScript, lab: Project) -> None:
    done = run_script(calls(call("lab-count", text="x" * 5000)), DONE)
    kinds = [entry.kind for entry in AgentJournal(lab, done.run_id).entries()]
    assert kinds == ["message", "message", "call", "result", "message", "answer"]
    from axagents.stores.database import open_database

    with pytest.raises(Exception, match="append-only"), open_database(lab).write() as connection:
        connection.execute("UPDATE agent_journal SET body = '{}'")
