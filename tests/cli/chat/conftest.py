"""A small project to chat in: a persona with tools that wait, flip and count; a model that speaks word by word."""

import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from axagents.cli import main
from axagents.project import Project
from tests.cli.chat.terminal import Terminal
from tests.lab import FLIP, LabTool, write_lab, write_shop
from tests.llm.conftest import openai_events, sse
from tests.llm.serving import serving

TOOLS = {
    "lab_flip": FLIP,
    "lab_wait": LabTool(
        "COMPUTE",
        "seconds: float",
        "waited: float",
        """import time
    from axagents.progress import StepDone, StepStarted, emit

    emit(StepStarted("lab-wait", "sleep", 1, 2))
    time.sleep(request.seconds)
    emit(StepDone("lab-wait", "sleep", request.seconds))
    return Result(waited=request.seconds)""",
        "Wait.",
    ),
    "lab_count": LabTool(
        "READ",
        "text: str",
        "letters: int",
        "return Result(letters=len(request.text))",
        "Count the letters of a text.",
    ),
}
PERSONA = """\
id: tester
title: Tester
motto: Try it.
best_for: [trying]
prompt: persona
tools: [lab-flip, lab-wait, lab-count, data-profile, memory-search, memory-store]
words: [switch]
examples: [Flip the switch lamp_1, Profile the shop dataset, A third one]
"""
Chat = Callable[..., Terminal]


@pytest.fixture
def shop(project: Project) -> Path:
    """A project with a dataset, and a persona and tools of its own, trusted."""
    write_shop(project.root)
    write_lab(project.root, TOOLS, PERSONA)
    return project.root


@pytest.fixture
def chat(shop: Path) -> Iterator[Chat]:
    """Start `ax chat` in a terminal; whatever still runs at the end is ended."""
    begun: list[Terminal] = []

    def start(*arguments: str, **options: Any) -> Terminal:
        begun.append(Terminal(shop, *arguments, **options))
        return begun[-1]

    yield start
    for each in begun:
        each.close()


@pytest.fixture
def piped(shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run `ax chat` in this process on lines from a pipe, so that what it imports is imported once for all tests."""

    def ran(*arguments: str, stdin: str = "") -> Any:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code = main.run(["chat", *arguments])
        shown = capsys.readouterr()
        return SimpleNamespace(exit_code=code, stdout=shown.out, stderr=shown.err)

    return ran


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., str]:
    """Write a script for a model, and give the provider that plays it."""

    def write(*turns: dict[str, Any]) -> str:
        path = tmp_path / "script.jsonl"
        path.write_text("".join(json.dumps(turn) + "\n" for turn in turns))
        return f"script:{path}"

    return write


def calls(*wanted: tuple[str, dict[str, Any]], text: str = "") -> dict[str, Any]:
    """A turn of a script that wants calls."""
    made = [{"id": f"c{at}", "tool": tool, "arguments": arguments} for at, (tool, arguments) in enumerate(wanted)]
    return {"stop_reason": "calls", "calls": made, "text": text}


def answers(text: str) -> dict[str, Any]:
    return {"stop_reason": "answer", "text": text}


Answer = Callable[[dict[str, Any]], Iterator[bytes]]


@pytest.fixture
def model(shop: Path) -> Iterator[Callable[[Answer], str]]:
    """Have a language model on loopback answer, and give the name of its provider."""
    open_: list[Any] = []

    def serve(answer: Answer) -> str:
        served = serving(answer)
        open_.append(served)
        address, _ = served.__enter__()
        told = f'\n[providers.local]\nkind = "openai"\nbase_url = "{address}"\nmodel = "m"\n'
        (shop / "ax.toml").write_text("content = true\n" + told + "prices = {input = 1.0, output = 2.0}\n")
        return "local"

    yield serve
    for each in open_:
        each.__exit__(None, None, None)


def words(text: str, pause: Callable[[], None] | None = None) -> Iterator[bytes]:
    """An answer in OpenAI's protocol, a few letters at a time."""
    head, *_, end, usage, done = openai_events(text, finish="stop")
    yield sse([head], names=False)
    for at in range(0, len(text), 3):
        piece = {**head, "choices": [{"index": 0, "delta": {"content": text[at : at + 3]}, "finish_reason": None}]}
        yield sse([piece], names=False)
        if pause:
            pause()
    yield sse([end, usage, done], names=False)
