"""Move records out of a project and into one, as JSON lines: all of a file, or nothing of it."""

import secrets
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from axagents.clock import stamp
from axagents.errors import UserError
from axagents.fields import canonical_json, sha256_text
from axagents.filesystem import write_whole
from axagents.project import Project
from axagents.requests import parse_json, validate
from axagents.stores.memory.memory import Memory
from axagents.stores.memory.records import Change, append
from axagents.stores.memory.values import read_value


class Line(BaseModel):
    """One line of a file of records; `version` and `stored_at` tell where it came from and are given anew."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    namespace: str | None = Field(None, description="where it goes; by default the namespace asked for")
    key: str
    value: dict[str, Any]
    version: int | None = None
    stored_at: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Bundle:
    """A file of records that was read and found in order; `expired` of its lines are left out."""

    source: str
    sha256: str
    changes: tuple[Change, ...]
    expired: int


@dataclass(frozen=True)
class Imported:
    """What an import did: records written as new versions, and records that were there with the same value."""

    import_id: str
    stored: int
    unchanged: int


def export_lines(memory: Memory, namespace: str | None = None, *, prefix: str = "") -> Iterator[str]:
    """Give every live record as one line of JSON, all as of one moment, in the order of namespaces and keys."""
    names = memory.records.namespaces() if namespace is None else [memory.resolve(namespace)]
    with memory.records.database.read() as connection:
        for each in names:
            rows = connection.execute(
                "SELECT v.* FROM memory_heads h JOIN memory_versions v ON v.change = h.change"
                " WHERE h.namespace = ? AND h.key >= ? AND h.key < ? AND v.value IS NOT NULL"
                " AND (v.expires_at IS NULL OR v.expires_at > ?) ORDER BY h.key",
                (each, prefix, prefix + "\U0010ffff", stamp()),
            ).fetchall()
            for row in rows:
                told = {name: row[name] for name in ("namespace", "key", "version", "stored_at", "expires_at")}
                yield canonical_json({**told, "value": read_value(row["value"])})


def read_bundle(memory: Memory, path: Path, *, namespace: str | None = None) -> Bundle:
    """Read and check a whole file of records.

    Raises:
        UserError: it cannot be read, or the first line that is not in order, with its number.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 at byte {error.start}", field="FILE") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}", field="FILE") from None
    changes: list[Change] = []
    expired, now = 0, stamp()
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            change = _read_line(memory, line, f"{path} line {number}", namespace=namespace)
            if change.expires_at is not None and change.expires_at <= now:
                expired += 1
            else:
                changes.append(change)
    if not changes and not expired:
        raise UserError(f"{path} holds no record", field="FILE")
    return Bundle(str(path), sha256_text(text), tuple(changes), expired)


def import_bundle(memory: Memory, bundle: Bundle, import_id: str) -> Imported:
    """Write all records of a bundle in one transaction; those that are there with the same value stay as they are."""
    with memory.records.database.write() as connection:
        (before,) = connection.execute("SELECT coalesce(max(change), 0) FROM memory_versions").fetchone()
        stored = sum(_write(connection, change) for change in bundle.changes)
        (after,) = connection.execute("SELECT coalesce(max(change), 0) FROM memory_versions").fetchone()
        done = Imported(import_id, stored, len(bundle.changes) - stored)
        connection.execute(
            "INSERT INTO memory_imports VALUES (?, ?, ?, ?, ?, ?, ?)",
            (import_id, bundle.sha256, before + 1, after, done.stored, done.unchanged, stamp()),
        )
    return done


def find_import(memory: Memory, import_id: str) -> Imported | None:
    """Return what an import did, or None when it did not happen or was taken back."""
    with memory.records.database.read() as connection:
        row = connection.execute(
            "SELECT stored, unchanged FROM memory_imports WHERE import_id = ?", (import_id,)
        ).fetchone()
    return None if row is None else Imported(import_id, *row)


def take_back_import(memory: Memory, import_id: str) -> None:
    """Give every record that an import wrote, and nobody changed since, the value it had before, or a tombstone."""
    with memory.records.database.write() as connection:
        row = connection.execute(
            "SELECT first_change, last_change FROM memory_imports WHERE import_id = ?", (import_id,)
        ).fetchone()
        if row is None:
            return
        first, last = row
        written = connection.execute(
            "SELECT namespace, key FROM memory_heads WHERE change BETWEEN ? AND ?", (first, last)
        ).fetchall()
        for namespace, key in written:
            old = connection.execute(
                "SELECT value, expires_at FROM memory_versions"
                " WHERE namespace = ? AND key = ? AND change < ? ORDER BY change DESC LIMIT 1",
                (namespace, key, first),
            ).fetchone()
            append(connection, Change(namespace, key, *(old or (None, None))))
        connection.execute("DELETE FROM memory_imports WHERE import_id = ?", (import_id,))


def _read_line(memory: Memory, line: str, source: str, *, namespace: str | None) -> Change:
    try:
        told = validate(Line, parse_json(line, source))
        name = told.namespace or namespace
        if name is None:
            raise UserError("namespace: is required; name one for all lines with --namespace", field="namespace")
        change = memory.plan(told.key, told.value, namespace=name)
    except UserError as error:
        message = error.message if error.message.startswith(source) else f"{source}: {error.message}"
        raise UserError(message, field=error.field, legal=error.legal, hint=error.hint) from None
    if told.expires_at is None:
        return change
    given = stamp(told.expires_at)
    return replace(change, expires_at=min(given, change.expires_at) if change.expires_at else given)


def _write(connection: sqlite3.Connection, change: Change) -> bool:
    """Write a record's next version unless the present one says the same; tell whether it was written."""
    present = connection.execute(
        "SELECT v.value, v.expires_at FROM memory_heads h JOIN memory_versions v ON v.change = h.change"
        " WHERE h.namespace = ? AND h.key = ?",
        (change.namespace, change.key),
    ).fetchone()
    if present is not None and _says(present, change):
        return False
    append(connection, change)
    return True


def _says(present: sqlite3.Row, change: Change) -> bool:
    alive = present["value"] is not None and (present["expires_at"] is None or present["expires_at"] > stamp())
    return alive and change.text is not None and read_value(present["value"]) == read_value(change.text)


def write_lines(path: Path, lines: list[str]) -> None:
    """Write lines to a file, whole or not at all.

    Raises:
        UserError: the place cannot be written.
    """
    try:
        write_whole(path, "".join(f"{line}\n" for line in lines))
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}", field="FILE") from None


def new_import_id() -> str:
    """Return a fresh name for an import."""
    return secrets.token_hex(8)


def keep_text(project: Project, import_id: str, text: str) -> Path:
    """Keep what was piped in as a file, so that an import that breaks off can be resumed."""
    path = project.run_folder(f"import-{import_id}") / "records.jsonl"
    write_lines(path, text.rstrip("\n").split("\n"))
    return path
