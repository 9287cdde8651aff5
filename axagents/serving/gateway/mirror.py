"""Copies of requests for versions that no client sees, and how their answers compare with those that clients got."""

import asyncio
from dataclasses import dataclass
from itertools import chain
from typing import Any

import orjson

from axagents.serving.gateway.counters import Counters, MirrorCounters
from axagents.serving.gateway.upstream import Answer, Headers, Unreachable, Upstream

WAITING = 1_000
_AT_ONCE = 4
_SECONDS = 30


@dataclass(frozen=True)
class Copy:
    """A request on its way to a mirrored variant, with what the client was answered."""

    variant: str
    upstream: Upstream
    path: bytes
    headers: Headers
    body: bytes
    answered: Answer


class Mirror:
    """A bounded queue and the few that work it off; whoever offers a copy never waits."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._waiting: asyncio.Queue[Copy] = asyncio.Queue(WAITING)
        self._working: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to work copies off; needs a running loop."""
        self._working = [asyncio.create_task(self._work()) for _ in range(_AT_ONCE)]

    async def stop(self) -> None:
        """Give up what waits."""
        for each in self._working:
            each.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)

    def offer(self, copy: Copy) -> None:
        """Queue a copy, or count it as dropped."""
        try:
            self._waiting.put_nowait(copy)
        except asyncio.QueueFull:
            self._counters.of_mirror(copy.variant).dropped += 1

    async def _work(self) -> None:
        while True:
            copy = await self._waiting.get()
            await self._send(copy, self._counters.of_mirror(copy.variant))

    async def _send(self, copy: Copy, counted: MirrorCounters) -> None:
        counted.sent += 1
        try:
            answer = await copy.upstream.ask("POST", copy.path, headers=copy.headers, body=copy.body, seconds=_SECONDS)
        except Unreachable:
            counted.failed += 1
            return
        if answer.failed:
            counted.failed += 1
        elif answer.status < 400:
            rows, positive = rows_of(answer)
            counted.rows += rows
            counted.positive += positive
            _compare(copy.answered.body, answer.body, counted)


def rows_of(answer: Answer) -> tuple[int, int]:
    """Return how many rows an answer holds, and how many of them are positive, as the server's headers say."""
    rows, positive = answer.header(b"x-ax-rows"), answer.header(b"x-ax-positive")
    return int(rows or 0), int(positive or 0)


def _compare(one: bytes, other: bytes, counted: MirrorCounters) -> None:
    live, mirrored = _content(one), _content(other)
    labels, others = live.get("predictions"), mirrored.get("predictions")
    if not isinstance(labels, list) or not isinstance(others, list) or len(labels) != len(others):
        counted.failed += 1
        return
    counted.compared += len(labels)
    scores, other_scores = live.get("probabilities"), mirrored.get("probabilities")
    if scores is None or other_scores is None:
        scores, other_scores = labels, others
    else:
        counted.differed += sum(label != other for label, other in zip(labels, others, strict=True))
    gaps = [abs(a - b) for a, b in zip(_numbers(scores), _numbers(other_scores), strict=False)]
    counted.apart += sum(gaps)
    counted.farthest = max(counted.farthest, max(gaps, default=0.0))


def _content(body: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}


def _numbers(scores: list[Any]) -> list[float]:
    flat = chain.from_iterable(each if isinstance(each, list) else [each] for each in scores)
    return [each for each in flat if isinstance(each, int | float)]
