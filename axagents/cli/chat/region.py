"""Rows at the bottom of the terminal that can be painted again, above a line that moves; what leaves them stays."""

import shutil
import sys
from collections.abc import Sequence

from axagents.cli.rows import Row, written


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
