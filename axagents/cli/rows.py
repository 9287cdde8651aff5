"""Text in rows of the screen: prose broken between words, nothing in it that could move the cursor."""

import re
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


def written(rows: Sequence[Row]) -> str:
    """Return rows as they are written to the terminal."""
    parts: list[str] = []
    for row in rows:
        parts += [paint(row.text, row.colour) if row.colour else row.text, "" if row.soft else "\n"]
    return "".join(parts[:-1])
