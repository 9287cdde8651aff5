"""Long conversations: receipts are numbered through, old results can be read again, nothing said is lost."""

import json
import sqlite3
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from axagents.agents.condensing import fit
from axagents.agents.conversation import WHOLE
from axagents.agents.run import AgentRun
from axagents.llm.turn import Message, Turn
from axagents.llm.wire import RESULT_MOST, result_text
from axagents.project import Project
from tests.agents.conftest import DONE, RunScript, call, calls

MIGRATIONS = Path(str(files("axagents.stores"))) / "migrations"


def said(text: str) -> Turn:
    return Turn(stop_reason="answer", text=text)


def test_receipts_are_numbered_through_a_session(lab: Project, run_script: RunScript) -> None:
    first = run_script(calls(call("lab-count", text="churn")), DONE)
    assert [each["receipt"] for each in first.calls] == ["r1"]
    second = run_script(
        calls(call("lab-count", text="telco data")),
        said("first {{r1.letters}}, then {{r2.letters}}"),
        session=first.session,
    )
    assert [each["receipt"] for each in second.calls] == ["r2"]
    assert (second.answer, second.unverified_numbers) == ("first 5, then 10", [])
    third = run_script(said("5 and 10 it was"), said("the first had {{r1.letters}}"), session=first.session)
    assert third.answer == "the first had 5"


def test_a_number_of_the_first_turn_is_known_at_turn_200(lab: Project, run_script: RunScript) -> None:
    session = run_script(calls(call("lab-count", text="customers")), DONE, query="never use gender; count it").session
    for at in range(2, 200):
        run_script(said("noted"), query=f"remark number {at}", session=session)
    last = run_script(
        calls(call("conversation-read", receipt="r1", path="letters")),
        said("It was {{r1.letters}} letters."),
        query="how many letters did you count at the very beginning?",
        session=session,
    )
    assert (last.answer, last.unverified_numbers) == ("It was 9 letters.", [])  # c-u-s-t-o-m-e-r-s
    shown = run_script.model.seen[0][1]  # type: ignore[attr-defined]
    assert "user: never use gender; count it" in shown[0].text
    assert "called lab-count -> r1" in shown[0].text
    assert all(f"remark number {at}" in shown[0].text for at in range(2, 200 - WHOLE))
    assert len(shown) == 1 + 2 * WHOLE + 1
    read = run_script.model.seen[1][1][-1]  # type: ignore[attr-defined]
    assert read.result == {"of": "r1", "path": "letters", "characters": 1, "text": "9", "next_offset": None}


def test_what_was_said_is_found_by_words(lab: Project, run_script: RunScript) -> None:
    session = run_script(calls(call("lab-count", text="abc")), DONE, query="the budget is 40 euros").session
    run_script(said("hm"), query="nice weather", session=session)
    run_script(calls(call("conversation-read", about="budget")), DONE, session=session)
    found = run_script.model.seen[1][1][-1].result  # type: ignore[attr-defined]
    assert found["nearest"][0] == {
        "user": "the budget is 40 euros",
        "answered": found["nearest"][0]["answered"],
        "receipts": {"r1": "lab-count"},
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"receipt": "r9"}, "no result of this conversation called 'r9'"),
        ({"receipt": "r1", "path": "metrics.nope"}, "no part of r1 called 'metrics.nope'"),
    ],
)
def test_reading_what_is_not_there_is_told(run_script: RunScript, arguments: dict[str, str], told: str) -> None:
    done = run_script(calls(call("lab-count", text="a")), calls(call("conversation-read", **arguments)), DONE)
    assert told in done.calls[1]["error"]["message"]


def test_a_long_result_is_cut_with_its_size_and_read_on() -> None:
    result = {"rows": ["x" * 100] * 1000}
    whole = json.dumps(result, separators=(",", ":"))
    shown = json.loads(result_text(Message(role="tool", call_id="1", tool="t", result=result, receipt="r4")))
    assert shown["result"] == whole[:RESULT_MOST]
    assert f"of {len(whole)} characters" in shown["cut"]
    assert "conversation-read" in shown["cut"]


def sized(messages: list[Message]) -> list[tuple[Message, int]]:
    return [(message, len(message.model_dump_json())) for message in messages]


