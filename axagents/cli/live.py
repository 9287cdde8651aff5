"""Show progress on standard error: what moves on a terminal only, plain lines elsewhere."""

import shutil
import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING

from axagents.cli.output import colourful, paint, tell
from axagents.progress import Advance, Asked, Asking, Event, Note, Said, StepDone, StepStarted

if TYPE_CHECKING:
    from axagents.cli.drafting import Draft

_TICK = 0.12
# After so many seconds without a step somebody would wonder: libraries are loading, or files are read.
_SILENCE = 0.5
_OFTEN = 5.0
"""Seconds between two lines on how far the work is, where no line moves."""
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class Live:
    """A listener of progress; used as a context so that what moves is always cleared.

    What moves are the words of a model while it says them, and below them one line on what is at work. The words go
    when the turn is whole: what comes of it is told elsewhere.
    """

    def __init__(self) -> None:
        self._moving = colourful(sys.stderr)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._label = ""
        self._detail = ""
        self._began = time.perf_counter()
        self._told = time.perf_counter()
        self._asking = False
        self._draft: Draft | None = None
        self._drawn = 0
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
            self._forget()

    def __call__(self, event: Event) -> None:
        with self._lock:
            self._tell(event)

    def _tell(self, event: Event) -> None:
        if isinstance(event, Said):
            self._say(event)
            return
        if not isinstance(event, Advance):
            self._forget()
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
        elif isinstance(event, Advance):
            share = f"{100 * min(1.0, event.done / event.total):.0f} %" if event.total else ""
            self._detail = f"{share} {event.text}".strip()
            self._tell_now_and_then()

    def _tell_now_and_then(self) -> None:
        """Write how far the work is where nothing moves, every few seconds."""
        now = time.perf_counter()
        if not self._moving and now - self._told >= _OFTEN:
            self._told = now
            tell(f"  {self._detail}")

    def _rest(self) -> None:
        self._label, self._detail, self._began = "", "", time.perf_counter()

    def _say(self, said: Said) -> None:
        if not self._moving:
            return
        # Only where a language model speaks: what lays out its words takes time to load.
        from axagents.cli.drafting import Draft
        from axagents.cli.spelling import spell_piece

        if said.first or self._draft is None:
            self._draft = Draft(lambda text: spell_piece(text, {}), shutil.get_terminal_size().columns - 1)
        self._draft.feed(said.text)

    def _forget(self) -> None:
        """Take away what moves."""
        self._draft = None
        if self._drawn:
            tell((f"\x1b[{self._drawn - 1}A" if self._drawn > 1 else "") + "\x1b[J", end="")
            self._drawn = 0

    def _spin(self) -> None:
        turn = 0
        while not self._stop.wait(_TICK):
            with self._lock:
                waited = time.perf_counter() - self._began
                if not self._asking and (self._label or self._draft or waited > _SILENCE):
                    turn += 1
                    label = self._label or "working"
                    self._draw(f"{SPINNER[turn % len(SPINNER)]} {label}  {duration(waited)}  {self._detail}")

    def _draw(self, line: str) -> None:
        """Draw the last words, as many rows as the screen has, and the line, over what was drawn before."""
        size = shutil.get_terminal_size()
        words = [row.text for row in self._draft.rows()] if self._draft else []
        shown = [*words[-max(1, size.lines - 2) :], line]
        up = f"\x1b[{self._drawn - 1}A" if self._drawn > 1 else ""
        tell(up + "\x1b[K\n".join(each[: size.columns - 1] for each in shown) + "\x1b[J", end="")
        self._drawn = len(shown)


def duration(seconds: float) -> str:
    """Write a duration for people."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"
