"""Who may approve what: by option for listed kinds, by the hash of the very plan, never an agent, never too late."""

from datetime import timedelta
from typing import Any

import pytest

from axagents.actor import is_agent
from axagents.agents.request import Leave
from axagents.agents.run import resume_agent
from axagents.clock import stamp, utc_now
from axagents.errors import NotFound, Refused, UserError
from axagents.llm.turn import Source
from axagents.project import Project, use_project
from axagents.stores.agents import approvals as approvals_module
from axagents.stores.agents.approvals import EXPIRED, MOVED, Approvals
from axagents.stores.database import open_database
from tests.agents.conftest import DONE, RunScript, call, calls, lines


def flip(name: str = "lamp", /, **sources: str) -> Any:
    told = {key: Source(source=value) for key, value in sources.items()}
    return calls(call("lab-flip", name=name).model_copy(update={"sources": told}))


def test_yes_covers_the_kinds_that_are_listed(run_script: RunScript, lab: Project) -> None:
    done = run_script(flip(), DONE, query="flip lamp", leave=Leave(yes=True))
    assert done.status == "completed"
    assert lines(lab, "switch.txt") == ["lamp on"]


def test_yes_does_not_cover_other_kinds(run_script: RunScript, lab: Project) -> None:
    done = run_script(calls(call("lab-wipe", name="all")), DONE, query="wipe all", leave=Leave(yes=True))
    assert (done.status, done.needs[0]["effect"]) == ("waiting", "delete")
    again = run_script(
        calls(call("lab-wipe", name="all")), DONE, query="wipe all", leave=Leave(hashes=(done.needs[0]["hash"],))
    )
    assert again.status == "completed"
    assert lines(lab, "wiped.txt") == ["all"]


def test_a_hash_covers_that_very_plan_only(run_script: RunScript, lab: Project) -> None:
    first = run_script(flip("lamp"), DONE, query="flip lamp")
    digest = first.needs[0]["hash"]
    other = run_script(flip("oven"), DONE, query="flip oven", leave=Leave(hashes=(digest,)))
    assert other.status == "waiting"
    assert other.needs[0]["hash"] != digest
    assert run_script(flip("lamp"), DONE, query="flip lamp", leave=Leave(hashes=(digest[:12],))).status == "completed"
    assert run_script(flip("lamp"), DONE, query="flip lamp", leave=Leave(hashes=(digest[:6],))).status == "waiting"


