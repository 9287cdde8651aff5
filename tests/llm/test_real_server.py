"""Against a real server on loopback: hanging, trickling, and a whole run of an agent by `ax agent run`."""

import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from axagents.cli import main
from axagents.errors import ProviderError
from axagents.llm.providers import open_provider
from axagents.project import Project
from axagents.settings import ProviderSettings
from tests.llm.conftest import ASKED, KEY, claude_events, openai_events, said, sse, used
from tests.llm.serving import Answer, pings, serving, silence

Ax = Callable[..., Any]


@pytest.mark.parametrize("name", ["claude", "openai"])
@pytest.mark.parametrize("stall", [lambda _: silence(30), lambda _: pings(0.1)], ids=["silent", "pinging"])
def test_a_hang_after_the_headers_ends_with_the_deadline(name: str, stall: Answer) -> None:
    with serving(stall) as (address, _):
        model = open_provider(name, {name: ProviderSettings(base_url=address)}, deadline=1.5)
        began = time.monotonic()
        with pytest.raises(ProviderError, match=r"time"):
            model.take_turn("", ASKED, [])
        # The library may have to be loaded first, which takes seconds; the stall would take 30 or never end.
        assert time.monotonic() - began < 15


@pytest.mark.parametrize("name", ["claude", "openai"])
def test_the_connection_is_used_again(name: str) -> None:
    with serving(lambda _: iter([whole(name)])) as (address, seen):
        model = open_provider(name, {name: ProviderSettings(base_url=address)})
        assert [model.take_turn("", ASKED, []).text for _ in range(2)] == ["five", "five"]
        assert [each["path"] for each in seen] == [{"claude": "/v1/messages", "openai": "/chat/completions"}[name]] * 2


def whole(name: str) -> bytes:
    if name == "claude":
        return sse(claude_events(said("five"), stop="end_turn"))
    return sse(openai_events("five", finish="stop"), names=False)


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ax:
    """Run `ax` in this process, so that what it imports is imported once; nobody is at the terminal."""

    def ran(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO())
        code = main.run(list(arguments))
        return code, *capsys.readouterr()

    return ran


@pytest.fixture
def shop(project: Project) -> Path:
    """A project with a dataset of 40 rows."""
    (project.root / "data").mkdir()
    rows = "\n".join(f"{20 + at},{'yes' if at % 3 else 'no'}" for at in range(40))
    (project.root / "data" / "shop.csv").write_text(f"age,bought\n{rows}\n")
    return project.root


def profiling(body: dict[str, Any]) -> Iterator[bytes]:
    """A model that profiles the dataset, and answers by reference once it sees a result."""
    last = body["messages"][-1]["content"][-1]
    if last["type"] != "tool_result":
        thinking = {"type": "thinking", "thinking": "look first", "signature": "c2ln"}
        events = claude_events(thinking, used("data-profile", {"dataset": "shop"}, "toolu_77"))
    else:
        events = claude_events(said("The shop has {{r1.rows}} rows."), stop="end_turn")
    for event in events:
        yield sse([event])


def test_an_agent_runs_on_claude_and_answers_by_reference(
    here: Ax, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = ("--input", '{"query": "how many rows has shop?"}', "--format", "json")
    with serving(profiling) as (address, seen):
        (shop / "ax.toml").write_text(f'[providers.claude]\nbase_url = "{address}"\n')
        code, told, stderr = here(
            "agent", "run", "data-scientist", "--provider", "claude", "--record", "tape.jsonl", *query
        )
    assert code == 0, stderr
    ran = json.loads(told)
    check_run(ran)
    check_requests(seen)
    for path in shop.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes()
    # The server is gone and there is no key: the tape answers, and only what it was asked.
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    code, told, stderr = here("agent", "run", "data-scientist", "--replay", "tape.jsonl", *query)
    assert (code, json.loads(told)["answer"]) == (0, ran["answer"])
    other = here("agent", "run", "data-scientist", "--replay", "tape.jsonl", "--input", '{"query": "and columns?"}')
    assert other[0] == 4
    assert 'messages[0].text was "how many rows has shop?" and is "and columns?"' in other[2]


def check_run(ran: dict[str, Any]) -> None:
    assert (ran["provider"], ran["status"], ran["answer"]) == ("claude", "completed", "The shop has 40 rows.")
    assert ran["calls"] == [
        {"tool": "data-profile", "arguments": {"dataset": "shop"}, "status": "done", "receipt": "r1"}
    ]
    assert [(each["path"], each["value"]) for each in ran["receipts"]] == [("rows", 40)]
    assert ran["unverified_numbers"] == []
    # Two turns of 20 tokens read and 7 written, at 2 and 10 dollars a million.
    assert (ran["tokens"], ran["cost_usd"]) == (54, pytest.approx(2 * (20 * 2 + 7 * 10) / 1e6))


def check_requests(seen: list[dict[str, Any]]) -> None:
    assert {"ml-train", "data-profile"} <= {tool["name"] for tool in seen[0]["tools"]}
    assistant, result = seen[1]["messages"][-2:]
    assert [block["type"] for block in assistant["content"]] == ["thinking", "tool_use"]
    assert assistant["content"][0]["signature"] == "c2ln"
    assert result["content"][0]["tool_use_id"] == "toolu_77"


def test_arguments_that_cannot_be_read_are_told_to_the_model(here: Ax, shop: Path) -> None:
    def stammering(body: dict[str, Any]) -> Iterator[bytes]:
        if "the arguments are not JSON" in json.dumps(body["messages"][-1]):
            yield sse(claude_events(said("I cannot."), stop="end_turn"))
        else:
            yield sse(claude_events(used("data-profile", '{"dataset": shop}')))

    with serving(stammering) as (address, seen):
        (shop / "ax.toml").write_text(f'[providers.claude]\nbase_url = "{address}"\n')
        query = ("--input", '{"query": "profile shop"}', "--format", "json")
        code, told, stderr = here("agent", "run", "data-scientist", *query)
    assert code == 0, stderr
    assert "claude (claude-sonnet-5-5) thinks" in stderr
    assert [each["status"] for each in json.loads(told)["calls"]] == ["malformed"]
    assert seen[1]["messages"][-1]["content"][0]["is_error"] is True
