"""What is known of the vector index from outside it: how far it has come, who made it, and how its files lay then."""

import json
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

from axagents.filesystem import write_whole
from axagents.stores.memory.feed import Position

FILE = "axagents.json"
FORMAT = 1
# What Chroma writes into while it is merely opened; everything else changes only when something is indexed.
_OPENED = {"chroma.sqlite3", "chroma.sqlite3-wal", "chroma.sqlite3-shm", "chroma.sqlite3-journal"}


@dataclass(frozen=True)
class Space:
    """How far one namespace's collection has come, and how many records it then held."""

    position: Position
    count: int


@dataclass(frozen=True)
class Marker:
    """The state of the index after its last write.

    Attributes:
        folder: where Chroma's files lie, beside the marker; an index made anew gets a new one.
        generation: moves with every write and never comes back; who opened an older one must open it again.
        state: `writing` while a batch goes in, `suspect` once a writer was found dead in one.
        files: size and time of change of each file that only writing changes.
    """

    embedder: str
    folder: str
    generation: int = 0
    state: Literal["clean", "writing", "suspect"] = "clean"
    spaces: dict[str, Space] = field(default_factory=dict[str, Space])
    files: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    format: int = FORMAT

    def at(self, namespace: str) -> Space:
        """Return how far a namespace has come."""
        return self.spaces.get(namespace, Space(Position(), 0))

    def writing(self) -> "Marker":
        """Return the marker to be left before a batch goes in."""
        return replace(self, generation=time.time_ns(), state="writing")

    def written(self, place: Path, spaces: dict[str, Space]) -> "Marker":
        """Return the marker to be left in `place` after a batch went in."""
        return replace(self, state="clean", spaces={**self.spaces, **spaces}, files=self.list_files(place))

    def list_files(self, place: Path) -> dict[str, tuple[int, int]]:
        """Return size and time of change of every file that only writing changes."""
        folder = place / self.folder
        found = {path.relative_to(folder).as_posix(): path.stat() for path in folder.rglob("*") if path.is_file()}
        return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in found.items() if name not in _OPENED}


def read_marker(place: Path) -> Marker | None:
    """Return the marker of an index, or None when there is none that can be read."""
    try:
        kept = json.loads((place / FILE).read_text(encoding="utf-8"))
        if kept["format"] != FORMAT:
            return None
        spaces = {name: Space(Position(**at["position"]), at["count"]) for name, at in kept.pop("spaces").items()}
        files = {name: (size, changed) for name, (size, changed) in kept.pop("files").items()}
        return Marker(**kept, spaces=spaces, files=files)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_marker(place: Path, marker: Marker) -> None:
    """Leave a marker, whole or not at all."""
    write_whole(place / FILE, json.dumps(asdict(marker)))
