"""How a file is written: compressed or not, in which encoding; and its SHA-256, in the same reading."""

import codecs
import gzip
import hashlib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from axagents.errors import UserError

_CHUNK = 1 << 20
_MAGIC = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; save its sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save its sheet as CSV",
    b"\x28\xb5\x2f\xfd": "compressed with zstd; unpack it first",
    b"BZh": "compressed with bzip2; unpack it first",
    b"\xfd7zXZ": "compressed with xz; unpack it first",
    b"%PDF": "a PDF document",
    b"SQLite format 3": "an SQLite database; name it as sqlite://PATH#TABLE",
}
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Encoding:
    """The encoding found, and what the user should be told of it."""

    name: str
    notice: str | None = None


def open_bytes(path: Path) -> BinaryIO:
    """Open a file for reading, unpacked when it is gzip."""
    with path.open("rb") as opened:
        packed = opened.read(2) == _GZIP
    return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]


def is_gzip(path: Path) -> bool:
    """Say whether a file is compressed with gzip."""
    with path.open("rb") as opened:
        return opened.read(2) == _GZIP


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file as it lies on disk."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def find_encoding(path: Path, asked: str | None = None) -> Encoding:
    """Find the encoding of a text file, or check the one that is asked for.

    Raises UserError for a file that is empty, no text, or not in the asked encoding, with the line.
    """
    with open_bytes(path) as opened:
        start = opened.read(_CHUNK)
    if not start.strip():
        raise UserError(f"{path} is empty", hint="check the path")
    for magic, what in _MAGIC.items():
        if start.startswith(magic):
            raise UserError(f"{path} is {what}")
    if asked is not None:
        return _check_asked(path, asked)
    known = _find_by_marks(path, start)
    if known is not None:
        _refuse_broken(path, known)
        return Encoding(known)
    broken = find_broken_line(path, "utf-8")
    return Encoding("utf-8") if broken is None else _find_single_byte(path, broken)


def find_broken_line(path: Path, encoding: str) -> int | None:
    """Return the first line that is not in the encoding, None when all are."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    for chunk in _chunks(path):
        try:
            line += decoder.decode(chunk).count("\n")
        except UnicodeDecodeError as error:
            return line + bytes(error.object[: error.start]).count(b"\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return line
    return None


def _check_asked(path: Path, asked: str) -> Encoding:
    try:
        name = codecs.lookup(asked).name
    except LookupError:
        raise UserError(
            f"there is no encoding called {asked!r}",
            field="--encoding",
            legal=("utf-8", "utf-16", "latin-1", "cp1252"),
        ) from None
    _refuse_broken(path, name)
    return Encoding(name)


def _refuse_broken(path: Path, encoding: str) -> None:
    broken = find_broken_line(path, encoding)
    if broken is not None:
        raise UserError(f"{path}, line {broken}: not {encoding}", field="--encoding", hint="give another --encoding")


def _find_by_marks(path: Path, start: bytes) -> str | None:
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\x00" not in start:
        return None
    odd, even = start[1::2].count(0), start[0::2].count(0)
    if max(odd, even) > 0.3 * len(start) / 2:
        return "utf-16-le" if odd > even else "utf-16-be"
    raise UserError(f"{path} is no text: it holds zero bytes", hint="give a CSV or a Parquet file")


def _find_single_byte(path: Path, broken: int) -> Encoding:
    readable = unreadable = 0
    high = False
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for chunk in _chunks(path):
        text = decoder.decode(chunk)
        lost = text.count("\ufffd")
        unreadable += lost
        readable += sum(1 for sign in text if sign > "\x7f") - lost if not text.isascii() else 0
        high = high or any(0x80 <= byte <= 0x9F for byte in chunk)
    if readable > 3 * unreadable:
        raise UserError(
            f"{path}, line {broken}: not UTF-8, though the rest of the file is",
            field="--encoding",
            hint="repair that line, or give --encoding latin-1",
        )
    name = "cp1252" if high and find_broken_line(path, "cp1252") is None else "latin-1"
    return Encoding(name, f"line {broken} is not UTF-8: read as {name}; if letters look wrong, give --encoding")


def _chunks(path: Path) -> Generator[bytes]:
    with open_bytes(path) as opened:
        while chunk := opened.read(_CHUNK):
            yield chunk
