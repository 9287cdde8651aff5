"""The one place that prints: results on standard output as text or JSON, everything else on standard error."""

import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from axagents.errors import AxError
from axagents.layout import table as table

if TYPE_CHECKING:
    from pydantic import BaseModel


@dataclass(frozen=True)
class Shown:
    """What a command has to say: data for programs, text for people; a list of data is one JSON object a line."""

    data: "BaseModel | dict[str, Any] | list[dict[str, Any]]"
    text: str
    exit_code: int = 0
    verdict: str | None = None


def show(shown: Shown, *, as_json: bool) -> None:
    """Print a result."""
    if isinstance(shown.data, list) and as_json:
        for each in shown.data:
            say(json.dumps(each, ensure_ascii=False, default=str))
    elif as_json:
        data = shown.data if isinstance(shown.data, dict | list) else shown.data.model_dump(mode="json")
        print_json(data)
    elif shown.text:
        say(shown.text)


def print_json(data: Any) -> None:
    """Print one JSON object."""
    say(json.dumps(data, indent=2, ensure_ascii=False, default=str))


def show_error(error: AxError, *, as_json: bool) -> None:
    """Print an error: one object on standard output, or one line on standard error."""
    if as_json:
        print_json({"error": error.as_dict()})
        return
    line = f"{paint('error:', 'red')} {error.message}"
    if error.hint:
        line += f"\n  next: {error.hint}"
    tell(line)


def say(text: str) -> None:
    """Print a line of the result on standard output."""
    sys.stdout.write(text + "\n")


def tell(text: str, *, end: str = "\n") -> None:
    """Print a notice on standard error, over a moving line where there is one."""
    sys.stderr.write((_START_OF_LINE if colourful() else "") + text + end)
    sys.stderr.flush()


_START_OF_LINE = "\r\x1b[2K"
_CODES = {"red": "31", "green": "32", "yellow": "33", "cyan": "36", "dim": "2", "bold": "1"}


def colourful(stream: Any = None) -> bool:
    """Tell whether colours and moving lines may be used on `stream` (standard error by default)."""
    stream = stream or sys.stderr
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str) -> str:
    """Colour a text for standard error, on a terminal only."""
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if colourful() else text
