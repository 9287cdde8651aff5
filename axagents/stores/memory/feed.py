"""What an index of memory has not seen yet: changed records, and those whose time is over."""

import sqlite3
from dataclasses import dataclass

from axagents.stores.memory.namespaces import Declaration
from axagents.stores.memory.reading import record_text
from axagents.stores.memory.values import read_value


@dataclass(frozen=True)
class Pending:
    """A record that an index has to take in, or to drop when `text` is None."""

    record: int
    change: int
    key: str
    text: str | None


@dataclass(frozen=True)
class Position:
    """How far an index has come: the last change it took in, and the moment up to which it dropped expired records."""

    change: int = 0
    expired_until: str = ""


def newest_change(connection: sqlite3.Connection, namespace: str) -> int:
    """Return the number of the newest change in a namespace, 0 when it is empty."""
    row = connection.execute("SELECT max(change) FROM memory_heads WHERE namespace = ?", (namespace,)).fetchone()
    return row[0] or 0


def count_behind(connection: sqlite3.Connection, namespace: str, position: Position) -> int:
    """Return how many records an index at `position` has not taken in."""
    row = connection.execute(
        "SELECT count(*) FROM memory_heads WHERE namespace = ? AND change > ?", (namespace, position.change)
    )
    return row.fetchone()[0]


def read_pending(
    connection: sqlite3.Connection,
    namespace: str,
    position: Position,
    *,
    now: str,
    most: int,
    declaration: Declaration | None,
) -> list[Pending]:
    """Return the next records that an index at `position` has to take in or drop, in the order of their changes."""
    rows = connection.execute(
        "SELECT h.record, h.change, h.key, v.value, h.expires_at FROM memory_heads h"
        " JOIN memory_versions v ON v.change = h.change WHERE h.namespace = ? AND h.change > ?"
        " ORDER BY h.change LIMIT ?",
        (namespace, position.change, most),
    )
    return [
        Pending(
            record,
            change,
            key,
            None if value is None or (expires_at and expires_at <= now) else _text(key, value, declaration),
        )
        for record, change, key, value, expires_at in rows
    ]


def read_expired(connection: sqlite3.Connection, namespace: str, position: Position, *, now: str) -> list[int]:
    """Return the records whose time ended after `position.expired_until`."""
    rows = connection.execute(
        "SELECT record FROM memory_heads WHERE namespace = ? AND expires_at > ? AND expires_at <= ?",
        (namespace, position.expired_until, now),
    )
    return [record for (record,) in rows]


def _text(key: str, value: str, declaration: Declaration | None) -> str:
    return record_text(key, read_value(value), declaration)
