"""Spans as OpenTelemetry has them: what was done, when, within what; carried by the context, handed on in batches.

They hold names, counts and times only: no prompt, argument or result is ever put into one.
"""

import secrets
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal

from axagents.errors import AxError, Waiting

Kind = Literal["internal", "client"]
Value = str | int | float | bool | tuple[str, ...]
Attributes = Mapping[str, Value | None]
"""By dotted name; what is None is left out."""

BATCH = 256
SECONDS = 5.0
"""After so many spans or seconds the ended ones are handed on, so that a killed process loses few."""


@dataclass(slots=True)
class Event:
    """Something that happened within a span; `at` in nanoseconds of the epoch."""

    name: str
    at: int
    attributes: dict[str, Value]


@dataclass(slots=True)
class Span:
    """Something done within a run; times in nanoseconds of the epoch, `error` is the kind of error that ended it."""

    name: str
    kind: Kind = "internal"
    run_id: str = ""
    trace_id: str = ""
    span_id: str = ""
    parent_id: str | None = None
    started: int = 0
    ended: int = 0
    error: str | None = None
    attributes: dict[str, Value] = field(default_factory=dict[str, Value])
    events: list[Event] = field(default_factory=list[Event])

    def tell(self, attributes: Attributes) -> None:
        """Put attributes to it."""
        for name, value in attributes.items():
            if value is not None:
                self.attributes[name] = value

    def happened(self, name: str, attributes: Attributes) -> None:
        """Note something that happened within it, now."""
        told = {key: value for key, value in attributes.items() if value is not None}
        self.events.append(Event(name, time.time_ns(), told))


Keep = Callable[[Sequence[Span]], None]


class _Recorder:
    """Gathers the ended spans of one trace, and hands them on in batches."""

    def __init__(self, trace_id: str, keep: Keep) -> None:
        self.trace_id = trace_id
        self._keep = keep
        self._lock = threading.Lock()
        self._ended: list[Span] = []
        self._handed_on = time.monotonic()

    def add(self, span: Span) -> None:
        with self._lock:
            self._ended.append(span)
        if len(self._ended) >= BATCH or time.monotonic() - self._handed_on > SECONDS:
            self.hand_on()

    def hand_on(self) -> None:
        with self._lock:
            batch, self._ended = self._ended, []
            self._handed_on = time.monotonic()
        if batch:
            self._keep(batch)


@dataclass(frozen=True, slots=True)
class _Place:
    recorder: _Recorder
    run_id: str
    span: Span | None


_here: ContextVar[_Place | None] = ContextVar("tracing_place", default=None)


def new_trace_id() -> str:
    """Return a fresh identifier of a trace: 32 hexadecimal digits."""
    return secrets.token_hex(16)


@contextmanager
def recording(run_id: str, keep: Keep, *, trace_id: Callable[[], str] = new_trace_id) -> Generator[bool]:
    """Record the spans begun inside as those of a run; gives whether the trace begins here.

    Inside another recording its trace goes on, and it hands the spans on.
    """
    outer = _here.get()
    place = _Place(outer.recorder if outer else _Recorder(trace_id(), keep), run_id, outer.span if outer else None)
    token = _here.set(place)
    try:
        yield outer is None
    finally:
        _here.reset(token)
        if outer is None:
            place.recorder.hand_on()


@contextmanager
def span(name: str, *, kind: Kind = "internal", attributes: Attributes | None = None) -> Generator[Span]:
    """Open a span within the one that is open here; outside a recording it is kept nowhere."""
    made = Span(name, kind)
    if attributes:
        made.tell(attributes)
    place = _here.get()
    if place is None:
        yield made
        return
    _begin(made, place)
    began = time.perf_counter_ns()
    token = _here.set(_Place(place.recorder, place.run_id, made))
    try:
        yield made
    except BaseException as error:
        made.error = made.error or error_type(error)
        raise
    finally:
        _here.reset(token)
        made.ended = made.started + time.perf_counter_ns() - began
        place.recorder.add(made)


def add_span(name: str, started: int, ended: int, *, attributes: Attributes) -> None:
    """Record something that is over, such as a wait for a person; times in nanoseconds of the epoch."""
    place = _here.get()
    if place is not None:
        made = Span(name)
        made.tell(attributes)
        _begin(made, place)
        made.started, made.ended = started, ended
        place.recorder.add(made)


def current_span() -> Span:
    """Return the span that is open here, or one that is kept nowhere."""
    place = _here.get()
    return (place.span if place else None) or Span("")


def error_type(error: BaseException) -> str | None:
    """Return the kind of an error as spans tell it, never its words; waiting for a person is no error."""
    if isinstance(error, Waiting):
        return None
    return error.kind if isinstance(error, AxError) else type(error).__name__


def _begin(made: Span, place: _Place) -> None:
    made.run_id, made.trace_id = place.run_id, place.recorder.trace_id
    made.parent_id = place.span.span_id if place.span else None
    made.span_id, made.started = secrets.token_hex(8), time.time_ns()
