"""Send spans elsewhere beside the work; a place that cannot be reached costs one note, and no time."""

import threading
import time
from collections.abc import Sequence
from queue import Queue

from axagents.progress import note
from axagents.settings import Settings
from axagents.stores.traces.targets import Target, find_targets
from axagents.tracing import Span

LONGEST_WAIT = 3.0
"""Seconds that the end of a run waits for its last spans."""
REST = 60.0
"""Seconds for which a place that failed is left alone."""


class Sender:
    """Sends batches to one place, one after the other, in a thread of its own."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._waiting: Queue[Sequence[Span]] = Queue()
        self._thread: threading.Thread | None = None
        self._rests_until = 0.0
        self._problem: str | None = None
        self._told = False

    def hand_on(self, spans: Sequence[Span]) -> None:
        """Take spans to be sent; at a place that failed a moment ago they are dropped."""
        if time.monotonic() < self._rests_until:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, daemon=True, name="send-spans")
            self._thread.start()
        self._waiting.put(spans)

    def settle(self, seconds: float = LONGEST_WAIT) -> None:
        """Wait a little until all is sent, and tell once when it is not to be."""
        with self._waiting.all_tasks_done:
            self._waiting.all_tasks_done.wait_for(self._is_settled, seconds)
        if not self._is_settled():
            self._problem = f"it has not answered within {seconds:g} s"
            self._rests_until = time.monotonic() + REST
        if self._problem is not None and not self._told:
            self._told = True
            note(f"spans are not sent to {self._target.shown}: {self._problem}; they are kept in the project")

    def _is_settled(self) -> bool:
        return not self._waiting.unfinished_tasks or time.monotonic() < self._rests_until

    def _work(self) -> None:
        from axagents.stores.traces.otlp import send

        while True:
            batch = self._waiting.get()
            try:
                if time.monotonic() >= self._rests_until:
                    self._problem = send(batch, self._target)
                    self._rests_until = time.monotonic() + REST if self._problem else 0.0
                    self._told = self._told and self._problem is not None
            finally:
                self._waiting.task_done()


_senders: dict[Target, Sender] = {}


def open_senders(settings: Settings) -> list[Sender]:
    """Return a sender for every place that spans are sent to; one a place in a process."""
    return [_senders.setdefault(each, Sender(each)) for each in find_targets(settings)]
