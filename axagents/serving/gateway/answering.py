"""One request: to the variant that owns its unit, rescued by the stable version where a canary fails."""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from axagents.serving.engine.unfit import Unfit
from axagents.serving.gateway.counters import Counters
from axagents.serving.gateway.mirror import Copy, Mirror, rows_of
from axagents.serving.gateway.traffic import Traffic
from axagents.serving.gateway.upstream import Answer, Headers, Unreachable, forwarded
from axagents.serving.routing import Variant

SECONDS = 60.0
PATIENCE = 10.0
"""Seconds that a request waits for a server that died to come back."""

_RESCUED = ("canary",)
_RETRY = 0.05
_MOST_WAITING = 500


@dataclass(frozen=True)
class Answered:
    """What the log keeps of a request: who answered what, when, and how long it took."""

    request_id: str
    began: float
    milliseconds: float
    variant: Variant
    unit: str | None
    content_type: str | None
    body: bytes
    answer: Answer


class Answerer:
    """Answers requests for predictions."""

    def __init__(self, traffic: Traffic, counters: Counters, *, record: Callable[[Answered], None]) -> None:
        self._traffic = traffic
        self._counters = counters
        self._record = record
        self._waiting = 0
        self.mirror = Mirror(counters)

    async def answer(self, path: bytes, headers: Headers, body: bytes) -> Answer:
        """Return the answer for the client; it names its request and the version that gave it."""
        request_id = _header(headers, b"x-request-id") or secrets.token_hex(8)
        try:
            unit = self._traffic.unit_of(headers, body)
        except Unfit as unfit:
            return refuse(unfit.status, unfit.message, field=unfit.field, request_id=request_id)
        asked = Asked(path, [*forwarded(headers), (b"x-request-id", request_id.encode("latin-1"))], body)
        owner = self._traffic.owner_of(unit)
        began, started = time.time(), time.perf_counter()
        variant, answer = await self._ask(owner, asked)
        milliseconds = 1e3 * (time.perf_counter() - started)
        kind = _header(headers, b"content-type")
        self._record(Answered(request_id, began, milliseconds, variant, unit, kind, body, answer))
        self._copy(asked, answer)
        return named(answer, variant, request_id)

    async def _ask(self, owner: Variant, asked: "Asked") -> tuple[Variant, Answer]:
        if owner.role not in _RESCUED:
            return owner, await self._counted(owner, asked, patience=PATIENCE)
        answer = await self._counted(owner, asked, patience=0)
        if not answer.failed:
            return owner, answer
        self._counters.of(owner.name).rescued += 1
        stable = self._traffic.stable
        return stable, await self._counted(stable, asked, patience=PATIENCE)

    async def _counted(self, variant: Variant, asked: "Asked", *, patience: float) -> Answer:
        counted, began = self._counters.of(variant.name), time.perf_counter()
        try:
            answer = await self._reach(variant, asked, patience=patience)
        except Unreachable as error:
            counted.count(0, 0)
            return refuse(503, f"{variant.model} {variant.version} did not answer: {error}")
        counted.count(answer.status, 1e3 * (time.perf_counter() - began))
        counted.count_rows(*rows_of(answer))
        return answer

    async def _reach(self, variant: Variant, asked: "Asked", *, patience: float) -> Answer:
        """Ask until the server answers: a prediction may be asked for twice, and a server that died comes back."""
        until = time.perf_counter() + patience
        while True:
            try:
                return await self._traffic.upstream(variant).ask(
                    "POST", asked.path, headers=asked.headers, body=asked.body, seconds=SECONDS
                )
            except Unreachable:
                if time.perf_counter() >= until or self._waiting >= _MOST_WAITING:
                    raise
            self._waiting += 1
            try:
                await asyncio.sleep(_RETRY)
            finally:
                self._waiting -= 1

    def _copy(self, asked: "Asked", answer: Answer) -> None:
        if answer.status >= 400:
            return
        for variant in self._traffic.mirrored:
            upstream = self._traffic.upstream(variant)
            self.mirror.offer(Copy(variant.name, upstream, asked.path, asked.headers, asked.body, answer))


@dataclass(frozen=True)
class Asked:
    """A request as it goes to a model server."""

    path: bytes
    headers: Headers
    body: bytes


def refuse(status: int, message: str, *, field: str | None = None, request_id: str = "") -> Answer:
    """Return an answer of the gateway's own."""
    body = orjson.dumps(
        {"error_code": "BAD_REQUEST" if status < 500 else "UNAVAILABLE", "message": message, "field": field}
    )
    headers = [(b"content-type", b"application/json")]
    return Answer(status, [*headers, (b"x-request-id", request_id.encode("latin-1"))] if request_id else headers, body)


def named(answer: Answer, variant: Variant, request_id: str) -> Answer:
    """Return the answer under its request's name, and its version's where the server did not say."""
    added = [(b"x-request-id", request_id.encode("latin-1")), (b"x-ax-variant", variant.name.encode())]
    if not answer.header(b"x-ax-version"):
        added.append((b"x-ax-version", f"{variant.model}:{variant.version}".encode()))
    return Answer(answer.status, [*forwarded(answer.headers), *added], answer.body)


def _header(headers: Headers, name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in headers if key == name), None)
