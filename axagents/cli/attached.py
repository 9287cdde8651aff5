"""The files that somebody puts behind a prompt: text only, their sizes told, the long ones cut."""

import os
import stat
from dataclasses import dataclass

from axagents.cli.piped import EXPECTED_SECONDS, read_all, read_pipe
from axagents.errors import UserError

MOST = 200_000
"""Bytes of one file that are given; of a longer one its beginning, and it is said."""
_OPTION = "--file"


@dataclass(frozen=True)
class Attached:
    """One file: its text as far as it is given, and its whole size in bytes."""

    name: str
    text: str
    size: int

    @property
    def is_cut(self) -> bool:
        return self.size > MOST

    def told(self) -> str:
        """Say what is given of it."""
        cut = f", of which the first {MOST:,} are given" if self.is_cut else ""
        return f"{self.name}: {self.size:,} bytes{cut}"


def read_attached(name: str) -> Attached:
    """Read one file, or standard input for `-`.

    Raises:
        UserError: it cannot be read, is no text in UTF-8, is empty, or a pipe that stays silent.
    """
    if name == "-":
        text = read_pipe(_OPTION, instead="give --file FILE or pipe a text in", patience=EXPECTED_SECONDS)
        data = text.encode()
        return Attached("standard input", _as_text("standard input", data), len(data))
    try:
        data, size = _read(name)
    except OSError as error:
        raise UserError(f"cannot read {name}: {error.strerror}", field=_OPTION) from None
    if not data.strip():
        raise UserError(f"{name} is empty", field=_OPTION)
    return Attached(name, _as_text(name, data), size)


def write_attached(files: list[Attached]) -> str:
    """Write the files as the model reads them, each between two lines that name it."""
    return "\n\n".join(f"--- file {each.told()} ---\n{each.text}\n--- end of {each.name} ---" for each in files)


def _read(name: str) -> tuple[bytes, int]:
    # Without waiting for somebody to open the other end of a pipe that has a name.
    source = os.open(name, os.O_RDONLY | os.O_NONBLOCK)
    try:
        found = os.fstat(source)
        if stat.S_ISREG(found.st_mode):
            with os.fdopen(source, "rb", closefd=False) as stream:
                data = stream.read(MOST + 1)
            return data, max(found.st_size, len(data))
        if not stat.S_ISFIFO(found.st_mode):
            raise UserError(f"{name} is no file", field=_OPTION)
        data, why = read_all(source)
    finally:
        os.close(source)
    if why:
        raise UserError(f"{name}: {why}", field=_OPTION)
    return data, len(data)


def _as_text(name: str, data: bytes) -> str:
    given = data[:MOST]
    try:
        text = given.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # A letter of several bytes may have been cut at the end.
        if len(data) <= MOST or error.start < MOST - 3:
            raise UserError(f"{name} is no text in UTF-8 (byte {error.start})", field=_OPTION) from None
        text = given[: error.start].decode("utf-8-sig")
    if "\0" in text:
        raise UserError(f"{name} is no text: it holds a zero byte", field=_OPTION)
    return text.rstrip("\n")
