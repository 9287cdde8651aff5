"""What a model says while it says it: shown as it arrives, its references as the values they stand for."""

import re
from collections.abc import Callable

from axagents.cli.rows import Row, clean, rows_of

_BEGUN = re.compile(r"\{(\{\s*(r(\d[\w.-]*)?)?\s*\}?)?$")
"""The beginning of a reference at the end of a text: it is held back until it is whole."""


class Draft:
    """The text of one turn so far, laid out in rows; only its last line is laid out again."""

    def __init__(self, write: Callable[[str], str], width: int) -> None:
        self._write = write
        self._width = width
        self._held = ""
        self._rows: list[Row] = []
        self._line = ""

    def feed(self, piece: str) -> None:
        """Take the next piece."""
        text = self._held + piece
        begun = _BEGUN.search(text)
        self._held = text[begun.start() :] if begun else ""
        shown = self._line + clean(self._write(text[: begun.start()] if begun else text))
        *lines, self._line = shown.split("\n")
        for line in lines:
            self._rows += rows_of(line, self._width)

    def rows(self) -> list[Row]:
        """Return the rows; none when nothing was said."""
        if not self._rows and not self._line.strip():
            return []
        return [*self._rows, *rows_of(self._line, self._width)]
