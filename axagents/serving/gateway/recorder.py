"""Log what was answered: the live path queues it, a thread of its own takes it apart and writes it."""

import threading
from collections import deque
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import Any

import orjson

from axagents.project import Project
from axagents.serving.engine.bodies import read_body
from axagents.serving.engine.unfit import Unfit
from axagents.serving.gateway.answering import Answered
from axagents.serving.gateway.counters import Counters
from axagents.serving.gateway.traffic import Traffic
from axagents.stores.inference import (
    Record,
    SegmentWriter,
    append_outcomes,
    hash_unit,
    outcomes_log,
    parse_outcomes,
    predictions_log,
    unit_key,
)

WAITING = 50_000
_EVERY = 1.0


class Recorder:
    """Writes once a second, synced; the live path only appends to a queue, and counts what it could not take."""

    def __init__(self, project: Project, traffic: Traffic, counters: Counters) -> None:
        self._writer = SegmentWriter(predictions_log(project, traffic.routing.deployment).segments)
        model = traffic.stable.model
        self._outcomes = SegmentWriter(outcomes_log(project, model).segments)
        self._key = unit_key(project)
        self._traffic = traffic
        self._counters = counters
        self._waiting: deque[Answered] = deque()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="inference-log", daemon=True)
        self._thread.start()

    def __call__(self, answered: Answered) -> None:
        """Queue one answered request."""
        if len(self._waiting) >= WAITING:
            self._counters.log_dropped += 1
        else:
            self._waiting.append(answered)

    def take_outcomes(self, body: bytes) -> int:
        """Keep what became true of predictions, on disk when this returns, and tell how many outcomes it was.

        Raises:
            UserError: the body is wrong; names the field.
        """
        outcomes = parse_outcomes(body, key=self._key)
        append_outcomes(self._outcomes, outcomes)
        return len(outcomes)

    def close(self) -> None:
        """Write what waits, and end."""
        self._stopping.set()
        self._thread.join()
        self._write()
        self._writer.close()
        self._outcomes.close()

    def _run(self) -> None:
        while not self._stopping.wait(_EVERY):
            self._write()

    def _write(self) -> None:
        while self._waiting:
            try:
                self._writer.append(self._records(self._waiting.popleft()))
            except OSError:
                self._counters.log_dropped += 1
        for writer in (self._writer, self._outcomes):
            with suppress(OSError):
                writer.sync()

    def _records(self, answered: Answered) -> Iterator[Record]:
        routing, variant = self._traffic.routing, answered.variant
        common: dict[str, Any] = {
            "time": int(answered.began * 1e6),
            "request": answered.request_id,
            "deployment": routing.deployment,
            "variant": variant.name,
            "role": variant.role,
            "model": variant.model,
            "version": variant.version,
            "unit": None if answered.unit is None else hash_unit(self._key, answered.unit),
            "latency_ms": answered.milliseconds,
            "status": answered.answer.status,
        }
        rows = list(_rows(answered, routing.logged)) if answered.answer.status < 400 else []
        for place, (columns, prediction, probability) in enumerate(rows):
            yield Record(row=place, columns=columns, prediction=prediction, probability=probability, **common)
        if not rows:
            yield Record(row=None, columns={}, prediction=None, **common)


def _rows(answered: Answered, logged: Collection[str] | None) -> Iterator[tuple[dict[str, Any], Any, Any]]:
    """Yield the columns that may be kept, the prediction and its probability, of each row."""
    try:
        table = read_body(answered.body, answered.content_type)
        content: dict[str, Any] = orjson.loads(answered.answer.body)
    except (Unfit, orjson.JSONDecodeError):
        return
    predictions = content.get("predictions", [])
    probabilities = content.get("probabilities") or [None] * len(predictions)
    names = table.names or ()
    kept = [(place, name) for place, name in enumerate(names) if logged is None or name in logged]
    for row, prediction, probability in zip(table.rows, predictions, probabilities, strict=False):
        yield {name: row[place] for place, name in kept}, prediction, probability