def test_old_results_make_room_and_nothing_said_does() -> None:
    messages: list[Message] = []
    for at in range(1, 101):
        messages += [
            Message(role="user", text=f"question {at}"),
            Message(role="tool", call_id=str(at), tool="t", result={"text": "y" * 5_000}, receipt=f"r{at}"),
        ]
    window = 50_000  # tokens: 0.6 x 3 characters each are 90,000
    fitted = fit(sized(messages), window)
    assert [each.text for each in fitted] == [each.text for each in messages]
    kept = [each.receipt for each in fitted if each.result and "text" in each.result]
    assert 0 < len(kept) <= 90_000 / 5_000
    assert kept[-1] == "r100"
    assert "r1" in str(fitted[1].result)
    # The same beginning for the next turns, as long as there is room: what the provider cached stays good.
    longer = fit(sized([*messages, Message(role="user", text="one more")]), window)
    assert longer[: len(messages)] == fitted
    assert fit(sized(messages[:10]), window) == messages[:10]


def test_what_a_provider_is_given_back_in_its_own_form_takes_room_too() -> None:
    thought = ({"type": "thinking", "thinking": "z" * 9_000},)
    messages: list[Message] = []
    for at in range(1, 16):
        messages += [
            Message(role="assistant", text="", raw=thought),
            Message(role="tool", call_id=str(at), tool="t", result={"text": "y" * 5_000}, receipt=f"r{at}"),
        ]
    window = 100_000  # tokens: 0.6 x 3 characters each are 180,000; thoughts take 135,000 of them, results 75,000
    kept = [each.receipt for each in fit(sized(messages), window) if each.result and "text" in each.result]
    assert 0 < len(kept) < 15
    assert kept[-1] == "r15"


def test_runs_of_one_session_at_once_share_no_receipt(lab: Project, run_script: RunScript) -> None:
    """One begins, and others of its session work before it goes on: at once, or while it waits for a word."""
    inner: list[AgentRun] = []

    def another(_plan: Mapping[str, Any]) -> bool:
        inner.append(run_script(calls(call("lab-count", text="between")), DONE, session="s"))
        return True

    first = run_script(
        calls(call("lab-count", text="churn"), call("lab-flip", name="lamp"), call("lab-count", text="lamps")),
        said("{{r1.letters}} and {{r4.letters}}"),
        query="flip lamp",
        session="s",
        ask=another,
    )
    assert [each["receipt"] for each in first.calls] == ["r1", "r3", "r4"]
    assert [each["receipt"] for each in inner[0].calls] == ["r2"]
    assert first.answer == "5 and 5"  # c-h-u-r-n and l-a-m-p-s
    after = run_script(said("{{r2.letters}} was between"), session="s")
    assert after.answer == "7 was between"


def test_results_of_before_keep_the_receipts_they_had() -> None:
    connection = sqlite3.connect(":memory:")
    *before, numbering = [text for text in sorted(MIGRATIONS.glob("*.sql")) if text.name <= "0008_receipts.sql"]
    for script in before:
        connection.executescript(script.read_text())
    for run_id, base in (("one", 0), ("two", 2)):
        connection.execute(
            "INSERT INTO runs (run_id, kind, name, status, request, started_at)"
            " VALUES (?, 'agent', 'tester', 'completed', ?, '')",
            (run_id, json.dumps({"session": None if run_id == "one" else "one"})),
        )
        bodies = [("message", {"message": {}, "base": base}), ("result", {"status": "done", "result": {}})]
        bodies += [("result", {"status": "failed"}), ("result", {"status": "done", "result": {}})]
        for position, (kind, body) in enumerate(bodies, start=1):
            entry = (run_id, position, kind, json.dumps(body))
            connection.execute("INSERT INTO agent_journal VALUES (?, ?, ?, ?, '')", entry)
    connection.executescript(numbering.read_text())
    kept = connection.execute("SELECT body FROM agent_journal WHERE kind = 'result' ORDER BY run_id, position")
    assert [json.loads(body).get("number") for (body,) in kept] == [1, None, 2, 3, None, 4]
    assert connection.execute("SELECT session, last FROM agent_receipts").fetchall() == [("one", 4)]
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute("UPDATE agent_journal SET at = 'now'")
    connection.close()
