"""Agents from Python: streams, event loops, threads, and nothing that is left behind."""

import asyncio
import gc
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest

from axagents import Agent, AgentRun, Touch, tool
from axagents.errors import ProviderError
from axagents.llm.scripted import ScriptedModel
from axagents.progress import Note, Written, listen, note
from axagents.project import Project
from axagents.stores.runs import Runs
from tests.agents.conftest import call, calls
from tests.test_api import boxes_in_stock, counting, said


def test_a_stream_tells_what_happens_and_ends_with_the_run(project: Project) -> None:
    *events, done = Agent("data-scientist", provider=counting(), tools=[boxes_in_stock]).stream("How many has north?")
    assert isinstance(done, AgentRun)
    assert done.answer == "There are 3 boxes."
    assert Note("1. boxes-in-stock shop=north") in events
    kinds = [event.kind for event in events if isinstance(event, Written)]
    assert kinds == ["message", "message", "call", "result", "message", "answer"]
    with pytest.raises(ProviderError, match="the script has 0 turns"):
        list(Agent("data-scientist", provider=ScriptedModel([])).stream("hi"))


def test_a_stream_that_is_left_stops_its_run_which_can_go_on(project: Project) -> None:
    agent = Agent("data-scientist", provider=counting(), tools=[boxes_in_stock])
    for event in agent.stream("How many has north?"):
        if isinstance(event, Note) and event.text.startswith("1. "):
            break
    (record,) = Runs(project).newest()
    assert (record.status, (record.error or {})["message"]) == ("failed", "interrupted")
    assert agent.resume(record.run_id).answer == "There are 3 boxes."


def test_a_stream_that_is_left_in_a_call_waits_for_the_end_of_that(project: Project) -> None:
    @tool(touches=Touch.READ)
    def slow_count(shop: str) -> int:
        """Count slowly."""
        note("counting")
        time.sleep(1)
        note("counted")
        return 3

    model = ScriptedModel([calls(call("slow-count", shop="north")), said("There are {{r1.value}} boxes.")])
    agent = Agent("call", provider=model, tools=[slow_count])
    for event in agent.stream("How many has north?"):
        if event == Note("counting"):
            break
    (record,) = Runs(project).newest()
    assert agent.resume(record.run_id).answer == "There are 3 boxes."


def ended(project: Project) -> list[Any]:
    """The runs, once none is at work."""
    end = time.monotonic() + 10
    while any(each.status == "running" for each in Runs(project).newest()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return Runs(project).newest()


def test_an_event_loop_goes_on_while_many_agents_work(project: Project) -> None:
    ticks: list[float] = []
    heard: list[str] = []

    @tool(touches=Touch.READ)
    def slow_count(number: int) -> int:
        """Count slowly."""
        note(f"counting {number}")
        time.sleep(0.3)
        return number * number

    async def ask(number: int) -> AgentRun:
        model = ScriptedModel([calls(call("slow-count", number=number)), said("{{r1.value}}")])
        return await Agent("call", provider=model, tools=[slow_count]).arun(f"count {number}")

    async def tick() -> None:
        while True:
            ticks.append(time.monotonic())
            await asyncio.sleep(0.01)

    async def together() -> list[AgentRun]:
        ticking = asyncio.create_task(tick())
        done = await asyncio.gather(*map(ask, range(12)))
        ticking.cancel()
        return done

    with listen(lambda event: heard.append(event.text) if isinstance(event, Note) else None):
        done = asyncio.run(together())
    assert [each.answer for each in done] == [str(number * number) for number in range(12)]
    assert {f"counting {number}" for number in range(12)} <= set(heard)  # the listener of the caller's context
    assert max(later - one for one, later in pairwise(ticks)) < 3


def test_a_cancelled_task_stops_its_run(project: Project) -> None:
    begun, calls_made = threading.Event(), list[int]()

    @tool(touches=Touch.READ)
    def slow_count(number: int) -> int:
        """Count slowly."""
        calls_made.append(number)
        begun.set()
        time.sleep(0.5)
        note("counted")
        return number

    model = ScriptedModel([calls(call("slow-count", number=1)), calls(call("slow-count", number=2)), said("done")])
    agent = Agent("call", provider=model, tools=[slow_count])

    async def cancelled() -> None:
        task = asyncio.create_task(agent.arun("count 1 and 2"))
        await asyncio.to_thread(begun.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    (record,) = ended(project)
    assert ((record.error or {})["message"], calls_made) == ("interrupted", [1])


def test_an_agent_works_inside_a_running_loop_and_in_threads(project: Project) -> None:
    def ask(_: int = 0) -> AgentRun:
        return Agent("call", project=project, provider=counting(), tools=[boxes_in_stock]).run("How many has north?")

    async def inside() -> str:
        return ask().answer

    assert asyncio.run(inside()) == "There are 3 boxes."
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(ask, range(16)))
    assert {each.answer for each in done} == {"There are 3 boxes."}
    assert len({each.run_id for each in done}) == 16


def test_nothing_is_left_behind(project: Project) -> None:
    def ask() -> None:
        asyncio.run(Agent("call", provider=counting(), tools=[boxes_in_stock]).arun("How many has north?"))

    def open_files() -> int:
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    ask()
    before, threads = open_files(), threading.active_count()
    for _ in range(10):
        ask()
    end = time.monotonic() + 5
    while (open_files() > before + 2 or threading.active_count() > threads) and time.monotonic() < end:
        time.sleep(0.05)
    assert open_files() <= before + 2
    assert threading.active_count() <= threads
