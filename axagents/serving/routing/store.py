"""`routing.json` of a deployment."""

from collections.abc import Callable
from pathlib import Path

from axagents.errors import UserError
from axagents.serving.revisioned import Revisions
from axagents.serving.routing.state import Routing

ROUTINGS = Revisions(Routing, file="routing.json", what="traffic")


def routing_path(folder: Path) -> Path:
    """Return the file in a deployment's folder."""
    return folder / ROUTINGS.file


def read_routing(folder: Path) -> Routing:
    """Return the newest state; UserError when nothing was deployed there, Failed when it is damaged."""
    found = ROUTINGS.read(folder)
    if found is None:
        raise UserError(
            f"{folder.name} has no traffic: nothing was deployed there", field="deployment", hint="ax deploy list"
        )
    return found


def write_first(folder: Path, routing: Routing) -> Routing:
    """Write the first state of a deployment; Moved when there is one."""
    return ROUTINGS.write_first(folder, routing)


def change_routing(folder: Path, *, seen: int, change: Callable[[Routing], Routing]) -> Routing:
    """Replace the state of revision `seen`, under the next one; Moved when it is at another by now."""
    return ROUTINGS.change(folder, seen=seen, change=change)
