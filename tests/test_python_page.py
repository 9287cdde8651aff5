"""Every snippet of docs/python.md runs, in order, with a server on loopback that speaks for the language model."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from axagents.project import Project
from tests.house.source import CHECKOUT
from tests.llm.conftest import claude_events, said, sse, used
from tests.llm.serving import serving

SNIPPETS = re.findall(r"```python\n(.*?)```", (CHECKOUT / "docs/python.md").read_text(encoding="utf-8"), re.DOTALL)
EXPECTED = (
    "There are 3 boxes.\n",
    "",
    r"waiting [0-9a-f]{8}\nplan [0-9a-f]{16}  order-boxes \(order\)\n(.*\n)*completed \[\('south', 5\)\]\n",
    r"\[\{'answer': 'There are 3 boxes\.', 'session': '\S+'\}, \{'answer': 'There are 5 boxes\..*\n",
    r"· claude \(.*\) thinks.*\n· 1\. boxes-in-stock shop=north\nThere are 3 boxes\.\n",
    "There are 3 boxes.\n",
)


def speaking(body: dict[str, Any]) -> Iterator[bytes]:
    """A model that calls what it is asked for, and answers with the result's figure."""
    last = body["messages"][-1]["content"][-1]
    offered = {tool["name"] for tool in body["tools"]}
    if last["type"] == "tool_result":
        told = json.loads(last["content"])
        path = "figures.r1.value" if "figures" in told["result"] else "value"
        events = claude_events(said(f"There are {{{{{told['receipt']}.{path}}}}} boxes."), stop="end_turn")
    elif "Ask the data scientist" in last["text"] and "ask-data-scientist" in offered:
        events = claude_events(used("ask-data-scientist", {"query": "How many boxes has the north shop?"}))
    elif last["text"].startswith("Order 5"):
        events = claude_events(used("order-boxes", {"shop": "south", "boxes": 5}))
    else:
        (shop,) = re.findall(r"(north|south) shop", last["text"])
        events = claude_events(used("boxes-in-stock", {"shop": shop}))
    yield sse(events)


def test_every_snippet_runs(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(SNIPPETS) == len(EXPECTED)
    names: dict[str, Any] = {"__name__": "page"}
    with serving(speaking) as (address, _):
        monkeypatch.setenv("ANTHROPIC_API_KEY", "key-for-tests-0123456789")
        monkeypatch.setenv("ANTHROPIC_BASE_URL", address)
        for snippet, expected in zip(SNIPPETS, EXPECTED, strict=True):
            exec(compile(snippet, "docs/python.md", "exec"), names)
            assert re.fullmatch(expected, capsys.readouterr().out)


@pytest.mark.filterwarnings("ignore:the offline planner knows no sentences")
def test_every_snippet_runs_without_a_language_model(project: Project) -> None:
    names: dict[str, Any] = {"__name__": "page"}
    for snippet in SNIPPETS:
        exec(compile(snippet, "docs/python.md", "exec"), names)


def test_the_first_snippet_is_ten_lines() -> None:
    assert len([line for line in SNIPPETS[0].splitlines() if line.strip()]) <= 10
