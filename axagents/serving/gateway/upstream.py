"""Pooled HTTP/1.1 connections to one model server."""

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import httptools

Headers = list[tuple[bytes, bytes]]

_NOT_FORWARDED = frozenset({b"connection", b"host", b"keep-alive", b"content-length", b"transfer-encoding", b"expect"})


class Unreachable(Exception):
    """The server did not answer: it refused, broke off, or kept silent."""


@dataclass(frozen=True)
class Answer:
    """What a model server answered."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: bytes) -> str:
        """Return a header, empty where there is none; `name` in small letters."""
        return next((value.decode("latin-1") for key, value in self.headers if key.lower() == name), "")

    @property
    def failed(self) -> bool:
        return self.status >= 500


class Upstream:
    """The connections to one server, at most `most` at once; further requests wait for one."""

    def __init__(self, address: str, *, most: int = 100) -> None:
        host, _, port = address.rpartition(":")
        self.address = address
        self._place = (host.strip("[]"), int(port))
        self._idle: deque[_Connection] = deque()
        self._free = asyncio.Semaphore(most)

    async def ask(self, method: str, path: bytes, *, headers: Headers, body: bytes, seconds: float) -> Answer:
        """Send a request and return the whole answer; one that a kept connection loses unanswered is sent anew.

        Raises:
            Unreachable: within `seconds` there was no answer.
        """
        request = _written(method, path, headers=headers, body=body, host=self.address)
        try:
            async with asyncio.timeout(seconds), self._free:
                return await self._exchange(request)
        except TimeoutError:
            raise Unreachable(f"{self.address} did not answer within {seconds:g} s") from None
        except OSError as error:
            raise Unreachable(f"{self.address}: {error.strerror or error}") from None

    async def _exchange(self, request: bytes) -> Answer:
        while self._idle:
            kept = self._idle.pop()
            if not kept.usable:
                continue
            try:
                return await self._over(kept, request)
            except _Unanswered:
                continue
        loop = asyncio.get_running_loop()
        _, fresh = await loop.create_connection(_Connection, *self._place)
        try:
            return await self._over(fresh, request)
        except _Unanswered:
            raise Unreachable(f"{self.address} broke off") from None

    async def _over(self, connection: "_Connection", request: bytes) -> Answer:
        answered = connection.send(request)
        try:
            answer = await answered
        except BaseException:
            connection.abort()
            raise
        if connection.usable:
            self._idle.append(connection)
        return answer

    def close(self) -> None:
        """Close the connections at rest; those at work close when they have answered."""
        while self._idle:
            self._idle.pop().abort()


class _Unanswered(Exception):
    """The connection was lost before a byte of the answer came."""


class _Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answered: asyncio.Future[Answer] | None = None
        self._headers: Headers = []
        self._parts: list[bytes] = []
        self._begun = False
        self.usable = True

    def send(self, request: bytes) -> asyncio.Future[Answer]:
        self._answered = asyncio.get_running_loop().create_future()
        self._headers, self._parts, self._begun = [], [], False
        if self._transport is None or self._transport.is_closing():
            self._answered.set_exception(_Unanswered())
        else:
            self._transport.write(request)
        return self._answered

    def abort(self) -> None:
        self.usable = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._begun = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(Unreachable(f"no HTTP: {error}"))
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.usable = False
        told = f"it broke off in the middle of an answer ({exc or 'closed'})"
        self._fail(Unreachable(told) if self._begun else _Unanswered())

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_body(self, body: bytes) -> None:
        self._parts.append(body)

    def on_message_complete(self) -> None:
        self.usable = self.usable and self._parser.should_keep_alive()
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(Answer(self._parser.get_status_code(), self._headers, b"".join(self._parts)))
        self._answered = None

    def _fail(self, error: Exception) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(error)
        self._answered = None


def forwarded(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Return the headers that belong to the message, not to the connection; names in small letters."""
    return [(name, value) for name, value in headers if name.lower() not in _NOT_FORWARDED]


def _written(method: str, path: bytes, *, headers: Headers, body: bytes, host: str) -> bytes:
    lines = [b"%b %b HTTP/1.1" % (method.encode("latin-1"), path), b"host: " + host.encode("latin-1")]
    lines += [name + b": " + value for name, value in headers]
    lines.append(b"content-length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
