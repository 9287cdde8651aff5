"""Units under a keyed hash: the log can join what one unit did, and tells nobody without the key who it was."""

import os
from hashlib import blake2b
from pathlib import Path

from axagents.errors import Failed
from axagents.project import Project, make_folder
from axagents.stores.inference.places import inference_folder

_BYTES = 32


def unit_key(project: Project) -> bytes:
    """Return the project's key, made once and readable by its owner alone.

    Raises:
        Failed: the file that holds it is damaged.
    """
    path = inference_folder(project) / "unit.key"
    key = _read(path) or _make(path)
    if len(key) != _BYTES:
        raise Failed(f"{path} is damaged; without it no outcome finds its unit", hint="ax restore BACKUP")
    return key


def hash_unit(key: bytes, unit: str) -> str:
    """Return the unit's hash, 32 hexadecimal digits."""
    return blake2b(unit.encode(errors="surrogatepass"), digest_size=16, key=key).hexdigest()


def unit_text(value: object) -> str:
    """Write a unit one way wherever it comes from: 17, 17.0 and "17" are the same one."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _make(path: Path) -> bytes:
    make_folder(path.parent)
    aside = path.with_name(f".{path.name}.{os.urandom(4).hex()}.partial")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, os.urandom(_BYTES))
        os.fsync(handle)
        os.link(aside, path)  # unlike a rename it fails where another process was first
    except FileExistsError:
        pass
    finally:
        os.close(handle)
        aside.unlink()
    return path.read_bytes()
