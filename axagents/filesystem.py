"""Files that are there whole or not at all, and what kind of file system they lie on."""

import os
from dataclasses import dataclass
from pathlib import Path

from axagents.errors import UserError

NETWORK = frozenset(
    "9p afs ceph cephfs cifs davfs fuse.davfs2 fuse.gcsfuse fuse.rclone fuse.s3fs fuse.sshfs glusterfs fuse.glusterfs "
    "gfs gfs2 gpfs lustre ncpfs nfs nfs4 ocfs2 orangefs smb smb2 smb3 smbfs webdav".split()
)
_MOUNTS = Path("/proc/self/mounts")
_ESCAPES = {"\\040": " ", "\\011": "\t", "\\012": "\n", "\\134": "\\"}


@dataclass(frozen=True)
class Mount:
    """A mounted file system: where, and of what type; the type is "unknown" where the system does not tell."""

    place: Path
    type: str

    @property
    def is_network(self) -> bool:
        return self.type.lower() in NETWORK


def write_whole(path: Path, content: str | bytes) -> Path:
    """Write a file aside and put it in its place, which is returned; a kill leaves at most a `.partial` beside it.

    Raises:
        OSError: it cannot be written; what was there is there still.
    """
    aside = path.with_name(f".{path.name}.{os.urandom(4).hex()}.partial")
    try:
        aside.write_bytes(content if isinstance(content, bytes) else content.encode())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    return path


def find_mount(path: Path, mounts: str | None = None) -> Mount:
    """Return the file system that holds `path`; `mounts` is the kernel's table, by default this machine's."""
    listed = read_mounts() if mounts is None else mounts
    path = path.resolve()
    found = Mount(Path(path.anchor), "unknown")
    for line in listed.splitlines():
        parts = line.split()
        if len(parts) < 3:
            continue
        place = Path(_unescaped(parts[1]))
        if path.is_relative_to(place) and len(place.parts) >= len(found.place.parts):
            found = Mount(place, parts[2])
    return found


def refuse_network(folder: Path) -> None:
    """Refuse a folder on a network file system, where SQLite's and Chroma's locks do not hold and state would be lost.

    Raises:
        UserError: it lies on one.
    """
    mount = find_mount(folder)
    if mount.is_network:
        raise UserError(
            f"{folder} lies on a network file system ({mount.type} at {mount.place}), where file locks do not hold and"
            " two processes would damage the project's databases",
            field="--project",
            hint="put the project on a local disk; for teams set [tracking] uri and share the MLflow server",
        )


def read_mounts() -> str:
    """Return the kernel's table of mounts, empty where there is none."""
    try:
        return _MOUNTS.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _unescaped(text: str) -> str:
    for escape, character in _ESCAPES.items():
        text = text.replace(escape, character)
    return os.path.normpath(text)
