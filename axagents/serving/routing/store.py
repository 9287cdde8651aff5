"""`routing.json` of a deployment: written whole, changed only by who has seen its newest revision."""

import os
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock
from pydantic import ValidationError

from axagents.errors import Failed, UserError
from axagents.filesystem import write_whole
from axagents.serving.routing.state import Routing

FILE = "routing.json"


class Moved(Failed):
    """Somebody else changed the routing since it was read."""


def routing_path(folder: Path) -> Path:
    """Return the file in a deployment's folder."""
    return folder / FILE


def read_routing(folder: Path) -> Routing:
    """Return the newest state.

    Raises:
        UserError: the folder holds none.
        Failed: it is damaged.
    """
    path = routing_path(folder)
    try:
        return Routing.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise UserError(
            f"{folder.name} has no traffic: nothing was deployed there", field="deployment", hint="ax deploy list"
        ) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise Failed(f"{path} is damaged: {first['msg']}", hint="ax restore BACKUP") from None


def write_first(folder: Path, routing: Routing) -> Routing:
    """Write the first state of a deployment; Moved when there is one."""
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder):
        if routing_path(folder).exists():
            raise Moved(f"{folder.name} has traffic already", hint=f"ax deploy status {folder.name}")
        _write(folder, routing)
    return routing


def change_routing(folder: Path, *, seen: int, change: Callable[[Routing], Routing]) -> Routing:
    """Replace the state of revision `seen` by what `change` makes of it, under the next revision, synced to disk.

    Raises:
        Moved: it is at another revision by now; nothing was changed.
        ValidationError: what `change` made is no routing.
    """
    with _alone(folder):
        now = read_routing(folder)
        if now.revision != seen:
            raise Moved(
                f"the traffic of {folder.name} is at revision {now.revision} by now, not {seen}; nothing was changed",
                hint=f"ax deploy status {folder.name}",
            )
        changed = Routing.model_validate(change(now).model_dump() | {"revision": seen + 1})
        _write(folder, changed)
    return changed


def _alone(folder: Path) -> FileLock:
    return FileLock(folder / f".{FILE}.lock", timeout=30)


def _write(folder: Path, routing: Routing) -> None:
    path = write_whole(routing_path(folder), routing.model_dump_json(indent=1) + "\n")
    for place in (path, folder):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
