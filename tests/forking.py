"""Work in a child process that may be killed, without importing the heavy libraries again."""

import json
import os
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from axagents import faults


def in_a_child(work: Callable[[], Any], *, fault: str | None = None) -> int:
    """Do `work` in a forked process, with AX_FAULT set to `fault`; return its exit code, -9 when it was killed.

    The parent must not have opened the databases that the child writes: SQLite forbids to carry them over a fork.
    """
    child = os.fork()
    if child == 0:
        code = 1
        try:
            faults._passed.clear()  # pyright: ignore[reportPrivateUsage]
            os.environ["AX_FAULT"] = fault or ""
            work()
            code = 0
        finally:
            if code:
                traceback.print_exc()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def told_by_a_child(work: Callable[[], Any], into: Path) -> Any:
    """Return the JSON value that `work` gives in a child process."""
    code = in_a_child(lambda: into.write_text(json.dumps(work())))
    assert code == 0
    return json.loads(into.read_text())
