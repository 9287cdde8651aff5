"""What of a project its user has trusted: the SHA-256 of every content file, and its MCP servers by hash.

Both are recorded outside the project.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from platformdirs import user_state_path

from axagents.clock import stamp
from axagents.errors import Failed, Refused, UserError
from axagents.fields import sha256_text
from axagents.filesystem import write_whole

CONTENT_FOLDERS = ("personas", "tools", "prompts", "memory")
LARGEST_FILE = 1_000_000
_SERVERS = ".servers"

TrustState = Literal["none", "untrusted", "changed", "trusted"]


@dataclass(frozen=True)
class HeldFile:
    """A content file as it was read, once: what is hashed is what is used.

    Attributes:
        path: relative to the project, with forward slashes.
    """

    path: str
    content: bytes
    sha256: str


@dataclass(frozen=True)
class Holding:
    """The content of a project beside what its user trusted.

    Attributes:
        files: every file of the content folders, sorted by path.
        recorded: path to SHA-256 as last trusted; None when never trusted.
    """

    root: Path
    files: tuple[HeldFile, ...]
    recorded: dict[str, str] | None

    @property
    def state(self) -> TrustState:
        if not self.files:
            return "none"
        if self.recorded is None:
            return "untrusted"
        return "trusted" if self.recorded == self.hashes else "changed"

    @property
    def hashes(self) -> dict[str, str]:
        return {file.path: file.sha256 for file in self.files}

    def changes(self) -> list[tuple[str, str]]:
        """List (path, new | changed | removed) against what was trusted."""
        before, now = self.recorded or {}, self.hashes
        found = [(path, "changed" if path in before else "new") for path in now if now[path] != before.get(path)]
        return sorted(found + [(path, "removed") for path in before if path not in now])


def read_holding(root: Path) -> Holding:
    """Read and hash a project's content; Refused where a link leads out or a file is none."""
    root = root.resolve()
    files = tuple(sorted(_held_files(root), key=lambda file: file.path))
    return Holding(root, files, _read_record(root))


def record_trust(holding: Holding) -> Path:
    """Record that the user trusts exactly this content; return where."""
    return _write(_record_path(holding.root), {"root": str(holding.root), "files": holding.hashes})


def read_pins(root: Path) -> dict[str, dict[str, str]]:
    """Return the hashes of the MCP servers that the user trusts, by name."""
    try:
        record = json.loads(_record_path(root.resolve(), _SERVERS).read_text(encoding="utf-8"))
        return {
            str(name): {str(key): str(each) for key, each in pin.items()} for name, pin in record["servers"].items()
        }
    except (OSError, ValueError, KeyError, AttributeError):
        return {}


def record_pin(root: Path, name: str, pin: dict[str, str]) -> Path:
    """Record that the user trusts an MCP server as it is now; return where."""
    root = root.resolve()
    return _write(_record_path(root, _SERVERS), {"root": str(root), "servers": {**read_pins(root), name: pin}})


def _write(path: Path, record: Mapping[str, Any]) -> Path:
    text = json.dumps({**record, "at": stamp()}, indent=1)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, text)
    except OSError as error:
        raise Failed(f"cannot write {path}: {error.strerror}", hint="set AX_STATE_DIR to a folder of yours") from error
    return path


def revoke_trust(root: Path) -> bool:
    """Forget that a project and its MCP servers were trusted; tell whether they were."""
    paths = [_record_path(root.resolve()), _record_path(root.resolve(), _SERVERS)]
    known = any(path.exists() for path in paths)
    for path in paths:
        path.unlink(missing_ok=True)
    return known


def state_folder() -> Path:
    """Return the user's own state folder of axagents: AX_STATE_DIR, or the platform's."""
    named = os.environ.get("AX_STATE_DIR")
    return Path(named).expanduser().resolve() if named else user_state_path("axagents", appauthor=False)


def _record_path(root: Path, suffix: str = "") -> Path:
    folder = state_folder()
    if folder.is_relative_to(root):
        named = next((name for name in ("AX_STATE_DIR", "XDG_STATE_HOME") if os.environ.get(name)), None)
        told = f"{named} puts your state into {folder}" if named else f"your state lies in {folder}"
        raise UserError(
            f"{told}, inside the project, which could then trust itself",
            field=named or "AX_STATE_DIR",
            hint="set AX_STATE_DIR to a folder outside the project" + (f", or unset {named}" if named else ""),
        )
    return folder / "trust" / f"{sha256_text(str(root))}{suffix}.json"


def _read_record(root: Path) -> dict[str, str] | None:
    try:
        record = json.loads(_record_path(root).read_text(encoding="utf-8"))
        return {str(path): str(digest) for path, digest in record["files"].items()}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, AttributeError):
        return {}


def _held_files(root: Path) -> Iterator[HeldFile]:
    for name in CONTENT_FOLDERS:
        folder = root / name
        if folder.is_symlink() or folder.is_dir():
            yield from _walk(root, folder, inside=folder)


def _walk(root: Path, folder: Path, *, inside: Path) -> Iterator[HeldFile]:
    if folder.is_symlink():
        raise Refused(f"{folder.relative_to(root)} is a link; content folders hold real folders and files only")
    for path in sorted(folder.iterdir()):
        if path.is_symlink() and not path.resolve().is_relative_to(inside):
            raise Refused(f"{path.relative_to(root)} is a link that leads out of {inside.name}/")
        if path.is_dir():
            if path.name != "__pycache__":
                yield from _walk(root, path, inside=inside)
        elif not path.is_file():
            raise Refused(f"{path.relative_to(root)} is no regular file")
        else:
            yield _read(root, path)


def _read(root: Path, path: Path) -> HeldFile:
    shown = path.relative_to(root).as_posix()
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_FILE + 1)
    except OSError as error:
        raise Refused(f"cannot read {shown}: {error.strerror}") from error
    if len(content) > LARGEST_FILE:
        raise Refused(f"{shown} is larger than {LARGEST_FILE:,} bytes, too large for a content file")
    return HeldFile(shown, content, hashlib.sha256(content).hexdigest())
