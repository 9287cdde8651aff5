"""Read what a file or a pipe brings, without ever waiting for a terminal or a pipe that stays silent."""

import os
import select
import sys
from pathlib import Path

from axagents.errors import UserError

_SILENCE_SECONDS = 1.0
_PAUSE_SECONDS = 30.0
_CHUNK = 1 << 16


def read_pipe(option: str) -> str:
    """Return the text that is piped into this process, instead of the value of `option`.

    Raises:
        UserError: standard input is a terminal, empty, closed, not UTF-8, or brings nothing for a second.
    """
    if sys.stdin is None or sys.stdin.closed:
        raise _missing(option, "standard input is closed")
    if sys.stdin.isatty():
        raise _missing(option, "nothing is piped in")
    data = _read_all(sys.stdin.fileno(), option)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"what is piped in is not UTF-8 at byte {error.start}", field=option) from None
    if not text.strip():
        raise _missing(option, "what is piped in is empty")
    return text


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


def _read_all(source: int, option: str) -> bytes:
    parts: list[bytes] = []
    while True:
        patience = _PAUSE_SECONDS if parts else _SILENCE_SECONDS
        if not select.select([source], [], [], patience)[0]:
            raise _missing(option, f"the pipe brought nothing for {patience:g} s")
        part = os.read(source, _CHUNK)
        if not part:
            return b"".join(parts)
        parts.append(part)


def _missing(option: str, why: str) -> UserError:
    return UserError(f"{option} is missing and {why}; give {option} '{{...}}' or pipe a JSON object in", field=option)
