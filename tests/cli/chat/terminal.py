"""A real terminal around a real `ax chat`: what is typed into it, and the screen as a person sees it."""

import os
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pexpect
import pyte

ENTER, ALT_ENTER, CTRL_C, CTRL_D, TAB, UP = "\r", "\x1b\r", "\x03", "\x04", "\t", "\x1b[A"
READY = re.compile(r"^> *$", re.MULTILINE)
"""An empty prompt."""


class Emulated(pyte.HistoryScreen):
    """A screen that answers when it is asked where its cursor is, as every terminal does."""

    answer: Callable[[str], Any]

    def write_process_input(self, data: str) -> None:
        self.answer(data)


class Terminal:
    """One `ax chat` in a terminal of so many columns and rows."""

    def __init__(self, cwd: Path, *arguments: str, env: dict[str, str] | None = None, columns: int = 100) -> None:
        self.raw = ""
        self._screen = Emulated(columns, 40, history=2000, ratio=0.001)
        self._stream = pyte.Stream(self._screen)
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "", "LINES": "", **(env or {})}
        environment = {name: value for name, value in environment.items() if value}
        self._child = pexpect.spawn(
            sys.executable,
            ["-m", "axagents", "chat", *arguments],
            encoding="utf-8",
            use_poll=True,
            codec_errors="replace",
            timeout=0.1,
            cwd=str(cwd),
            env=environment,
            dimensions=(40, columns),
        )
        self._screen.answer = self._child.send

    def text(self) -> str:
        """What is on the screen and above it."""
        above = ["".join(line[at].data for at in range(self._screen.columns)) for line in self._screen.history.top]
        return "\n".join(line.rstrip() for line in [*above, *self._screen.display]).rstrip()

    def see(self, wanted: str | re.Pattern[str], timeout: float = 30, *, times: int = 1) -> str:
        """Wait until something stands on the screen so many times, and return all of it."""
        pattern = re.compile(re.escape(wanted)) if isinstance(wanted, str) else wanted
        end = time.monotonic() + timeout
        while len(pattern.findall(self.text())) < times:
            assert time.monotonic() < end, f"never saw {pattern.pattern!r} in:\n{self.text()}"
            if not self._pump() and not self._child.isalive():
                assert len(pattern.findall(self.text())) >= times, f"ended without {wanted!r}:\n{self.text()}"
        return self.text()

    def send(self, text: str) -> None:
        self._child.send(text)

    def say(self, sentence: str, wanted: str | re.Pattern[str], timeout: float = 30) -> str:
        """Type a sentence, wait for what it brings, and for the next prompt."""
        self.send(sentence + ENTER)
        self.see(wanted, timeout)
        return self.ready(timeout)

    def ready(self, timeout: float = 30) -> str:
        """Wait for an empty prompt in the last rows."""
        end = time.monotonic() + timeout
        while not self._prompted():
            assert time.monotonic() < end, f"no prompt came in:\n{self.text()}"
            self._pump()
        return self.text()

    def leave(self) -> tuple[int, str]:
        """End the chat with Ctrl-D, and return its exit code and the screen."""
        self.ready()
        self.send(CTRL_D)
        return self.ended(), self.text()

    def ended(self, timeout: float = 20) -> int:
        end = time.monotonic() + timeout
        while self._pump() or self._child.isalive():
            assert time.monotonic() < end, f"it did not end:\n{self.text()}"
        self._child.close()
        return self._child.exitstatus if self._child.exitstatus is not None else -(self._child.signalstatus or 0)

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        self._child.kill(how)
        self.ended()

    def resize(self, columns: int) -> None:
        self._child.setwinsize(40, columns)
        self._screen.resize(40, columns)

    def close(self) -> None:
        self._child.close(force=True)

    def _prompted(self) -> bool:
        row = self._screen.cursor.y
        line = self._screen.display[row].rstrip()
        return line == ">" and self._screen.cursor.x == 2

    def _pump(self) -> bool:
        try:
            piece = self._child.read_nonblocking(65536, timeout=0.1)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return False
        self.raw += piece
        self._stream.feed(piece)
        return True
