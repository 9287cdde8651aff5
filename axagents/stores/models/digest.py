"""The identity of a model folder: one SHA-256 over the names and contents of its files."""

import hashlib
from pathlib import Path


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_digests(folder: Path) -> dict[str, str]:
    """Return relative path to SHA-256 of every file below `folder`, sorted by path."""
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {path: file_digest(folder / path) for path in paths}


def digest(folder: Path) -> str:
    """Return the SHA-256 of a model folder.

    It is that of the lines `<sha256>  <path>` of all its files in order of their paths, as
    `find . -type f -printf '%P\\n' | LC_ALL=C sort | xargs sha256sum | sha256sum` computes it.
    """
    lines = "".join(f"{sha256}  {path}\n" for path, sha256 in file_digests(folder).items())
    return hashlib.sha256(lines.encode()).hexdigest()


def folder_size(folder: Path) -> int:
    """Return the bytes of all files below `folder`."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