def test_an_agent_cannot_approve(run_script: RunScript, lab: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = run_script(flip(), DONE, query="flip lamp").needs[0]
    monkeypatch.setenv("AX_ACTOR", "agent")
    leave = Leave(yes=True, hashes=(waiting["hash"],))
    assert run_script(flip(), DONE, query="flip lamp", leave=leave).status == "waiting"
    with pytest.raises(Refused, match="cannot approve"):
        Approvals(lab).decide(waiting["approval_id"], "approved", how="command")
    assert lines(lab, "switch.txt") == []


def test_only_a_whole_word_of_the_users_is_no_taint(run_script: RunScript) -> None:
    part = run_script(flip("lamp", name="memory"), DONE, query="flip the lamps", leave=Leave(yes=True))
    assert part.status == "waiting"


@pytest.mark.parametrize("named", ["Agent", "agent:mlops-engineer", " AGENT "])
def test_an_agent_is_one_however_it_is_named(monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setenv("AX_ACTOR", named)
    assert is_agent()


def test_what_comes_from_memory_or_a_model_is_marked_and_not_covered_by_yes(run_script: RunScript) -> None:
    said = run_script(flip("lamp", name="memory"), DONE, query="flip the lamp", leave=Leave(yes=True))
    assert said.status == "completed"
    unsaid = run_script(flip("safe", name="memory"), DONE, query="flip it", leave=Leave(yes=True))
    assert unsaid.status == "waiting"
    assert unsaid.needs[0]["tainted"] == {"name": "memory"}
    assert "memory  ! not in your words and not in this project" in unsaid.needs[0]["text"]
    invented = run_script(flip("safe"), DONE, query="flip it", leave=Leave(yes=True))
    assert invented.needs[0]["tainted"] == {"name": "the model"}


def test_a_plan_is_asked_again_when_the_project_has_moved(
    run_script: RunScript, lab: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts: dict[str, Any] = {"registry": 1}
    monkeypatch.setattr("axagents.agents.proposal._facts", lambda *_: dict(facts))
    asked: list[str] = []
    texts: list[str] = []

    def yes(plan: Any) -> bool:
        asked.append(plan["hash"])
        texts.append(plan["text"])
        facts["registry"] = 2  # somebody else registers something while the first plan is read
        return True

    done = run_script(flip(), DONE, query="flip lamp", ask=yes)
    assert done.status == "completed"
    assert len(asked) == 2
    assert asked[0] != asked[1]
    assert [MOVED in text for text in texts] == [False, True]
    assert lines(lab, "switch.txt") == ["lamp on"]


def test_an_old_plan_is_shown_anew(run_script: RunScript, lab: Project) -> None:
    waiting = run_script(flip(), DONE, query="flip lamp")
    need = waiting.needs[0]
    with open_database(lab).write() as connection:
        connection.execute("UPDATE approvals SET expires_at = ?", (stamp(utc_now() - timedelta(seconds=1)),))
    approvals = Approvals(lab)
    with pytest.raises(UserError, match="older than 15 minutes"):
        approvals.decide(need["approval_id"], "approved", how="command")
    with use_project(lab):
        again = resume_agent(lab, waiting.run_id)
    assert again.status == "waiting"
    assert again.needs[0]["approval_id"] != need["approval_id"]
    assert again.needs[0]["hash"] == need["hash"]
    assert EXPIRED in again.needs[0]["text"]


def age(project: Project) -> None:
    """Let the plans that were shown be older than 15 minutes."""
    with open_database(project).write() as connection:
        connection.execute("UPDATE approvals SET expires_at = ?", (stamp(utc_now() - timedelta(seconds=1)),))


def test_a_yes_holds_for_fifteen_minutes_and_a_no_for_good(run_script: RunScript, lab: Project) -> None:
    approvals = Approvals(lab)
    first = run_script(flip(), DONE, query="flip lamp")
    approvals.decide(first.needs[0]["approval_id"], "approved", how="command")
    second = run_script(flip(), DONE, query="flip lamp")
    approvals.decide(second.needs[0]["approval_id"], "denied", how="command")
    age(lab)
    with use_project(lab):
        again, denied = resume_agent(lab, first.run_id), resume_agent(lab, second.run_id)
    assert (again.status, denied.status) == ("waiting", "declined")
    assert EXPIRED in again.needs[0]["text"]
    assert lines(lab, "switch.txt") == []
    approvals.decide(again.needs[0]["approval_id"], "approved", how="command")
    with use_project(lab):
        assert resume_agent(lab, first.run_id).status == "completed"
    assert lines(lab, "switch.txt") == ["lamp on"]


def test_denied_from_elsewhere_ends_the_run(run_script: RunScript, lab: Project) -> None:
    waiting = run_script(flip(), DONE, query="flip lamp")
    Approvals(lab).decide(waiting.needs[0]["approval_id"], "denied", how="command")
    with use_project(lab):
        done = resume_agent(lab, waiting.run_id)
    assert (done.status, done.exit_code) == ("declined", 1)
    assert lines(lab, "switch.txt") == []


def test_a_plan_that_was_denied_is_asked_again_with_the_reason(
    run_script: RunScript, lab: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run_script(flip(), DONE, query="flip lamp")
    Approvals(lab).decide(first.needs[0]["approval_id"], "denied", how="command")
    second = run_script(flip(), DONE, query="flip lamp")
    assert f"this very plan was denied before, in run {first.run_id}" in second.needs[0]["text"]
    monkeypatch.setattr("axagents.agents.proposal._facts", lambda *_: {"registry": 2})
    with use_project(lab):
        moved = resume_agent(lab, first.run_id)
    assert (moved.status, f"you said no before: {MOVED}" in moved.needs[0]["text"]) == ("waiting", True)


def test_a_hash_that_covers_nothing_is_told(run_script: RunScript, monkeypatch: pytest.MonkeyPatch) -> None:
    leave = Leave(hashes=("0" * 16, "abc"))
    text = run_script(flip(), DONE, query="flip lamp", leave=leave).needs[0]["text"]
    assert f"--approve {'0' * 16} is not this plan" in text
    assert "--approve abc: give 12 letters of the hash at least" in text
    monkeypatch.setenv("AX_ACTOR", "agent")
    text = run_script(flip(), DONE, query="flip lamp", leave=leave).needs[0]["text"]
    assert "an agent acts here (AX_ACTOR), whose --approve does not count" in text


def test_decided_is_decided(run_script: RunScript, lab: Project) -> None:
    need = run_script(flip(), DONE, query="flip lamp").needs[0]
    approvals = Approvals(lab)
    assert approvals.get(need["hash"]).approval_id == need["approval_id"]
    approvals.decide(need["approval_id"], "denied", how="command")
    with pytest.raises(UserError, match="is denied already"):
        approvals.decide(need["approval_id"], "approved", how="command")
    with pytest.raises(NotFound, match="no approval called 'nope'"):
        approvals.get("nope")


def test_a_word_on_another_plan_is_no_word(
    run_script: RunScript, lab: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever resumes hands back the hash that was shown; were it any other, the review must ask again.
    from langgraph.types import Command

    from axagents.agents import walking

    real = Command

    def forged(resume: dict[str, Any]) -> Any:
        return real(resume={**resume, "hash": "0" * 16} if resume.get("how") == "typed" else resume)

    asked: list[str] = []

    def yes_once(plan: Any) -> bool | None:
        asked.append(plan["hash"])
        return True if len(asked) == 1 else None

    monkeypatch.setattr(walking, "Command", forged)
    done = run_script(flip(), DONE, query="flip lamp", ask=yes_once)
    assert done.status == "waiting"
    assert len(asked) == 2
    assert lines(lab, "switch.txt") == []


def test_the_lifetime_is_a_quarter_of_an_hour() -> None:
    assert timedelta(minutes=15) == approvals_module.LIFETIME
