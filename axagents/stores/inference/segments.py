"""Append-only files of JSON lines: a process has one open, under a lock that ends with the process."""

import fcntl
import os
import re
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

from axagents.stores.inference.record import Outcome, Record

SUFFIX = ".jsonl"
_MAX_BYTES = 16 << 20
_MAX_SECONDS = 60.0
_ASKED = "let-go"
_NAME = re.compile(r"^(?P<writer>\w+-\d+-[0-9a-f]+)-(?P<number>\d+)\.jsonl$")


@dataclass(frozen=True, order=True)
class Segment:
    """A segment by its writer and its number, which grows from 1 within a writer."""

    writer: str
    number: int
    path: Path

    def is_open(self) -> bool:
        """Tell whether its writer may still append to it; False once the file is gone."""
        try:
            handle = os.open(self.path, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    def read(self) -> bytes | None:
        """Return its whole lines, or None when it is gone."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return None
        return data[: data.rfind(b"\n") + 1]


def list_segments(folder: Path) -> list[Segment]:
    """List the segments of a folder by writer and number."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    found = [(name, _NAME.match(name)) for name in names]
    return sorted(Segment(match["writer"], int(match["number"]), folder / name) for name, match in found if match)


def closed_segments(folder: Path) -> list[Segment]:
    """List the segments that nobody writes any more, of each writer only those before its open one."""
    closed: list[Segment] = []
    busy: set[str] = set()
    for each in list_segments(folder):
        if each.writer not in busy and each.is_open():
            busy.add(each.writer)
        if each.writer not in busy:
            closed.append(each)
    return closed


def unfolded_bytes(folder: Path) -> int:
    """Return the bytes of all segments in a folder."""
    total = 0
    for each in list_segments(folder):
        with suppress(FileNotFoundError):
            total += each.path.stat().st_size
    return total


def ask_to_let_go(folder: Path, *, seconds: float) -> list[Segment]:
    """Ask the writers for the segments that are open now, and return those not let go of within that time."""
    waiting = [each for each in list_segments(folder) if each.is_open()]
    if waiting:
        (folder / _ASKED).touch()
        os.utime(folder / _ASKED)
    end = time.monotonic() + seconds
    while waiting and time.monotonic() < end:
        time.sleep(0.05)
        waiting = [each for each in waiting if each.is_open()]
    return waiting


@dataclass
class _Open:
    handle: int
    began: float
    asked: int
    size: int = 0
    synced: int = 0


class SegmentWriter:
    """Writes the log of one deployment, or one model's outcomes, from this process; for several threads.

    What `append` was given is with the system when it returns: a kill of the process loses none of it, a crash of the
    machine what came after the last `sync`. Call `sync` each second, also when nothing came: it lets go of a segment
    that is old, or that a command asks for.

    Args:
        folder: a log's `segments`.
        max_bytes: a segment is let go of when it is as long.
        max_seconds: or as old.
    """

    def __init__(self, folder: Path, *, max_bytes: int = _MAX_BYTES, max_seconds: float = _MAX_SECONDS) -> None:
        self.folder = folder
        self.name = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{os.getpid()}-{os.urandom(4).hex()}"
        self._max_bytes, self._max_seconds = max_bytes, max_seconds
        self._number = 0
        self._open: _Open | None = None
        self._retired: list[_Open] = []
        self._appending, self._syncing = threading.Lock(), threading.Lock()

    def append(self, records: Iterable[Record | Outcome]) -> None:
        """Write records, all of them or none.

        Raises:
            OSError: the disk is full or refuses.
            TypeError: a value is no JSON.
        """
        data = b"".join([orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE) for each in records])
        if not data:
            return
        with self._appending:
            segment = self._open = self._open or self._begin()
            _write_whole(segment, data)
            if segment.size >= self._max_bytes:
                self._retire(segment)

    def sync(self) -> None:
        """Bring what was appended to the disk; made for a thread of its own, `append` does not wait for it.

        Raises:
            OSError: the disk refuses.
        """
        self._sync(last=False)

    def close(self) -> None:
        """Sync and let go; appending again begins another segment."""
        self._sync(last=True)

    def _sync(self, *, last: bool) -> None:
        with self._syncing:
            with self._appending:
                if self._open and (last or self._is_due(self._open)):
                    self._retire(self._open)
                retired, self._retired = self._retired, []
                waiting = [*retired, *([self._open] if self._open else [])]
                sizes = [each.size for each in waiting]
            try:
                if any(not each.synced for each in waiting):
                    _sync_folder(self.folder)
                for each, size in zip(waiting, sizes, strict=True):
                    if each.synced < size:
                        os.fsync(each.handle)
                        each.synced = size
            finally:
                for each in retired:
                    os.close(each.handle)

    def _retire(self, segment: _Open) -> None:
        self._retired.append(segment)
        self._open = None

    def _is_due(self, segment: _Open) -> bool:
        return time.monotonic() - segment.began >= self._max_seconds or _asked(self.folder) != segment.asked

    def _begin(self) -> _Open:
        self.folder.mkdir(parents=True, exist_ok=True)
        asked = _asked(self.folder)
        path = self.folder / f"{self.name}-{self._number + 1:06d}{SUFFIX}"
        aside = path.with_suffix(".partial")
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        # Locked before it has its name: nobody ever sees an open segment that looks closed.
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        aside.rename(path)
        self._number += 1
        return _Open(handle, time.monotonic(), asked)


def _write_whole(segment: _Open, data: bytes) -> None:
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[os.write(segment.handle, rest) :]
    except OSError:
        os.ftruncate(segment.handle, segment.size)
        raise
    segment.size += len(data)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _asked(folder: Path) -> int:
    try:
        return (folder / _ASKED).stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def lines_of(data: bytes) -> Iterator[bytes]:
    """Yield the lines of a segment."""
    return (line for line in data.split(b"\n") if line)
