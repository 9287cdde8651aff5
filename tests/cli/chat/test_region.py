"""What is painted again and again ends as the text that it is, whatever the width and wherever pieces are cut."""

import shutil
import sys
from io import StringIO
from os import terminal_size

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from axagents.cli.chat.region import Region
from axagents.cli.drafting import Draft
from axagents.cli.rows import Row, clean, rows_of

# No letters of two columns: pyte draws one over the edge where a terminal begins a new line.
LINES = st.lists(st.text("ab cdéß-{}", max_size=60), max_size=12).map("\n".join)


class Shown:
    """A terminal of so many columns and rows that shows what is written to standard output."""

    def __init__(self, columns: int, rows: int) -> None:
        self.screen = pyte.HistoryScreen(columns, rows, history=10_000, ratio=0.001)
        self._stream = pyte.Stream(self.screen)

    def take(self, written: StringIO) -> None:
        # A terminal in its usual mode begins a new line at its left edge.
        self._stream.feed(written.getvalue().replace("\n", "\r\n"))

    def lines(self) -> list[str]:
        above = ["".join(line[at].data for at in range(self.screen.columns)) for line in self.screen.history.top]
        return [line.rstrip() for line in [*above, *self.screen.display]]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Shown:
    shown = Shown(24, 8)
    monkeypatch.setattr(shutil, "get_terminal_size", lambda *_: terminal_size((24, 8)))
    return shown


def painted(monkeypatch: pytest.MonkeyPatch, frames: list[list[Row]]) -> StringIO:
    written = StringIO()
    with monkeypatch.context() as inner:
        inner.setattr(sys, "stdout", written)
        inner.setattr(shutil, "get_terminal_size", lambda *_: terminal_size((24, 8)))
        region = Region()
        for frame in frames:
            region.paint(frame)
        region.leave()
    return written


@given(st.lists(LINES, min_size=1, max_size=6).map(lambda each: [text for text in each if len(text) < 90]))
@settings(deadline=None)
def test_what_was_painted_last_is_what_stands_there(texts: list[str]) -> None:
    """Short texts: whatever stood there before leaves no trace."""
    frames = [rows_of(text, 24)[:7] for text in texts] or [[Row("")]]
    with pytest.MonkeyPatch.context() as monkeypatch:
        shown = Shown(24, 8)
        shown.take(painted(monkeypatch, frames))
    expected = [row.text.rstrip() for row in frames[-1]]
    assert bare(shown)[: len(expected)] == expected
    assert not any(bare(shown)[len(expected) :])


def bare(shown: Shown) -> list[str]:
    return [line.rstrip() for line in shown.lines()]


@given(st.text("abc defg\n", min_size=200, max_size=600), st.integers(1, 40))
@settings(deadline=None, max_examples=40)
def test_a_long_text_that_grows_scrolls_and_stands_there_once(text: str, step: int) -> None:
    frames = [[*rows_of(text[:at], 24), Row("moving")] for at in range(step, len(text), step)]
    with pytest.MonkeyPatch.context() as monkeypatch:
        shown = Shown(24, 8)
        shown.take(painted(monkeypatch, [*frames, rows_of(text, 24)]))
    expected = [row.text.rstrip() for row in rows_of(text, 24)]
    assert [line for line in bare(shown) if line] == [line for line in expected if line]


def test_a_change_above_the_screen_is_written_anew(terminal: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    before = [Row(f"old {at}") for at in range(20)]
    after = [Row("new 0"), *before[1:]]
    terminal.take(painted(monkeypatch, [before, after]))
    assert [line for line in bare(terminal) if line] == [row.text for row in (*before, *after)]


@given(LINES, st.data())
def test_pieces_of_a_text_make_the_text(text: str, data: st.DataObject) -> None:
    text += " {{r1.f1}} {{ r2.x }} {r} {{r1.metrics.f1.mean}}\nend"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=20)))
    draft = Draft(lambda piece: piece.replace("{{r1.f1}}", "0.5").replace("{{r1.metrics.f1.mean}}", "0.7"), 24)
    seen: list[str] = []
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        draft.feed(text[start:end])
        seen.append("\n".join(row.text for row in draft.rows()))
    whole = text.replace("{{r1.f1}}", "0.5").replace("{{r1.metrics.f1.mean}}", "0.7")
    assert draft.rows() == rows_of(clean(whole), 24)
    assert not [each for each in seen if "{{r1" in each]


def test_prose_breaks_between_words_and_commands_do_not() -> None:
    prose, command = "words that go on and on", "next: ax runs resume 20261123"
    assert [row.text for row in rows_of(prose, 12)] == ["words that", "go on and on"]
    assert [row.text for row in rows_of(f"  {prose}", 12)] == ["  words that", "  go on and", "  on"]
    assert [(row.text, row.soft) for row in rows_of(command, 12)] == [
        ("next: ax run", True),
        ("s resume 202", True),
        ("61123", False),
    ]


def test_nothing_of_a_text_moves_the_cursor() -> None:
    assert clean("a\x1b[2Jb\r\nc\td\x07\u202e e\xa0f\x9b") == "a[2Jb\nc   d e f"
