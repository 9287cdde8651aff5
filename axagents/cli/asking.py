"""Ask the person at the terminal."""

import sys

from axagents.cli.output import paint, tell
from axagents.progress import Asked, Asking, emit

APPLY = "apply this plan?"
"""What a person is asked below the plan of an effect."""


def somebody_is_there() -> bool:
    """Tell whether a person can read a question and answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def agreed(question: str) -> bool:
    """Ask a yes-or-no question, and return the word: y or yes, in any case, is yes; what was typed before is none."""
    emit(Asking())
    try:
        _forget_typed()
        tell(paint(f"{question} [y/N] ", "bold"), end="")
        return sys.stdin.readline().strip().lower() in {"y", "yes"}
    finally:
        emit(Asked())


def _forget_typed() -> None:
    if sys.platform != "win32" and sys.stdin.isatty():
        import termios

        termios.tcflush(sys.stdin, termios.TCIFLUSH)
