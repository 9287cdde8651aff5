"""The process in which a model is checked: shut off from the network, bounded, it answers on standard output."""

import contextlib
import ctypes
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

_NEW_USER = 0x10000000
_NEW_NETWORK = 0x40000000
_SHUT = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "urllib.Request")


def leave_network() -> bool:
    """Move this process into a network namespace of its own, with nothing in it; tell whether that was permitted."""
    if not sys.platform.startswith("linux"):
        return False
    unshare = ctypes.CDLL(None, use_errno=True).unshare
    return unshare(_NEW_NETWORK) == 0 or unshare(_NEW_USER | _NEW_NETWORK) == 0


def shut_doors() -> None:
    """Refuse sockets and new processes from here on; an audit hook cannot be taken out again."""

    def refuse(event: str, _arguments: tuple[Any, ...]) -> None:
        if event.startswith(_SHUT):
            raise PermissionError(f"a model under check may not use {event}")

    sys.addaudithook(refuse)


def limit_memory(megabytes: int) -> None:
    """Let this process take so much address space beyond what it has now, where the system can bound it."""
    import psutil

    try:
        import resource
    except ImportError:
        return
    most = psutil.Process().memory_info().vms + (megabytes << 20)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def check(asked: dict[str, Any], *, network: str) -> dict[str, Any]:
    """Load the folder and compare its answers; return the fields of `Check`."""
    # Imported here, since the network must be gone before any library starts a thread.
    from axagents.stores.models.answer import answer_example
    from axagents.stores.models.folder import open_folder
    from axagents.stores.models.load import load_opened

    limit_memory(asked["megabytes"])
    shut_doors()
    began = time.perf_counter()
    opened = open_folder(Path(asked["folder"]), allow_pickle=asked["allow_pickle"], held=frozenset(asked["held"]))
    rows, compared = answer_example(opened, load_opened(opened))
    return {"rows": rows, "compared": compared, "network": network, "seconds": round(time.perf_counter() - began, 3)}


def main() -> None:
    """Read what is asked from standard input, and write one line of JSON."""
    from axagents.errors import AxError, Failed

    answers = os.dup(1)
    os.dup2(2, 1)  # Whatever a library prints must not look like an answer.
    network = "none" if leave_network() else "blocked"
    asked = json.load(sys.stdin)
    try:
        told = check(asked, network=network)
    except AxError as error:
        told = {"error": error.as_dict()}
    except MemoryError:
        most = f"{asked['megabytes']} MB"
        told = {"error": Failed(f"{asked['folder']} took more than {most} while it was checked").as_dict()}
    os.write(answers, (json.dumps(told) + "\n").encode())


if __name__ == "__main__":
    main()
