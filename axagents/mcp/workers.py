"""The workers of the MCP server, from outside: started when a call needs one, kept for the next, always stopped."""

import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from typing import Any

import anyio
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from axagents.mcp.calls import Order
from axagents.mcp.worker import GRACE

AT_ONCE = 4
"""How many calls are made at a time; more wait for their turn."""
_KEPT = 2
_LONGEST = 64_000_000
_COMMAND = [sys.executable, "-P", "-s", "-m", "axagents.mcp.worker"]

Tell = Callable[[dict[str, Any]], Awaitable[None]]
"""Is told the events of a call, each as its name and its values."""


class _Worker:
    def __init__(self, process: Process) -> None:
        assert process.stdin
        assert process.stdout
        self._process = process
        self._orders = process.stdin
        self._lines = BufferedByteReceiveStream(process.stdout)

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def call(self, order: Order, tell: Tell) -> dict[str, Any]:
        """Have a call made and return the line that ends it.

        Raises:
            anyio.IncompleteRead, anyio.BrokenResourceError: the process has ended.
        """
        await self._orders.send(json.dumps(asdict(order)).encode() + b"\n")
        while True:
            message = json.loads(await self._lines.receive_until(b"\n", _LONGEST))
            if "event" not in message:
                return message
            await tell(message)

    async def stop(self) -> int | None:
        """Break off what it does, as Ctrl-C would; one that does not end is killed, with all that it started."""
        with anyio.CancelScope(shield=True):
            self._signal(signal.SIGINT)
            with anyio.move_on_after(GRACE):
                await self._process.wait()
            self._signal(signal.SIGKILL)
            await self._process.aclose()
        return self._process.returncode

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


class Workers:
    """The workers that are there."""

    def __init__(self) -> None:
        self._idle: list[_Worker] = []
        self._places = anyio.CapacityLimiter(AT_ONCE)

    async def call(self, order: Order, tell: Tell) -> dict[str, Any]:
        """Have a call made; cancelled, it is broken off.

        Returns:
            {"result": ...} or {"error": ...}, an error also where the process that made it died.
        """
        async with self._places:
            self._idle = [each for each in self._idle if each.alive]
            worker = self._idle.pop() if self._idle else await _start()
            try:
                answer = await worker.call(order, tell)
            except (anyio.IncompleteRead, anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
                return {"error": _died(order, await worker.stop())}
            except BaseException:
                await worker.stop()
                raise
            if len(self._idle) < _KEPT:
                self._idle.append(worker)
            else:
                await worker.stop()
            return answer

    async def stop(self) -> None:
        """Stop those that are idle; the others are stopped where their calls are cancelled."""
        async with anyio.create_task_group() as group:
            for worker in self._idle:
                group.start_soon(worker.stop)
        self._idle.clear()


@asynccontextmanager
async def open_workers() -> AsyncGenerator[Workers]:
    """Give workers, and stop them at the end."""
    workers = Workers()
    try:
        yield workers
    finally:
        with anyio.CancelScope(shield=True):
            await workers.stop()


async def _start() -> _Worker:
    return _Worker(await anyio.open_process(_COMMAND, stderr=None, start_new_session=True))


def _died(order: Order, code: int | None) -> dict[str, Any]:
    how = f"signal {-code}" if code and code < 0 else f"exit {code}"
    told = f"the process that made the call of {order.tool} ended ({how}); what it began can be resumed"
    return {"kind": "failed", "message": told, "field": None, "legal": [], "hint": "ax runs list", "exit_code": 1}
