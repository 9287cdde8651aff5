"""Rows at the bottom of the terminal that can be painted again, above a line that moves; what leaves them stays."""

import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from prompt_toolkit.utils import get_cwidth

from axagents.cli.output import paint

_AS_THEY_ARE = re.compile(r"\s*(?:next: |[|`>$])|.*\S {2,}\S")
"""Lines that are not broken between words: tables, code, and commands that somebody will copy."""


@dataclass(frozen=True)
class Row:
    """One row of the screen; a soft one goes on in the next, so that copied text is one line."""

    text: str
    colour: str = ""
    soft: bool = False


def rows_of(text: str, width: int, colour: str = "") -> list[Row]:
    """Lay a text out in rows: prose is broken between words, other lines where the screen ends."""
    return [row for line in text.split("\n") for row in _rows(line, width, colour)]


def _rows(line: str, width: int, colour: str) -> Iterator[Row]:
    prose = not _AS_THEY_ARE.match(line)
    indent = line[: len(line) - len(line.lstrip(" "))][: width // 2]
    while get_cwidth(line) > width:
        end = _fitting(line, width)
        space = line.rfind(" ", len(indent) + 1, end + 1) if prose else -1
        if space > 0:
            yield Row(line[:space], colour)
            line = indent + line[space + 1 :]
        else:
            yield Row(line[:end], colour, soft=True)
            line = line[end:]
    yield Row(line, colour)


def _fitting(line: str, width: int) -> int:
    taken = 0
    for at, letter in enumerate(line):
        taken += get_cwidth(letter)
        if taken > width:
            return max(at, 1)
    return len(line)


def clean(text: str) -> str:
    """Return a text without anything that could move the cursor or change the terminal."""
    plain = text.replace("\r\n", "\n").expandtabs(4)
    return "".join(each if each == "\n" or each.isprintable() else " " * each.isspace() for each in plain)


class Region:
    """The rows; the cursor stands behind the last."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._size = (0, 0)

    def paint(self, rows: Sequence[Row]) -> None:
        """Bring these rows onto the screen in place of the present ones, writing only what is different.

        Where the first difference has scrolled off the screen, all of them are written below.
        """
        same = self._same(rows)
        if same == len(rows) == len(self._rows):
            return
        # The cursor stays behind the last row, so that one is written again where rows are taken away.
        same -= same == len(rows) > 0
        up = len(self._rows) - 1 - same
        if not self._rows:
            start = ""
        elif self._moved() or up >= self._size[1] - 1:
            start, same = "\n", 0
        elif up < 0:
            start = "" if self._rows[-1].soft else "\n"
        else:
            start = (f"\x1b[{up}A" if up else "") + "\r\x1b[J"
        self._write(start + written(rows[same:]))
        self._rows = list(rows)

    def clear(self) -> None:
        """Take the rows off the screen."""
        if self._rows and not self._moved():
            up = min(len(self._rows) - 1, self._size[1] - 1)
            self._write((f"\x1b[{up}A" if up else "") + "\r\x1b[J")
        elif self._rows:
            self._write("\n")
        self._rows = []

    def leave(self) -> None:
        """Leave the rows where they are for good, and go below them."""
        if self._rows:
            self._write("\n")
        self._rows = []

    def _same(self, rows: Sequence[Row]) -> int:
        pairs = zip(self._rows, rows, strict=False)
        return next((at for at, (old, new) in enumerate(pairs) if old != new), min(len(self._rows), len(rows)))

    def _moved(self) -> bool:
        """Tell whether the terminal has another size than when the rows were painted."""
        return self._size != tuple(shutil.get_terminal_size())

    def _write(self, text: str) -> None:
        self._size = tuple(shutil.get_terminal_size())
        sys.stdout.write(text)
        sys.stdout.flush()


def written(rows: Sequence[Row]) -> str:
    """Return rows as they are written to the terminal."""
    parts: list[str] = []
    for row in rows:
        parts += [paint(row.text, row.colour) if row.colour else row.text, "" if row.soft else "\n"]
    return "".join(parts[:-1])
