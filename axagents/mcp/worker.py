"""A worker of the MCP server: a process that makes one call after another, told and telling in lines of JSON.

A process of its own, so that a call can be broken off as with Ctrl-C, several go on at once, and none takes the
server with it.
"""

import json
import os
import signal
import sys
import threading
import time
from dataclasses import asdict
from queue import SimpleQueue
from typing import Any, TextIO

from axagents.errors import AxError
from axagents.mcp.calls import Order, make_call
from axagents.progress import Advance, Event, Note, StepDone, StepStarted, listen

GRACE = 3.0
"""Seconds in which a call that is broken off may write down how far it came."""
TOLD = {each.__name__: each for each in (StepStarted, StepDone, Note, Advance)}
"""The events that are passed on, by name."""
_BETWEEN = 0.1


class Told:
    """Passes events on as lines, of how far a step is no more than ten a second."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._at = 0.0

    def __call__(self, event: Event) -> None:
        if type(event).__name__ not in TOLD:
            return
        if isinstance(event, Advance) and time.monotonic() - self._at < _BETWEEN:
            return
        self._at = time.monotonic()
        self.write({"event": type(event).__name__, "values": asdict(event)})

    def write(self, message: dict[str, Any]) -> None:
        """Write one line."""
        self._out.write(json.dumps(message) + "\n")
        self._out.flush()


def main() -> None:
    """Make the calls that come in on standard input until it ends."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    told = Told(_own_output())
    orders: SimpleQueue[str | None] = SimpleQueue()
    threading.Thread(target=_take, args=(orders,), daemon=True).start()
    try:
        while (line := orders.get()) is not None:
            told.write(_answer(Order(**json.loads(line)), told))
    except KeyboardInterrupt:
        sys.exit(130)


def _answer(order: Order, told: Told) -> dict[str, Any]:
    try:
        with listen(told):
            return {"result": make_call(order)}
    except AxError as error:
        return {"error": error.as_dict()}


def _own_output() -> TextIO:
    """Return what was standard output; whatever prints from now on prints on standard error."""
    own = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(own, "w", encoding="utf-8")


def _take(orders: "SimpleQueue[str | None]") -> None:
    """Take in the orders; when the server is gone, break off what is being done, and do not outlive it."""
    for line in sys.stdin:
        orders.put(line)
    orders.put(None)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(GRACE)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
