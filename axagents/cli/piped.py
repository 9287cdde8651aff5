"""Read what a file or a pipe brings, without ever waiting for a terminal or a pipe that stays silent."""

import os
import select
import sys
from pathlib import Path
from typing import Any

from axagents.errors import UserError

_SILENCE_SECONDS = 1.0
EXPECTED_SECONDS = 10.0
"""How long a pipe that somebody names may take to begin: the command before it has to start."""
_PAUSE_SECONDS = 30.0
_CHUNK = 1 << 16


def read_pipe(option: str, *, instead: str | None = None, patience: float = _SILENCE_SECONDS) -> str:
    """Return the text that is piped into this process, instead of the value of `option`.

    Args:
        instead: what to do where nothing comes; by default, to give the option or pipe a JSON object in.
        patience: seconds that it may take to begin.

    Raises:
        UserError: standard input is a terminal, empty, closed, not UTF-8, or brings nothing in time.
    """
    instead = instead or f"give {option} '{{...}}' or pipe a JSON object in"
    if sys.stdin is None or sys.stdin.closed:
        raise _missing(option, "standard input is closed", instead)
    if sys.stdin.isatty():
        raise _missing(option, "nothing is piped in", instead)
    data, why = read_all(sys.stdin.fileno(), patience)
    if why:
        raise _missing(option, why, instead)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"what is piped in is not UTF-8 at byte {error.start}", field=option) from None
    if not text.strip():
        raise _missing(option, "what is piped in is empty", instead)
    return text


def read_json(given: str, option: str) -> dict[str, Any]:
    """Return the object that `option` gives, as JSON, as `@FILE`, or `-` for standard input.

    Raises:
        UserError: it is no JSON object, the file cannot be read, or nothing is piped in.
    """
    from axagents.requests import parse_json

    if given == "-":
        return parse_json(read_pipe(option, patience=EXPECTED_SECONDS), "standard input")
    if given.startswith("@"):
        return parse_json(read_file(Path(given[1:]), option), given[1:])
    return parse_json(given, option)


def read_text(file: str, option: str) -> str:
    """Return the text of a file, or of standard input for `-`.

    Raises:
        UserError: the file cannot be read, or nothing is piped in.
    """
    if file == "-":
        return read_pipe(option, instead="name a file or pipe its text in", patience=EXPECTED_SECONDS)
    return read_file(Path(file), option)


def read_file(path: Path, option: str) -> str:
    """Return the text of a file that `option` names.

    Raises:
        UserError: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 at byte {error.start}", field=option) from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}", field=option) from None


def read_all(source: int, patience: float = EXPECTED_SECONDS) -> tuple[bytes, str | None]:
    """Return what a pipe brings up to its end, and why that was not waited for where it fell silent."""
    parts: list[bytes] = []
    while True:
        seconds = _PAUSE_SECONDS if parts else patience
        if not select.select([source], [], [], seconds)[0]:
            return b"".join(parts), f"the pipe brought nothing for {seconds:g} s"
        part = os.read(source, _CHUNK)
        if not part:
            return b"".join(parts), None
        parts.append(part)


def _missing(option: str, why: str, instead: str) -> UserError:
    return UserError(f"{option} is missing and {why}; {instead}", field=option)
