"""One policy for all language models: what is asked again, after which wait, and when it is given up."""

import random
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import Protocol

from axagents.errors import ProviderError
from axagents.llm.turn import Message, Offer, Turn
from axagents.progress import note
from axagents.tracing import current_span
from axagents.ways import ways

TRIES = 8
LONGEST_WAIT = 60.0
_FIRST_WAIT, _LONGEST_OWN_WAIT = 0.5, 30.0
_TELL_FROM = 2.0

_limit: ContextVar[float] = ContextVar("turn_limit", default=float("inf"))


class Again(Exception):
    """There was no whole turn, and asking again may give one; what came of it is thrown away.

    Args:
        why: what went wrong, in words.
        wait: seconds that the provider asked to be left alone.
        tries: how often it is worth trying.
        status: of HTTP, where there was one.
    """

    def __init__(self, why: str, *, wait: float | None = None, tries: int = TRIES, status: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.wait = wait
        self.tries = tries
        self.status = status

    @property
    def kind(self) -> str:
        """Return what went wrong in one word, for spans."""
        return str(self.status or "_OTHER")


class Speaker(Protocol):
    """One endpoint: gives a turn, or says why there is none."""

    name: str

    def speak(self, system: str, messages: Sequence[Message], offers: Sequence[Offer], *, seconds: float) -> Turn:
        """Return a whole turn within so many seconds.

        Raises:
            Again: there was none, and it is worth asking again.
            ProviderError: there is none to be had.
        """
        ...


@contextmanager
def turns_end(at: float) -> Generator[None]:
    """Let no turn taken inside go on beyond `at` on the monotonic clock."""
    token = _limit.set(min(at, _limit.get()))
    try:
        yield
    finally:
        _limit.reset(token)


class Patient:
    """A provider that asks its speaker again when that may help, all within a time."""

    def __init__(
        self, speaker: Speaker, seconds: float, *, context_window: int | None = None, is_paid: bool = False
    ) -> None:
        self.name = speaker.name
        self.is_paid = is_paid
        self.context_window = context_window
        self.speaker = speaker
        self._seconds = seconds

    def take_turn(self, system: str, messages: Sequence[Message], offers: Sequence[Offer]) -> Turn:
        """Return the next turn.

        Raises:
            ProviderError: it refused, or there was no whole turn within the time.
        """
        began = time.monotonic()
        end = min(began + self._seconds, _limit.get())
        for tried in count(1):
            left = end - time.monotonic()
            try:
                if left <= 0:
                    raise Again("no whole turn in time")
                return self.speaker.speak(system, messages, offers, seconds=left)
            except Again as again:
                wait = _wait(again, tried)
                if tried >= again.tries or time.monotonic() + wait >= end:
                    raise self._given_up(again, tried, time.monotonic() - began) from None
                if wait >= _TELL_FROM:
                    note(f"{self.name}: {again.why}; asking again in {wait:.0f} s")
                current_span().happened("axagents.retry", {"error.type": again.kind, "axagents.wait_s": round(wait, 3)})
            time.sleep(wait)
        raise AssertionError("counting has no end")

    def _given_up(self, again: Again, tried: int, seconds: float) -> ProviderError:
        times = "asked once" if tried == 1 else f"asked {tried} times"
        waits = f"; it asks to be left alone for {again.wait:.0f} s" if again.wait else ""
        return ProviderError(
            f"{self.name}: {again.why}{waits} ({times} in {seconds:.1f} s)",
            hint=f"try later, give more time with {ways().time}, or {ways().offline}",
        )


def _wait(again: Again, tried: int) -> float:
    """Return the seconds to wait: what was asked for, up to a minute, else longer each time, never all at once."""
    if again.wait is not None:
        return min(max(again.wait, 0.0), LONGEST_WAIT)
    return min(_FIRST_WAIT * 2 ** (tried - 1), _LONGEST_OWN_WAIT) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
