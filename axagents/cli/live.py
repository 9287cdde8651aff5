"""Show progress on standard error: a moving line on a terminal, plain lines elsewhere."""

import shutil
import sys
import threading
import time
from types import TracebackType

from axagents.cli.output import colourful, paint, tell
from axagents.progress import Advance, Asked, Asking, Event, Note, StepDone, StepStarted

_TICK = 0.12
# After so many seconds without a step somebody would wonder: libraries are loading, or files are read.
_SILENCE = 0.5
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class Live:
    """A listener of progress; used as a context so that its moving line is always cleared."""

    def __init__(self) -> None:
        self._moving = colourful(sys.stderr)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._label = ""
        self._detail = ""
        self._began = time.perf_counter()
        self._asking = False
        self._thread: threading.Thread | None = None

    def __enter__(self) -> "Live":
        if self._moving:
            self._thread = threading.Thread(target=self._spin, daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()
            self._clear()

    def __call__(self, event: Event) -> None:
        with self._lock:
            self._tell(event)

    def _tell(self, event: Event) -> None:
        if isinstance(event, StepStarted):
            self._label = f"{event.workflow} {event.position}/{event.total} {event.step}"
            self._detail, self._began = "", time.perf_counter()
        elif isinstance(event, StepDone):
            self._rest()
            again = " (finished earlier)" if event.skipped else ""
            tell(f"{paint('✓', 'green')} {event.step:<24} {duration(event.seconds):>8}{again}")
        elif isinstance(event, Note):
            tell(f"  {event.text}")
        elif isinstance(event, Asking | Asked):
            self._asking = isinstance(event, Asking)
            self._rest()
            self._clear()
        elif isinstance(event, Advance):
            share = f"{100 * min(1.0, event.done / event.total):.0f} %" if event.total else ""
            self._detail = f"{share} {event.text}".strip()

    def _rest(self) -> None:
        self._label, self._detail, self._began = "", "", time.perf_counter()

    def _clear(self) -> None:
        if self._moving:
            tell("", end="")

    def _spin(self) -> None:
        turn = 0
        while not self._stop.wait(_TICK):
            with self._lock:
                waited = time.perf_counter() - self._began
                if not self._asking and (self._label or waited > _SILENCE):
                    turn += 1
                    label = self._label or "working"
                    line = f"{SPINNER[turn % len(SPINNER)]} {label}  {duration(waited)}  {self._detail}"
                    width = shutil.get_terminal_size().columns - 1
                    tell(line[:width], end="")


def duration(seconds: float) -> str:
    """Write a duration for people."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"
