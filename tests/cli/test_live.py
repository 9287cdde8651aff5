"""A model's words on a terminal while it says them: shown, no reference raw, and gone when the answer is there."""

import io
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import pyte
import pytest

from axagents.cli.live import Live
from axagents.progress import Advance, Note, Said, Written
from axagents.project import Project
from tests.lab import write_shop
from tests.llm.conftest import claude_block, claude_events, sse, used
from tests.llm.serving import serving

KEY = "key-for-tests-0123456789"
ANSWER = ("The shop ", "has {", "{r1.", "ro", "ws}} rows, ", "and {{r1.nothing", ".here}} more.")
NAMES = [f"{first}{second}" for first in "abcdef" for second in "abcdefghij"]
LONG = "".join(f"line {name} of many\n" for name in NAMES)


class Screen(io.StringIO):
    """Standard error as a terminal of 60 columns and 20 rows."""

    def __init__(self) -> None:
        super().__init__()
        self._screen = pyte.Screen(60, 20)
        self._stream = pyte.Stream(self._screen)

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._stream.feed(text.replace("\n", "\r\n"))
        return len(text)

    def text(self) -> str:
        return "\n".join(each.rstrip() for each in self._screen.display).rstrip()


def test_without_a_terminal_it_is_told_every_few_seconds_how_far_the_work_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [100.0]
    monkeypatch.setattr("axagents.cli.live.time.perf_counter", lambda: now[0])
    with Live() as live:
        for count in range(1, 13):
            now[0] += 1
            live(Advance(count, 12, f"trials, {count} of 12"))
    assert capsys.readouterr().err.splitlines() == ["  42 % trials, 5 of 12", "  83 % trials, 10 of 12"]


def test_words_move_and_go_when_the_turn_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    for name, value in (("TERM", "xterm"), ("COLUMNS", "60"), ("LINES", "20")):
        monkeypatch.setenv(name, value)

    def drawn(wanted: str) -> str:
        end = time.monotonic() + 5
        while wanted not in screen.text():
            assert time.monotonic() < end, screen.text()
            time.sleep(0.02)
        return screen.text()

    with Live() as live:
        live(Note("first"))
        live(Said("A stale ", first=True))
        drawn("A stale")
        live(Said("Look: \x1b[2J{", first=True))
        live(Said("{r1.rows"))
        assert screen.text().startswith("  first\n")
        assert drawn("Look: [2J\n").splitlines()[0] == "  first"
        live(Said("}} rows\n"))
        live(Said(LONG))
        shown = drawn("line fj of many").splitlines()
        # Of twenty rows one is left as it was; then come the last eighteen of what was said, and the moving line.
        assert (len(shown), shown[-1].split()[1]) == (20, "working")
        live(Written("run", "message", {}))
        assert "line" not in screen.text()
        live(Note("second"))
        live(Said("And so on", first=True))
        drawn("And so on")
    assert screen.text().splitlines()[-1] == "  second"


class Watched:
    """A command in a terminal of 20 rows: every screen that a person could have seen, and the last."""

    def __init__(self, folder: Path, line: str) -> None:
        self.screens: list[str] = []
        screen = pyte.Screen(60, 20)
        stream = pyte.Stream(screen)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "TERM": "xterm-256color", "COLUMNS": "60", "LINES": "20"}
        child = pexpect.spawn(
            "bash",
            ["-c", line],
            cwd=str(folder),
            env=environment,
            encoding="utf-8",
            use_poll=True,
            dimensions=(20, 60),
            timeout=0.05,
        )
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                stream.feed(child.read_nonblocking(65536, timeout=0.05))
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                break
            self.screens.append("\n".join(each.rstrip() for each in screen.display).rstrip())
        child.close()
        self.exit_code = child.exitstatus

    @property
    def last(self) -> str:
        return self.screens[-1]

    def ever(self, text: str) -> bool:
        """Tell whether a text stood on the screen at any time."""
        return any(text in each for each in self.screens)


def speaking(body: dict[str, Any]) -> Iterator[bytes]:
    """A model that talks, calls a tool, begins an answer that breaks off, and then answers word by word."""
    last = body["messages"][-1]["content"][-1]
    if last["type"] != "tool_result":
        yield from slowly(("I look ", "at it first."), used("data-profile", {"dataset": "shop"}))
    elif not speaking.__dict__.setdefault("broke", False):
        speaking.__dict__["broke"] = True
        begun = claude_events({"type": "text", "text": "A stale beginning"}, stop=None)
        for event in begun:
            yield sse([event])
        time.sleep(0.4)
    else:
        yield from slowly(ANSWER)


def slowly(pieces: tuple[str, ...], *more: dict[str, Any]) -> Iterator[bytes]:
    """Yield a text in these pieces, a while between them, and then the other blocks of the turn."""
    events = claude_events(stop="tool_use" if more else "end_turn")
    start, end = events[:2], events[2:]
    text = [{"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}]
    delta = [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": each}} for each in pieces
    ]
    for event in [*start, *text]:
        yield sse([event])
    for event in delta:
        yield sse([event])
        time.sleep(0.3)
    yield sse([{"type": "content_block_stop", "index": 0}])
    for index, block in enumerate(more, start=1):
        yield sse(claude_block(index, block))
    yield sse(end)


@pytest.fixture
def shop(project: Project, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_shop(project.root)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    return project.root


@pytest.mark.slow
def test_words_are_shown_as_they_arrive_and_the_answer_once(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(speaking) as (address, _):
        monkeypatch.setenv("ANTHROPIC_BASE_URL", address)
        watched = Watched(shop, "ax call claude 'how many rows has shop?'; echo over")
    for text in ("I look", "I look at it first.", "A stale beginning", "The shop has … rows,"):
        assert watched.ever(text), f"{text}\n" + "\n---\n".join(watched.screens)
    assert not watched.ever("{{")
    assert not watched.ever("{r1")
    assert "stale" not in watched.last
    assert "I look" not in watched.last
    assert watched.last.count("The shop has 40 rows") == 1
    assert watched.last.endswith("over")


@pytest.mark.slow
def test_what_moves_goes_to_standard_error_and_leaves_a_clean_screen(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(lambda _: slowly((LONG[:400], LONG[400:], "the end"))) as (address, _):
        monkeypatch.setenv("ANTHROPIC_BASE_URL", address)
        watched = Watched(shop, "echo before; ax call claude 'say much' > out.txt; echo over")
        plain = Watched(shop, "ax call claude 'say much' 2> err.txt > out2.txt")
        quiet = Watched(shop, "NO_COLOR=1 ax call claude 'say much' > out3.txt")
    assert watched.ever("line fj of many")
    assert watched.last == "before\nover"
    answer = f"{LONG}the end\n"
    assert [(shop / name).read_text() for name in ("out.txt", "out2.txt", "out3.txt")] == [answer] * 3
    assert (shop / "err.txt").read_text() == ""
    assert [plain.exit_code, quiet.exit_code] == [0, 0]
    assert not quiet.ever("line")
