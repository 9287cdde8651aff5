"""`ax call` in this process, outside a project and in one, and a server that speaks for claude."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from axagents.cli import main
from axagents.llm.turn import Turn
from axagents.project import Project
from tests.lab import write_shop
from tests.llm.conftest import claude_events, sse
from tests.llm.conftest import said as text_block
from tests.llm.conftest import used as call_block
from tests.llm.serving import serving

KEY = "key-for-tests-0123456789"


@dataclass(frozen=True)
class Done:
    """How one command line ended."""

    exit_code: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        return json.loads(self.stdout)


Ax = Callable[..., Done]


@pytest.fixture
def here(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ax:
    """Run `ax` in this process, so that what it imports is imported once; no terminal is there."""

    def ran(*arguments: str, stdin: str | None = "") -> Done:
        reading, writing = os.pipe()
        if stdin is not None:
            os.write(writing, stdin.encode())
            os.close(writing)
        with monkeypatch.context() as inner, io.TextIOWrapper(os.fdopen(reading, "rb")) as piped:
            inner.setattr(sys, "stdin", piped)
            code = main.run(list(arguments))
        if stdin is None:
            os.close(writing)
        shown = capfd.readouterr()
        return Done(code, shown.out, shown.err)

    return ran


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is no project, and below none."""
    folder = tmp_path / "outside"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def shop(project: Project) -> Path:
    """A project with a small dataset in data/."""
    write_shop(project.root)
    return project.root


Say = Callable[[dict[str, Any]], list[dict[str, Any]]]
"""Takes the body of a request and gives the blocks of a turn."""
Claude = Callable[[Say], list[dict[str, Any]]]
"""Has a server speak for claude as told; gives the bodies of the requests so far."""


@pytest.fixture
def claude(monkeypatch: pytest.MonkeyPatch) -> Iterator[Claude]:
    """Speak for claude on loopback; gives the bodies of the requests so far."""
    say: list[Say] = []

    def answer(body: dict[str, Any]) -> Iterator[bytes]:
        blocks = say[0](body)
        stop = "tool_use" if blocks[-1]["type"] == "tool_use" else "end_turn"
        yield sse(claude_events(*blocks, stop=stop))

    with serving(answer) as (address, seen):
        monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", address)

        def speak(as_told: Say) -> list[dict[str, Any]]:
            say[:] = [as_told]
            return seen

        yield speak


def last(body: dict[str, Any]) -> str:
    """The text of the last message of a request."""
    return "\n".join(block.get("text", "") for block in body["messages"][-1]["content"])


def saying(*texts: str) -> Say:
    """Say one text after the other."""
    left = list(texts)
    return lambda _: [text_block(left.pop(0))]


def script(path: Path, *turns: Turn) -> str:
    path.write_text("".join(turn.model_dump_json(exclude_defaults=True) + "\n" for turn in turns))
    return f"script:{path}"


__all__ = ["Ax", "Claude", "Say", "call_block", "last", "saying", "script", "text_block"]
