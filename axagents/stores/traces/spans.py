"""The spans of runs, in the project's database."""

import json
import sqlite3
from collections.abc import Sequence

from axagents.project import Project
from axagents.stores.database import open_database
from axagents.tracing import Event, Span, Value


class Spans:
    """The spans of one project."""

    def __init__(self, project: Project) -> None:
        self._database = open_database(project)

    def keep(self, spans: Sequence[Span]) -> None:
        """Write spans that have ended, in one commit that is not synced: the journal holds the facts."""
        rows = [_row(each) for each in spans]
        with self._database.write(synced=False) as connection:
            connection.executemany(
                "INSERT INTO spans (run_id, started, span_id, parent_id, trace_id, name, kind, ended, error,"
                " attributes, events) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )

    def of_run(self, run_id: str) -> list[Span]:
        """Return the spans of one run in the order they began."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT * FROM spans WHERE run_id = ? ORDER BY started", (run_id,)).fetchall()
        return [_span(row) for row in rows]

    def count(self, runs: Sequence[str]) -> int:
        """Return how many spans these runs have."""
        with self._database.read() as connection:
            (count,) = connection.execute(
                "SELECT count(*) FROM spans WHERE run_id IN (SELECT value FROM json_each(?))", (json.dumps(runs),)
            ).fetchone()
        return count

    def forget(self, runs: Sequence[str]) -> int:
        """Remove the spans of these runs and return how many there were."""
        with self._database.write() as connection:
            return connection.execute(
                "DELETE FROM spans WHERE run_id IN (SELECT value FROM json_each(?))", (json.dumps(runs),)
            ).rowcount


def _row(span: Span) -> tuple[object, ...]:
    events = [[each.name, each.at, each.attributes] for each in span.events]
    return (
        span.run_id,
        span.started,
        span.span_id,
        span.parent_id,
        span.trace_id,
        span.name,
        span.kind,
        span.ended,
        span.error,
        json.dumps(span.attributes, ensure_ascii=False),
        json.dumps(events, ensure_ascii=False) if events else None,
    )


def _span(row: sqlite3.Row) -> Span:
    values = dict(row)
    told: dict[str, Value | list[str]] = json.loads(values.pop("attributes"))
    events: list[tuple[str, int, dict[str, Value]]] = json.loads(values.pop("events") or "[]")
    return Span(
        **values,
        attributes={key: tuple(value) if isinstance(value, list) else value for key, value in told.items()},
        events=[Event(*each) for each in events],
    )
