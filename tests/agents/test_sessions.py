"""Kept sessions: found by name, their turns with how each ended, what they cost, and what can go on."""

import pytest

from axagents.agents.sessions import close_cut, find_session, list_sessions, read_turns, resumable
from axagents.errors import NotFound, ProviderError, UserError
from axagents.llm.turn import Turn
from axagents.project import Project
from axagents.stores.runs import Runs
from tests.agents.conftest import DONE, RunScript, call, calls

SAID = Turn(stop_reason="answer", text="Yes.", tokens=7, cost_usd=0.25)


def test_turns_are_told_with_how_they_ended(lab: Project, run_script: RunScript) -> None:
    run_script(SAID, query="the first words", session="a-1")
    run_script(Turn(stop_reason="ask"), query="and then", session="a-1")
    run_script(Turn(stop_reason="decline"), session="a-1")
    run_script(calls(call("lab-flip", name="x")), DONE, session="a-1")
    with pytest.raises(ProviderError):
        run_script(calls(call("lab-count", text="x")), session="a-1")
    turns = read_turns(lab, "a-1")
    assert [turn.ended for turn in turns] == ["completed", "asked", "declined", "waiting", "failed"]
    assert (turns[0].query, turns[0].answer, turns[0].tokens, turns[0].cost_usd) == ("the first words", "Yes.", 7, 0.25)
    assert "the script has 1 turns" in turns[-1].answer
    assert resumable(turns) == turns[-1]
    assert resumable(turns[:3]) is None


def test_a_turn_whose_last_call_failed_is_over(lab: Project, run_script: RunScript) -> None:
    assert run_script(calls(call("lab-break", how="told")), DONE, session="s").status == "failed"
    (turn,) = read_turns(lab, "s")
    assert (turn.ended, turn.calls[-1]["status"]) == ("completed", "failed")
    assert resumable([turn]) is None


def test_a_session_is_found_by_its_beginning(lab: Project, run_script: RunScript) -> None:
    for session in ("a-1", "a-2", "b", "a-1"):
        run_script(SAID, query=f"in {session}", session=session)
    assert [(each.session, each.turns, each.words) for each in list_sessions(lab)] == [
        ("a-1", 2, "in a-1"),
        ("b", 1, "in b"),
        ("a-2", 1, "in a-2"),
    ]
    assert (find_session(lab, "b"), find_session(lab, "a-1")) == ("b", "a-1")
    with pytest.raises(UserError, match="several sessions begin with 'a-', such as a-1 and a-2"):
        find_session(lab, "a-")
    for named in ("c", ""):
        with pytest.raises(NotFound):
            find_session(lab, named)


def test_a_run_of_this_process_that_could_not_say_how_it_ended(lab: Project) -> None:
    run_id = Runs(lab).start("agent", "tester", {"persona": "tester", "query": "x", "session": "s"})
    assert [turn.ended for turn in read_turns(lab, "s")] == ["running"]
    close_cut(lab, "s")
    assert [(turn.run_id, turn.ended) for turn in read_turns(lab, "s")] == [(run_id, "stopped")]
    # A process that is gone: no process has the number 0 and was born then.
    Runs(lab).take_over(Runs(lab).get(run_id))
    with Runs(lab)._database.write() as connection:
        connection.execute("UPDATE runs SET process = '0:1.00'")
    assert [turn.ended for turn in read_turns(lab, "s")] == ["cut short"]
