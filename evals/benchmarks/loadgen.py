"""A small closed-loop generator of HTTP requests: a few keep-alive connections, every answer checked."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from typing_extensions import override


@dataclass(frozen=True)
class Load:
    """What a server did under load: requests a second, milliseconds, and answers that were not as they should be."""

    per_second: float
    p50: float
    p99: float
    errors: int
    requests: int


def post(path: str, body: bytes, content_type: str = "application/json") -> bytes:
    """Return a request as it goes over the wire."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {content_type}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def load(port: int, requests: Sequence[bytes], *, seconds: float, connections: int = 4) -> Load:
    """Send the requests in turn on each connection, one at a time, and check that each gets one answer, status 200.

    Every answer to one request must have the same bytes.
    """
    return asyncio.run(_load(port, requests, seconds=seconds, connections=connections))


def joined(loads: Sequence[Load]) -> Load:
    """Return the median of several rounds; errors and requests are added up."""
    return Load(
        per_second=statistics.median(each.per_second for each in loads),
        p50=statistics.median(each.p50 for each in loads),
        p99=statistics.median(each.p99 for each in loads),
        errors=sum(each.errors for each in loads),
        requests=sum(each.requests for each in loads),
    )


class _Client(asyncio.Protocol):
    def __init__(self, requests: Sequence[bytes], answers: dict[int, bytes], until: float) -> None:
        self._requests, self._answers, self._until = requests, answers, until
        self._buffer = bytearray()
        self._at = 0
        self.times: list[float] = []
        self.errors = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._began = time.perf_counter()
        self._transport.write(self._requests[self._at % len(self._requests)])

    @override
    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._buffer[:end]).lower()
        length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        if len(self._buffer) < end + 4 + length:
            return
        now = time.perf_counter()
        self.times.append(now - self._began)
        body = bytes(self._buffer[end + 4 :])
        expected = self._answers.setdefault(self._at % len(self._requests), body)
        if not head.startswith(b"http/1.1 200") or body != expected:
            self.errors += 1
        self._buffer.clear()
        self._at += 1
        if now < self._until:
            self._send()
        else:
            self._transport.close()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if time.perf_counter() < self._until:
            self.errors += 1
        if not self.done.done():
            self.done.set_result(None)


async def _load(port: int, requests: Sequence[bytes], *, seconds: float, connections: int) -> Load:
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    answers: dict[int, bytes] = {}
    clients = [
        (await loop.create_connection(lambda: _Client(requests, answers, began + seconds), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(client.done for client in clients))
    spent = time.perf_counter() - began
    times = sorted(each for client in clients for each in client.times)
    return Load(
        per_second=len(times) / spent,
        p50=1000 * times[len(times) // 2],
        p99=1000 * times[int(len(times) * 0.99)],
        errors=sum(client.errors for client in clients),
        requests=len(times),
    )
