"""A turn as it happens: calls as they begin and end, steps beneath them, words as they arrive, and then the answer."""

import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from axagents.cli.chat.region import Region
from axagents.cli.chat.terminal import Stopping
from axagents.cli.drafting import Draft
from axagents.cli.live import SPINNER, duration
from axagents.cli.rows import Row, clean, rows_of
from axagents.cli.spelling import spell_aside, spell_call, spell_piece
from axagents.progress import Advance, Asking, Event, Note, Said, StepDone, StepStarted, Written

_TICK = 0.05
_QUIET = 0.4
"""Seconds without news after which the moving line appears."""
_LONG = 3.0
_MARKS = {"failed": ("✗", "red"), "denied": ("✗", "red"), "malformed": ("✗", "red"), "skipped": ("–", "yellow")}


class Screen:
    """Listens to a turn and draws it; used as a context, so that what moves is always cleared."""

    def __init__(self, words: str, told: set[str], stopping: Stopping) -> None:
        """Draw a turn on a person's words; of the notices with which turns open, those in `told` are not repeated."""
        self._words = words
        self._told = told
        self._stopping = stopping
        self._region = Region()
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        self._results: dict[str, dict[str, Mapping[str, Any]]] = {}
        self._calls: list[tuple[str, float]] = []
        self._first = self._run = ""
        self._draft: Draft | None = None
        self._planned = ""
        self._label, self._detail, self._news = "starting", "", time.monotonic()
        self._began = self._news
        self._asking = self._printed = False

    def __enter__(self) -> "Screen":
        self._ticker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._ticker.join()
        with self._lock:
            self._region.clear()

    def __call__(self, event: Event) -> None:
        with self._lock:
            self._news = time.monotonic()
            if isinstance(event, Written):
                self._written(event)
            elif isinstance(event, Said):
                self._said(event)
            elif isinstance(event, StepStarted | StepDone | Advance):
                self._stepped(event)
            elif isinstance(event, Note):
                self._noted(event.text)
            else:
                self._asking = isinstance(event, Asking)
                self._region.clear()

    def show(self, text: str, colour: str = "") -> None:
        """Put a text on the screen for good, above what moves."""
        with self._lock:
            self._region.clear()
            self._leave(rows_of(clean(text), _width(), colour))

    def answer(self, text: str) -> None:
        """Put the answer on the screen for good, in place of what was said so far of it."""
        with self._lock:
            self._leave([*self._gap(), *rows_of(clean(text).strip("\n"), _width())])
            self._draft = None

    def _leave(self, rows: Sequence[Row]) -> None:
        self._region.paint(rows)
        self._region.leave()
        self._printed = True

    def _gap(self) -> list[Row]:
        return [Row("")] if self._printed else []

    def _indent(self) -> str:
        return "  " * len(self._calls)

    def _written(self, event: Written) -> None:
        body, self._run = event.body, event.run_id
        self._first = self._first or event.run_id
        if event.kind == "message" and "turn" in body:
            self._taken(body["turn"])
        elif event.kind == "call":
            self._called(body["call"])
        elif event.kind == "result":
            self._came(body)
        elif event.kind == "answer" and self._run != self._first:
            self._draft = None

    def _taken(self, turn: Mapping[str, Any]) -> None:
        """Leave on the screen what a model says beside its calls; what it answers is put there at the end."""
        if turn["stop_reason"] != "calls":
            return
        # A single call is shown when it begins; several are told beforehand, as a plan.
        self._planned = f"1. {spell_call(turn['calls'][0])}" if len(turn["calls"]) == 1 else ""
        self._draft = None
        if turn["text"].strip():
            text = spell_aside(turn["text"], self._results.get(self._run, {}), self._words)
            indented = "\n".join(self._indent() + line for line in clean(text).strip().split("\n"))
            self._leave(rows_of(indented, _width()))

    def _called(self, call: Mapping[str, Any]) -> None:
        self.show(f"{self._indent()}● {spell_call(call)}", "cyan")
        self._calls.append((call["tool"], time.monotonic()))
        self._work(call["tool"])

    def _came(self, body: Mapping[str, Any]) -> None:
        # A call that an earlier process began has no beginning here.
        begun = bool(self._calls) and self._calls[-1][0] == body["tool"]
        took = f" {{}} {duration(time.monotonic() - self._calls.pop()[1])}" if begun else ""
        indent = self._indent()
        if body["status"] == "done":
            known = self._results.setdefault(self._run, {})
            known[f"r{body['number']}"] = body["result"]
            self.show(f"{indent}  {'' if begun else body['tool'] + ' '}done{took.format('in')}", "dim")
        else:
            mark, colour = _MARKS[body["status"]]
            error: Mapping[str, Any] = body.get("error") or {}
            why = error.get("message") or body.get("why") or ""
            self.show(f"{indent}{mark} {body['tool']} {body['status']}{took.format('after')}: {why}", colour)
        self._work(self._calls[-1][0] if self._calls else "thinking")

    def _said(self, event: Said) -> None:
        if event.first or self._draft is None:
            results = self._results.get(self._run, {})
            self._draft = Draft(lambda text: spell_piece(text, results), _width())
        self._draft.feed(event.text)
        self._label = "thinking"

    def _stepped(self, event: StepStarted | StepDone | Advance) -> None:
        if isinstance(event, StepStarted):
            self._work(f"{event.workflow} {event.position}/{event.total} {event.step}")
        elif isinstance(event, StepDone):
            again = " (finished earlier)" if event.skipped else ""
            self.show(f"{self._indent()}✓ {event.step:<24} {duration(event.seconds):>8}{again}")
        else:
            share = f"{100 * min(1.0, event.done / event.total):.0f} %" if event.total else ""
            self._detail = f"{share} {event.text}".strip()

    def _noted(self, text: str) -> None:
        opening = not self._first
        if text == self._planned or (opening and text in self._told):
            return
        if opening:
            self._told.add(text)
        self.show(f"{self._indent() or '  '}{text}", "dim")

    def _work(self, label: str) -> None:
        self._label, self._detail, self._began = label, "", time.monotonic()

    def _tick(self) -> None:
        turn = 0
        while not self._ended.wait(_TICK):
            with self._lock:
                turn += 1
                if not self._asking:
                    self._region.paint(self._moving(turn // 2))

    def _moving(self, turn: int) -> list[Row]:
        rows = self._draft.rows() if self._draft else []
        rows = [*self._gap(), *rows] if rows else []
        waited = time.monotonic() - (self._news if rows else self._began)
        if waited < _QUIET:
            return rows
        label = "stopping" if self._stopping.begun else self._label
        hint = "  Ctrl-C stops" if waited > _LONG and not self._stopping.begun else ""
        line = f"{SPINNER[turn % len(SPINNER)]} {label}  {duration(waited)}  {self._detail}".rstrip() + hint
        return [*rows, Row(clean(line)[: _width() - 1], "dim")]


def _width() -> int:
    return shutil.get_terminal_size().columns
