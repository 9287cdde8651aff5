# pyright: basic, reportMissingImports=false, reportDeprecated=false, reportAttributeAccessIssue=false
"""Those who walk the loop: `python -m evals.benchmarks.loop.walkers NAME ADDRESS` prints CPU milliseconds a step.

A step is one model call and one tool call. What a run costs whatever its length is taken out: the figure is the
difference between a long and a short run, over the steps between them.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from evals.benchmarks.loop.walk import PROMPT, Walk

SHORT, LONG = 10, 60
TIMES = 5


def _tool(text: str) -> str:
    """Count the letters of a text."""
    return json.dumps({"letters": len(text), "text": text})


def _check(answer: object) -> None:
    if answer != "done":
        raise RuntimeError(f"the answer is {answer!r}")


def raw(address: str) -> Walk:
    """Plain dictionaries and the SDK's own method, as its documentation shows it."""
    import openai

    client = openai.OpenAI(api_key="none", base_url=address, max_retries=0)
    tools: Any = [_schema()]

    def walk(steps: int) -> None:
        messages: list[Any] = [{"role": "user", "content": PROMPT}]
        while True:
            turn = client.chat.completions.create(model=f"steps-{steps}", messages=messages, tools=tools)
            said = turn.choices[0].message
            messages.append(said.model_dump(exclude_none=True))
            if not said.tool_calls:
                return _check(said.content)
            for call in said.tool_calls:
                result = _tool(**json.loads(call.function.arguments))
                messages.append({"role": "tool", "tool_call_id": call.id, "content": result})

    return walk


def _schema() -> dict[str, Any]:
    parameters = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    return {
        "type": "function",
        "function": {"name": "count", "description": "Count the letters.", "parameters": parameters},
    }


def langgraph_prebuilt(address: str) -> Walk:
    """LangGraph's prebuilt agent, without checkpoints."""
    import warnings

    from langchain_openai import ChatOpenAI
    from langgraph.prebuilt import create_react_agent

    warnings.simplefilter("ignore")

    def count(text: str) -> str:
        """Count the letters of a text."""
        return _tool(text)

    def walk(steps: int) -> None:
        model = ChatOpenAI(model=f"steps-{steps}", base_url=address, api_key="none", max_retries=0)  # type: ignore[arg-type]
        agent = create_react_agent(model, [count])
        done = agent.invoke({"messages": [("user", PROMPT)]}, {"recursion_limit": 10_000})
        _check(done["messages"][-1].content)

    return walk


def pydantic_ai(address: str) -> Walk:
    """pydantic-ai."""
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider
    from pydantic_ai.usage import UsageLimits

    provider = OpenAIProvider(base_url=address, api_key="none")

    def walk(steps: int) -> None:
        agent = Agent(OpenAIChatModel(f"steps-{steps}", provider=provider))
        agent.tool_plain(name="count")(_tool)
        _check(agent.run_sync(PROMPT, usage_limits=UsageLimits(request_limit=None)).output)

    return walk


def openai_agents(address: str) -> Walk:
    """openai-agents, its tracing off."""
    from agents import Agent, OpenAIChatCompletionsModel, Runner, function_tool, set_tracing_disabled
    from openai import AsyncOpenAI

    set_tracing_disabled(True)
    client = AsyncOpenAI(api_key="none", base_url=address, max_retries=0)
    tool = function_tool(_tool, name_override="count")
    loop = asyncio.new_event_loop()

    def walk(steps: int) -> None:
        model = OpenAIChatCompletionsModel(model=f"steps-{steps}", openai_client=client)
        agent = Agent(name="a", model=model, tools=[tool])
        done = loop.run_until_complete(Runner.run(agent, PROMPT, max_turns=steps + 5))
        _check(done.final_output)

    return walk


def ours(address: str) -> Walk:
    """Our own, with durable checkpoints, journal, receipts and traces."""
    from evals.benchmarks.loop.own import open_own

    return open_own(address, Path(tempfile.mkdtemp(prefix="ax-loop-")))


WALKERS: dict[str, Callable[[str], Walk]] = {
    each.__name__: each for each in (raw, langgraph_prebuilt, pydantic_ai, openai_agents, ours)
}


def measure(walk: Walk) -> float:
    """Return CPU milliseconds a step: the median of several differences."""
    walk(SHORT)
    found: list[float] = []
    for _ in range(TIMES):
        began = time.process_time()
        walk(SHORT)
        short = time.process_time()
        walk(LONG)
        found.append(((time.process_time() - short) - (short - began)) / (LONG - SHORT))
    return 1000 * statistics.median(found)


if __name__ == "__main__":
    print(json.dumps(measure(WALKERS[sys.argv[1]](sys.argv[2]))))
