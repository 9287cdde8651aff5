"""The process in which a version is prepared: shut off from the network, it answers on standard output."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from axagents.errors import AxError, Failed
from axagents.stores.models.cell import leave_network, limit_memory, shut_doors

_MEGABYTES = 4096


def work(asked: dict[str, Any]) -> None:
    """Prepare what is asked for."""
    # Imported here, since the network must be gone before any library starts a thread.
    from axagents.serving.engine.preparing import prepare

    limit_memory(_MEGABYTES)
    shut_doors()
    held = frozenset(asked["held"])
    prepare(Path(asked["folder"]), Path(asked["into"]), allow_pickle=asked["allow_pickle"], held=held)


def main() -> None:
    """Read what is asked from standard input, and write one line of JSON."""
    answers = os.dup(1)
    os.dup2(2, 1)  # Whatever a library prints must not look like an answer.
    leave_network()
    asked = json.load(sys.stdin)
    told: dict[str, Any] = {}
    try:
        work(asked)
    except AxError as error:
        told = {"error": error.as_dict()}
    except MemoryError:
        told = {"error": Failed(f"{asked['folder']} took more than {_MEGABYTES} MB while it was prepared").as_dict()}
    os.write(answers, (json.dumps(told) + "\n").encode())


if __name__ == "__main__":
    main()
