"""The registry's event log: appended to, never changed, each event bound to the one before by its hash."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from axagents.clock import stamp
from axagents.errors import UserError
from axagents.fields import canonical_json, sha256_text
from axagents.project import Project
from axagents.stores.database import open_database

What = Literal["registered", "stage", "withdrawn"]

FIRST = "0" * 64


@dataclass(frozen=True)
class NewEvent:
    """Something that happened to a version, before it is written.

    Attributes:
        before, after: the version's stage; None where there is none.
        details: plain JSON; of a registration the version's metadata.
        at: when it happened, if not now; never before the event before it.
    """

    who: str
    what: What
    model: str
    version: str
    sha256: str
    before: str | None
    after: str | None
    why: str
    details: dict[str, Any]
    at: str | None = None


@dataclass(frozen=True)
class Event:
    """One written event; `hash` is the SHA-256 of its content and of the hash before it."""

    position: int
    at: str
    who: str
    what: What
    model: str
    version: str
    sha256: str
    before: str | None
    after: str | None
    why: str
    details: dict[str, Any]
    previous: str
    hash: str


class EventLog:
    """The events of one project's registry."""

    def __init__(self, project: Project) -> None:
        self._database = open_database(project)

    def append(self, events: Iterable[NewEvent], *, model: str, revision: int | None = None) -> list[Event]:
        """Write events about `model` in one transaction: all of them or none.

        Args:
            revision: the position of the model's last event that the caller has seen; None writes in any case.

        Raises:
            Changed: the model has a later event than `revision`.
        """
        with self._database.write() as connection:
            last = _last_position(connection, model)
            if revision is not None and last != revision:
                raise Changed(model, revision, _select(connection, "model = ? AND position > ?", (model, revision)))
            return [_insert(connection, event) for event in events]

    def read(
        self, *, model: str | None = None, version: str | None = None, until: datetime | None = None
    ) -> list[Event]:
        """Return the events in order, of all models or one, up to and including the moment `until`."""
        conditions, values = ["1"], list[Any]()
        for column, value in (("model", model), ("version", version)):
            if value is not None:
                conditions.append(f"{column} = ?")
                values.append(value)
        if until is not None:
            conditions.append("at <= ?")
            values.append(stamp(until))
        with self._database.read() as connection:
            return _select(connection, " AND ".join(conditions), values)

    def revision(self, model: str) -> int:
        """Return the position of the model's last event; 0 when it has none."""
        with self._database.read() as connection:
            return _last_position(connection, model)

    def digests(self) -> frozenset[str]:
        """Return the SHA-256 of every version that was registered here."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT DISTINCT sha256 FROM registry_events WHERE what = 'registered'")
            return frozenset(row[0] for row in rows)

    def first_broken(self) -> Event | None:
        """Return the first event whose hash does not follow from its content and the one before; None when all do."""
        previous = FIRST
        for event in self.read():
            if event.previous != previous or event.hash != _hash(event, previous):
                return event
            previous = event.hash
        return None


class Changed(UserError):
    """The model changed since the caller looked."""

    def __init__(self, model: str, revision: int, later: list[Event]) -> None:
        told = "; ".join(f"{each.version} {each.before or 'nothing'} -> {each.after or 'nothing'}" for each in later)
        who = later[-1].who if later else "somebody"
        super().__init__(
            f"{model} changed since you looked (revision {revision}): {told or 'its log is shorter'}, by {who};"
            " nothing was changed",
            hint=f"ax registry versions {model}",
        )


def _insert(connection: sqlite3.Connection, event: NewEvent) -> Event:
    row = connection.execute("SELECT at, hash FROM registry_events ORDER BY position DESC LIMIT 1").fetchone()
    last_at, previous = (row["at"], row["hash"]) if row else ("", FIRST)
    # A clock that was set back must not make the log run backwards: `at DATE` reads it by time.
    values = {**vars(event), "at": max(event.at or stamp(), last_at), "previous": previous}
    values["hash"] = _hash_of(values, previous)
    values["details"] = canonical_json(event.details)
    columns = (
        "at",
        "who",
        "what",
        "model",
        "version",
        "sha256",
        "before",
        "after",
        "why",
        "details",
        "previous",
        "hash",
    )
    cursor = connection.execute(
        f"INSERT INTO registry_events ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
        [values[column] for column in columns],
    )
    assert cursor.lastrowid is not None
    return _select(connection, "position = ?", (cursor.lastrowid,))[0]


def _select(connection: sqlite3.Connection, condition: str, values: Any) -> list[Event]:
    query = f"SELECT * FROM registry_events WHERE {condition} ORDER BY position"
    return [Event(**{**dict(row), "details": json.loads(row["details"])}) for row in connection.execute(query, values)]


def _last_position(connection: sqlite3.Connection, model: str) -> int:
    row = connection.execute("SELECT max(position) FROM registry_events WHERE model = ?", (model,)).fetchone()
    return row[0] or 0


def _hash(event: Event, previous: str) -> str:
    return _hash_of(vars(event), previous)


def _hash_of(values: dict[str, Any], previous: str) -> str:
    told = ("at", "who", "what", "model", "version", "sha256", "before", "after", "why", "details")
    return sha256_text(canonical_json([previous, *(values[name] for name in told)]))
