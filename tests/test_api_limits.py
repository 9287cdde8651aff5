"""Agents from Python: what is refused or told before anything is done."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from axagents import Agent, Touch, tool
from axagents.errors import UserError
from axagents.llm.scripted import ScriptedModel
from axagents.project import Project
from axagents.stores.agents.approvals import Approvals
from tests.agents.conftest import call, calls
from tests.test_api import boxes_in_stock, said


@pytest.mark.parametrize(
    ("limit", "told"),
    [
        ({"max_usd": -1.0}, "max_usd: at least 0 US dollars, not -1"),
        ({"max_usd": float("nan")}, "max_usd: at least 0 US dollars, not nan"),
        ({"max_steps": 0}, "max_steps: at least 1, not 0"),
        ({"deadline": 0.0}, "deadline: more than 0 seconds, not 0"),
        ({"deadline": -5.0}, "deadline: more than 0 seconds, not -5"),
    ],
)
def test_a_limit_that_is_none_is_refused(limit: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        Agent("writer", **limit)


def test_the_warning_stands_at_the_callers_line(project: Project) -> None:
    agent = Agent("data-scientist", project=project, provider="offline", tools=[boxes_in_stock])

    def ask_in_every_way() -> None:
        agent.run("hello")
        asyncio.run(agent.arun("hello"))
        list(agent.stream("hello"))
        with ThreadPoolExecutor(1) as pool:
            pool.submit(agent.run, "hello").result()

    with pytest.warns(UserWarning, match="knows no sentences for boxes-in-stock") as warned:
        ask_in_every_way()
    lines = Path(__file__).read_text().splitlines()
    told = [lines[each.lineno - 1].strip() for each in warned if each.filename == __file__]
    assert told == ['agent.run("hello")', 'asyncio.run(agent.arun("hello"))', 'list(agent.stream("hello"))']
    assert len(warned) == 4  # a thread that the program only gave the method to has no line of its own


def test_nobody_is_asked_about_what_cannot_be_done(project: Project) -> None:
    def check(request: Any) -> None:
        if request.boxes > 5:
            raise UserError("boxes: north has 5", field="boxes")

    @tool("empty-shop", touches=Touch.EFFECT, effect_kind="move", check=check)
    def empty(shop: str, boxes: int) -> int:
        """Take boxes out of a shop."""
        return boxes

    asked: list[Any] = []
    script = ScriptedModel([calls(call("empty-shop", shop="north", boxes=9)), said("It has no 9 boxes.")])
    agent = Agent("mlops-engineer", project=project, provider=script, tools=[empty], approve=asked.append)
    (made,) = agent.run("Take 9 boxes out of north").calls
    assert (made["status"], made["error"]["message"]) == ("failed", "boxes: north has 5")
    assert (asked, Approvals(project).open()) == ([], [])
    script = ScriptedModel([calls(call("empty-shop", shop="north", boxes=5)), said("Done.")])
    waiting = replace(agent, provider=script).run("Take 5 boxes out of north")
    assert (waiting.status, len(asked)) == ("waiting", 1)
