"""How far a call is, in steps, as MCP wants it told: a number that only grows."""

from axagents.progress import Advance, Event, StepDone, StepStarted

_NEARLY = 0.99
"""So far a step's own count may bring it: the step after it tells that it is over."""


class Meter:
    """Counts the steps of the workflows that a call runs, one after the other."""

    def __init__(self) -> None:
        self._before = 0.0
        self._total = 0.0
        self._step = 0.0
        self._told = -1.0

    def read(self, event: Event) -> tuple[float, float, str] | None:
        """Return how far it is now, of how much, and in which words; None when that says nothing new."""
        if isinstance(event, StepStarted):
            if event.position == 1:
                self._before = self._total
            self._total = max(self._total, self._before + event.total)
            self._step = self._before + event.position - 1
            return self._tell(self._step, f"{event.workflow}: {event.step}")
        if isinstance(event, StepDone) and not event.skipped:
            return self._tell(self._total, f"{event.workflow}: done") if self._step + 1 == self._total else None
        if isinstance(event, Advance) and self._total and event.total:
            return self._tell(self._step + min(_NEARLY, event.done / event.total), event.text)
        return None

    def _tell(self, now: float, words: str) -> tuple[float, float, str] | None:
        if now <= self._told:
            return None
        self._told = now
        return now, self._total, words
