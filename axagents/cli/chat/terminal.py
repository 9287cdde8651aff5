"""The terminal while a turn is at work: what is typed is not echoed into the answer, and Ctrl-C stops the turn once."""

import os
import signal
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager

_PATIENCE = 2.0
"""Seconds after a Ctrl-C in which another one is swallowed, so that what is being written down is not cut."""


def is_interactive() -> bool:
    """Tell whether a person sits at a terminal on which lines can be edited and painted again."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    return all(each.isatty() for each in streams) and os.environ.get("TERM", "dumb") != "dumb"


@contextmanager
def quiet_keys() -> Generator[None]:
    """Do not echo what is typed; it waits for the next prompt."""
    with _echo(False):
        yield


@contextmanager
def loud_keys() -> Generator[None]:
    """Echo what is typed, for a question inside a turn."""
    with _echo(True):
        yield


@contextmanager
def _echo(wanted: bool) -> Generator[None]:
    if sys.platform == "win32" or not sys.stdin.isatty():
        yield
        return
    import termios

    before = termios.tcgetattr(sys.stdin)
    changed = list(before)
    changed[3] = before[3] | termios.ECHO if wanted else before[3] & ~termios.ECHO
    termios.tcsetattr(sys.stdin, termios.TCSANOW, changed)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSANOW, before)


class Stopping:
    """Ctrl-C in a chat: inside the context the first raises KeyboardInterrupt; elsewhere it does nothing.

    Those right behind the first do nothing either, so that an impatient person does not end the chat.
    """

    def __init__(self) -> None:
        self._armed = 0
        self._at: float | None = None

    @property
    def begun(self) -> bool:
        """Tell whether what is at work is being stopped."""
        return self._at is not None

    def install(self) -> None:
        """Take Ctrl-C over for as long as this process lives; the line editor has its own."""
        signal.signal(signal.SIGINT, self._stop)

    def forget(self) -> None:
        """Take a Ctrl-C back that was the answer to a question."""
        self._at = None

    def __enter__(self) -> "Stopping":
        self._armed += 1
        self.forget()
        return self

    def __exit__(self, *_: object) -> None:
        self._armed -= 1

    def _stop(self, *_: object) -> None:
        now = time.monotonic()
        if self._armed and (self._at is None or now - self._at > _PATIENCE):
            self._at = now
            raise KeyboardInterrupt
