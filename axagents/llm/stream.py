"""Read a model's answer as it arrives: events of a stream, or one JSON body, within a time."""

import json
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any, cast

import httpx2

from axagents.llm.endpoint import Endpoint
from axagents.llm.failures import judge, not_a_model, unreachable
from axagents.llm.retrying import Again

SILENCE = 300.0
"""Seconds without a byte after which a connection is taken for dead; a model may think for minutes before it speaks."""
_CONNECT = 15.0
_LONGEST_LINE = 32_000_000
_BROKEN = (json.JSONDecodeError, UnicodeDecodeError)

Event = dict[str, Any]


def timeouts(seconds: float) -> httpx2.Timeout:
    """Return how long one request may be silent when so many seconds are left."""
    return httpx2.Timeout(min(SILENCE, seconds), connect=min(_CONNECT, seconds))


@contextmanager
def told_plainly(endpoint: Endpoint) -> Generator[None]:
    """Raise what the connection can do wrong as `Again`."""
    try:
        yield
    except httpx2.ConnectError:
        raise unreachable(endpoint) from None
    except httpx2.TimeoutException as error:
        when = "connecting" if isinstance(error, httpx2.ConnectTimeout) else "waiting for its answer"
        raise Again(f"time ran out {when}") from None
    except httpx2.HTTPError as error:
        raise Again(f"the connection broke ({type(error).__name__})") from None


@contextmanager
def of_the_protocol() -> Generator[None]:
    """Raise `Again` where an answer has another shape than its protocol says."""
    try:
        yield
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise Again("a part of the answer is not as its protocol has it", tries=3) from error


def read_answer(endpoint: Endpoint, response: httpx2.Response, end: float) -> Iterator[Event]:
    """Yield the events of a stream, or the one body of an answer that is none, as `{"type": "whole", ...}`.

    Args:
        end: when it must be over, on the monotonic clock.

    Raises:
        Again: the time is over, or what came cannot be read.
        ProviderError: the answer is no model's, such as a page of HTML.
    """
    content_type = response.headers.get("content-type", "").lower()
    if "event-stream" in content_type or not content_type:
        for data in _data(response, end):
            yield _parsed(endpoint, data)
        return
    if "json" not in content_type:
        raise not_a_model(endpoint, content_type.partition(";")[0])
    body = _parsed(endpoint, b"".join(_chunks(response, end)).decode("utf-8", "replace"))
    yield {**body, "type": "whole"}


def _parsed(endpoint: Endpoint, data: str) -> Event:
    try:
        event: Any = json.loads(data)
    except _BROKEN:
        raise Again("a part of the answer could not be read") from None
    if not isinstance(event, dict):
        raise not_a_model(endpoint, "JSON that is no object")
    event = cast("Event", event)
    if event.get("error"):
        raise judge(endpoint, 200, event)
    return event


def _data(response: httpx2.Response, end: float) -> Iterator[str]:
    """Yield the data of each event up to [DONE]; the rest is read too, so that the connection can be used again."""
    pieces: list[str] = []
    done = False
    for line in _lines(response, end):
        if line.startswith("data:"):
            pieces.append(line[5:].removeprefix(" "))
        elif not line and pieces:
            data, pieces = "\n".join(pieces), []
            done = done or data.startswith("[DONE]")
            if not done:
                yield data


def _lines(response: httpx2.Response, end: float) -> Iterator[str]:
    rest = b""
    for chunk in _chunks(response, end):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            try:
                yield line.removesuffix(b"\r").decode()
            except UnicodeDecodeError:
                raise Again("a part of the answer could not be read") from None
        if len(rest) > _LONGEST_LINE:
            raise Again("the answer has no end")


def _chunks(response: httpx2.Response, end: float) -> Iterator[bytes]:
    for chunk in response.iter_bytes():
        if time.monotonic() > end:
            raise Again("no whole turn in time")
        yield chunk
