"""A small document on disk under a revision: written whole and synced, changed only by who has seen its newest."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from filelock import FileLock
from pydantic import BaseModel, Field, ValidationError

from axagents.errors import Failed
from axagents.filesystem import write_whole


class Revised(BaseModel):
    """What has a revision that grows by one with every change."""

    revision: int = Field(default=1, ge=1)


Document = TypeVar("Document", bound=Revised)


class Moved(Failed):
    """Somebody else changed the document since it was read."""


class Revisions(Generic[Document]):
    """The document of one kind in any folder.

    Args:
        file: its name in the folder.
        what: what people call it.
    """

    def __init__(self, kind: type[Document], *, file: str, what: str) -> None:
        self._kind = kind
        self.file = file
        self._what = what

    def read(self, folder: Path) -> Document | None:
        """Return the newest state, None where there is none; Failed when it is damaged."""
        path = folder / self.file
        try:
            return self._kind.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise Failed(f"{path} is damaged: {first['msg']}", hint="ax restore BACKUP") from None

    def write_first(self, folder: Path, document: Document) -> Document:
        """Write the first state; Moved when there is one."""
        folder.mkdir(parents=True, exist_ok=True)
        with self._alone(folder):
            if (folder / self.file).exists():
                raise Moved(f"{folder.name} has {self._what} already", hint=f"ax deploy status {folder.name}")
            self._write(folder, document)
        return document

    def change(self, folder: Path, *, seen: int, change: Callable[[Document], Document]) -> Document:
        """Replace the state of revision `seen` by what `change` makes of it, under the next revision.

        Raises:
            Moved: it is at another revision by now; nothing was changed.
            ValidationError: what `change` made is not legal.
        """
        with self._alone(folder):
            now = self.read(folder)
            if now is None or now.revision != seen:
                raise self._moved(folder, now, seen=seen)
            changed = self._kind.model_validate(change(now).model_dump() | {"revision": seen + 1})
            self._write(folder, changed)
        return changed

    def withdraw(self, folder: Path, *, seen: int) -> None:
        """Take the document of revision `seen` away; Moved when it is at another revision by now."""
        with self._alone(folder):
            now = self.read(folder)
            if now is None or now.revision != seen:
                raise self._moved(folder, now, seen=seen)
            (folder / self.file).unlink()

    def _moved(self, folder: Path, now: Document | None, *, seen: int) -> Moved:
        found = f"at revision {now.revision}" if now else "gone"
        return Moved(
            f"the {self._what} of {folder.name} is {found} by now, not at {seen}; nothing was changed",
            hint=f"ax deploy status {folder.name}",
        )

    def _alone(self, folder: Path) -> FileLock:
        return FileLock(folder / f".{self.file}.lock", timeout=30)

    def _write(self, folder: Path, document: Document) -> None:
        path = write_whole(folder / self.file, document.model_dump_json(indent=1) + "\n")
        for place in (path, folder):
            handle = os.open(place, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
