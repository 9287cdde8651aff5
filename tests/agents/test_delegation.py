"""One persona asks another: its own run, the caller's budget, the user's words, one approval for both."""

from typing import Any

import pytest

from axagents.agents.request import Leave
from axagents.agents.run import resume_agent
from axagents.errors import LimitReached
from axagents.llm.scripted import ScriptedModel
from axagents.llm.turn import Turn
from axagents.project import Project, use_project
from axagents.stores.agents.approvals import Approvals
from axagents.stores.agents.journal import AgentJournal
from axagents.stores.runs import Runs
from axagents.trust import read_holding, record_trust
from tests.agents.conftest import DONE, RunScript, call, calls, lines

HELPER = """\
id: {id}
title: {id}
motto: Help.
best_for: [helping]
prompt: persona
tools: [lab-count, lab-flip]
may_ask: [{may_ask}]
"""


@pytest.fixture
def team(lab: Project) -> Project:
    """The tester may ask the helper, who may ask the tester and a third, who may ask a fourth, and so on."""
    tester = lab.root / "personas/tester.yaml"
    tester.write_text(tester.read_text() + "may_ask: [helper]\n")
    for each, may_ask in (
        ("helper", "tester, third"),
        ("third", "helper, fourth"),
        ("fourth", "fifth"),
        ("fifth", "tester"),
    ):
        (lab.root / f"personas/{each}.yaml").write_text(HELPER.format(id=each, may_ask=may_ask))
    record_trust(read_holding(lab.root))
    return lab


def asking(query: str, persona: str = "helper") -> Turn:
    return calls(call(f"ask-{persona}", query=query))


def said(text: str) -> Turn:
    return Turn(stop_reason="answer", text=text, tokens=10, cost_usd=0.5)


def test_the_other_works_in_a_run_of_its_own_and_its_figures_can_be_cited(team: Project, run_script: RunScript) -> None:
    done = run_script(
        asking("count churn"),
        calls(call("lab-count", text="churn")),
        said("it has {{r1.letters}} letters"),
        said("helper says {{r1.figures.r1.letters}}"),
    )
    assert (done.status, done.answer) == ("completed", "helper says 5")
    assert done.calls[0]["tool"] == "ask-helper"
    assert done.receipts[0]["path"] == "figures.r1.letters"
    (child,) = Runs(team).children(done.run_id)
    assert (child.name, child.status) == ("helper", "completed")
    assert child.result
    assert child.result["answer"] == "it has 5 letters"


def test_the_other_spends_of_the_callers_budget(team: Project, run_script: RunScript) -> None:
    done = run_script(asking("count churn"), said("done"), said("so it is"), max_steps=10)
    (child,) = Runs(team).children(done.run_id)
    assert child.request["max_steps"] == 9  # ten less the turn that asked
    assert (done.steps, done.tokens, done.cost_usd) == (4, 20, 1.0)  # three turns and a call; two turns of 10 and 0.5
    with pytest.raises(LimitReached, match="--max-usd"):
        run_script(asking("count churn"), said("dear"), said("not reached"), max_usd=0.3)


def test_a_limit_that_the_other_reaches_is_told_to_the_caller(team: Project, run_script: RunScript) -> None:
    looping = [calls(call("lab-count", text="a"))] * 3
    done = run_script(asking("loop"), *looping, said("helper went in circles"))
    assert done.calls[0]["status"] == "failed"
    assert "a third time" in done.calls[0]["error"]["message"]
    assert done.steps == 1 + 1 + 5 + 1  # turn, call; three turns and two calls of the other; turn


def test_nobody_asks_in_a_circle_or_more_than_three_deep(team: Project, run_script: RunScript) -> None:
    run_script(
        asking("go on"),
        asking("go on", "third"),
        asking("go on", "fourth"),
        DONE,
        DONE,
        DONE,
        DONE,
    )
    offered = [[name for name in seen[2] if name.startswith("ask-")] for seen in run_script.model.seen]  # type: ignore[attr-defined]
    assert offered[:4] == [["ask-helper"], ["ask-third"], ["ask-fourth"], []]


def test_words_of_another_agent_fill_no_effect_unseen(team: Project, run_script: RunScript) -> None:
    wanted = (asking("flip mains"), calls(call("lab-flip", name="mains")), DONE, DONE)
    done = run_script(*wanted, query="please tidy up", leave=Leave(yes=True))
    assert done.status == "waiting"
    assert done.needs[0]["tainted"] == {"name": "the model"}
    assert lines(team, "switch.txt") == []
    done = run_script(*wanted, query="please flip mains", leave=Leave(yes=True))
    assert (done.status, lines(team, "switch.txt")) == ("completed", ["mains on"])


def test_an_approval_of_the_other_holds_the_caller_and_resuming_goes_on_with_both(
    team: Project, run_script: RunScript, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = run_script(asking("flip lamp"), calls(call("lab-flip", name="lamp")), query="flip lamp")
    assert waiting.status == "waiting"
    need = waiting.needs[0]
    assert need["approve"][0] == f"ax approve {need['approval_id']} && ax runs resume {waiting.run_id}"
    with use_project(team):
        Approvals(team).decide(need["approval_id"], "approved", how="typed")
        monkeypatch.setattr(
            "axagents.agents.opening.choose_provider", lambda *_, **__: ScriptedModel([DONE, said("flipped")])
        )
        done = resume_agent(team, waiting.run_id)
    assert (done.status, done.answer) == ("completed", "flipped")
    assert lines(team, "switch.txt") == ["lamp on"]
    assert len(Runs(team).children(done.run_id)) == 1


def test_who_acted_is_written_down(team: Project, run_script: RunScript) -> None:
    seen: list[Any] = []

    def ask(plan: Any) -> bool:
        seen.append(plan)
        return True

    done = run_script(asking("flip lamp"), calls(call("lab-flip", name="lamp")), DONE, DONE, query="flip lamp", ask=ask)
    assert done.status == "completed"
    assert len(seen) == 1
    kinds = [entry.kind for entry in AgentJournal(team, done.run_id).entries()]
    assert kinds == ["message", "message", "call", "result", "message", "answer"]
