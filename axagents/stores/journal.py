"""The journal of effects: what was planned, begun and done, so that nothing happens twice."""

import json
import sqlite3
from dataclasses import dataclass
from typing import Any, Literal

from axagents.actor import actor
from axagents.clock import stamp
from axagents.fields import canonical_json, sha256_text
from axagents.project import Project
from axagents.stores.database import open_database

EntryStatus = Literal["planned", "started", "done", "failed", "unknown", "undone"]


@dataclass(frozen=True)
class JournalEntry:
    """One effect of one step of one run."""

    key: str
    run_id: str
    step: str
    effect: str
    arguments: dict[str, Any]
    status: EntryStatus
    before: Any
    after: Any
    reason: str | None
    planned_at: str
    ended_at: str | None


def entry_key(effect: str, arguments: dict[str, Any], *, run_id: str, step: str) -> str:
    """Return the identity of an effect: the SHA-256 of run, step, name and canonical arguments."""
    return sha256_text(canonical_json([run_id, step, effect, arguments]))


class Journal:
    """The effects of one project."""

    def __init__(self, project: Project) -> None:
        self._database = open_database(project)

    def plan(self, effect: str, arguments: dict[str, Any], *, run_id: str, step: str) -> JournalEntry:
        """Return the entry of this effect, written as planned when it is not there yet.

        Only the start is synced to disk: an effect whose plan or end a crash of the machine took is probed again.
        """
        key = entry_key(effect, arguments, run_id=run_id, step=step)
        with self._database.write(synced=False) as connection:
            connection.execute(
                "INSERT INTO effects (key, run_id, step, effect, arguments, status, actor, planned_at)"
                " VALUES (?, ?, ?, ?, ?, 'planned', ?, ?) ON CONFLICT DO NOTHING",
                (key, run_id, step, effect, canonical_json(arguments), actor(), stamp()),
            )
            return _entry(connection.execute("SELECT * FROM effects WHERE key = ?", (key,)).fetchone())

    def start(self, key: str, before: Any) -> None:
        """Write that the effect is about to act, with the state it found."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE effects SET status = 'started', before = ? WHERE key = ?", (json.dumps(before), key)
            )

    def end(self, key: str, status: EntryStatus, *, after: Any = None, reason: str | None = None) -> None:
        """Write how the effect ended."""
        with self._database.write(synced=False) as connection:
            connection.execute(
                "UPDATE effects SET status = ?, after = ?, reason = ?, ended_at = ? WHERE key = ?",
                (status, json.dumps(after), reason, stamp(), key),
            )

    def of_run(self, run_id: str) -> list[JournalEntry]:
        """Return the effects of a run in the order they were planned."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT * FROM effects WHERE run_id = ? ORDER BY rowid", (run_id,))
            return [_entry(row) for row in rows]

    def done(self, effect: str) -> list[JournalEntry]:
        """Return the effects of one kind that happened, and were not taken back."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT * FROM effects WHERE status = 'done' AND effect = ?", (effect,))
            return [_entry(row) for row in rows]

    def unfinished(self) -> list[JournalEntry]:
        """Return the effects that began and of which no end is known."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT * FROM effects WHERE status IN ('started', 'unknown') ORDER BY rowid")
            return [_entry(row) for row in rows]


def _entry(row: sqlite3.Row) -> JournalEntry:
    def read(text: str | None) -> Any:
        return None if text is None else json.loads(text)

    return JournalEntry(
        key=row["key"],
        run_id=row["run_id"],
        step=row["step"],
        effect=row["effect"],
        arguments=json.loads(row["arguments"]),
        status=row["status"],
        before=read(row["before"]),
        after=read(row["after"]),
        reason=row["reason"],
        planned_at=row["planned_at"],
        ended_at=row["ended_at"],
    )
