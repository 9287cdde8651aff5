"""Records in the project's database: every version kept, deleted by tombstone, expired by time."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from axagents.clock import stamp
from axagents.errors import NotFound
from axagents.project import Project
from axagents.stores.database import Database, open_database
from axagents.stores.memory.values import read_value, write_value


@dataclass(frozen=True)
class Record:
    """One version of a record; `value` is None in a tombstone."""

    namespace: str
    key: str
    value: dict[str, Any] | None
    version: int
    stored_at: str
    expires_at: str | None


@dataclass(frozen=True)
class Page:
    """The keys of a namespace that begin with a prefix; `total` counts those left out too."""

    namespace: str
    keys: tuple[str, ...]
    total: int


@dataclass(frozen=True)
class Change:
    """What is to be written as the next version of a key: JSON text, or None for a tombstone."""

    namespace: str
    key: str
    text: str | None
    expires_at: str | None = None


Check = Callable[[dict[str, Any]], None]


def allow(value: dict[str, Any]) -> None:
    """Refuse no value."""
    del value


_HEAD = """
    SELECT v.* FROM memory_heads h JOIN memory_versions v ON v.change = h.change
    WHERE h.namespace = ? AND h.key = ?
"""
_LIVE = "live = 1 AND (expires_at IS NULL OR expires_at > ?)"


class Records:
    """The records of one project, by namespaces whose names are resolved already."""

    def __init__(self, project: Project) -> None:
        self.database: Database = open_database(project)

    def get(self, namespace: str, key: str) -> Record | None:
        """Return the newest version of a record, or None when there is none, it is deleted, or its time is over."""
        with self.database.read() as connection:
            row = connection.execute(_HEAD, (namespace, key)).fetchone()
        return _live_record(row)

    def put(self, change: Change, *, merge: bool = False, check: Check = allow) -> Record:
        """Write the next version of a record.

        With `merge` the value's top-level fields are laid over those of the present version, whose time to live
        stays unless the change brings its own. `check` sees the value that would result and may refuse it.
        """
        with self.database.write() as connection:
            if merge:
                present = connection.execute(_HEAD, (change.namespace, change.key)).fetchone()
                change = _merged(_live_record(present), change)
            if change.text is not None:
                check(read_value(change.text))
            return append(connection, change)

    def keys(self, namespace: str, prefix: str = "", *, limit: int | None = None) -> Page:
        """Return the keys of live records in the order of their characters."""
        where = f"namespace = ? AND key >= ? AND key < ? AND {_LIVE}"
        bounds = (namespace, prefix, prefix + "\U0010ffff", stamp())
        with self.database.read() as connection:
            (total,) = connection.execute(f"SELECT count(*) FROM memory_heads WHERE {where}", bounds).fetchone()
            rows = connection.execute(
                f"SELECT key FROM memory_heads WHERE {where} ORDER BY key LIMIT ?",
                (*bounds, -1 if limit is None else limit),
            )
            return Page(namespace, tuple(key for (key,) in rows), total)

    def versions(self, namespace: str, key: str) -> list[Record]:
        """Return all versions of a record, tombstones too, oldest first."""
        with self.database.read() as connection:
            rows = connection.execute(
                "SELECT * FROM memory_versions WHERE namespace = ? AND key = ? ORDER BY version", (namespace, key)
            )
            return [as_record(row) for row in rows]

    def head(self, namespace: str, key: str) -> Record | None:
        """Return the newest version whatever it is, a tombstone or an expired one too."""
        with self.database.read() as connection:
            row = connection.execute(_HEAD, (namespace, key)).fetchone()
        return None if row is None else as_record(row)

    def bury(self, namespace: str, key: str, *, version: int, purge: bool = False) -> Record:
        """Write a tombstone after `version`, which must still be the newest; with `purge`, keep nothing before it.

        Raises:
            NotFound: that version is not the newest any more.
        """
        with self.database.write() as connection:
            row = connection.execute(_HEAD, (namespace, key)).fetchone()
            if row is None or row["version"] != version:
                newest = "gone" if row is None else f"version {row['version']}"
                raise NotFound(f"version {version} of record", key, [], hint=f"it is {newest} by now; look again")
            tombstone = append(connection, Change(namespace, key, None))
            if purge:
                connection.execute(
                    "DELETE FROM memory_versions WHERE namespace = ? AND key = ? AND version < ?",
                    (namespace, key, tombstone.version),
                )
            return tombstone

    def holds(self, namespace: str) -> bool:
        """Tell whether anything was ever stored in a namespace."""
        with self.database.read() as connection:
            row = connection.execute("SELECT 1 FROM memory_heads WHERE namespace = ? LIMIT 1", (namespace,))
            return row.fetchone() is not None

    def namespaces(self) -> list[str]:
        """Return the namespaces in which anything was ever stored."""
        with self.database.read() as connection:
            return [name for (name,) in connection.execute("SELECT DISTINCT namespace FROM memory_heads ORDER BY 1")]


def append(connection: sqlite3.Connection, change: Change) -> Record:
    """Write the next version of a key inside the transaction that is open."""
    now = stamp()
    where = (change.namespace, change.key)
    (newest,) = connection.execute(
        "SELECT max(version) FROM memory_versions WHERE namespace = ? AND key = ?", where
    ).fetchone()
    version = (newest or 0) + 1
    cursor = connection.execute(
        "INSERT INTO memory_versions (namespace, key, version, value, stored_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        (*where, version, change.text, now, change.expires_at),
    )
    connection.execute(
        "INSERT INTO memory_heads (namespace, key, change, live, expires_at) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (namespace, key) DO UPDATE"
        " SET change = excluded.change, live = excluded.live, expires_at = excluded.expires_at",
        (*where, cursor.lastrowid, int(change.text is not None), change.expires_at),
    )
    value = None if change.text is None else read_value(change.text)
    return Record(*where, value, version, now, change.expires_at)


def as_record(row: sqlite3.Row) -> Record:
    """Return a row of `memory_versions` as a record."""
    value = None if row["value"] is None else read_value(row["value"])
    return Record(row["namespace"], row["key"], value, row["version"], row["stored_at"], row["expires_at"])


def _merged(present: Record | None, change: Change) -> Change:
    if present is None or present.value is None or change.text is None:
        return change
    text = write_value({**present.value, **read_value(change.text)})
    return Change(change.namespace, change.key, text, change.expires_at or present.expires_at)


def _live_record(row: sqlite3.Row | None) -> Record | None:
    if row is None or row["value"] is None or (row["expires_at"] is not None and row["expires_at"] <= stamp()):
        return None
    return as_record(row)
