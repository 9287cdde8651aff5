"""The append-only journal of an agent's run: messages, calls, results, approvals and the answer."""

import json
import sqlite3
from dataclasses import dataclass
from typing import Any, Literal

from axagents.clock import stamp
from axagents.progress import Written, emit
from axagents.project import Project
from axagents.stores.database import open_database

Kind = Literal["message", "call", "result", "approval", "answer"]


@dataclass(frozen=True)
class Entry:
    """One entry; positions of a run count from 1, `size` is that of the body's JSON in characters."""

    position: int
    kind: Kind
    body: dict[str, Any]
    at: str
    size: int


class AgentJournal:
    """The journal of one run; one process at a time goes on with it, and keeps in mind what it read or wrote."""

    def __init__(self, project: Project, run_id: str) -> None:
        self._database = open_database(project)
        self._run_id = run_id
        self._known: list[Entry] | None = None

    def append(self, kind: Kind, body: dict[str, Any], *, numbered_in: str | None = None) -> int:
        """Write an entry, tell who listens, and return its position.

        Args:
            numbered_in: the session whose next `number` the entry gets, as no other entry of it does.
        """
        known = self._entries()
        with self._database.write() as connection:
            if numbered_in is not None:
                body = {**body, "number": _next_number(connection, numbered_in)}
            text = json.dumps(body, ensure_ascii=False)
            entry = Entry(len(known) + 1, kind, body, stamp(), len(text))
            connection.execute(
                "INSERT INTO agent_journal (run_id, position, kind, body, at) VALUES (?, ?, ?, ?, ?)",
                (self._run_id, entry.position, kind, text, entry.at),
            )
        known.append(entry)
        emit(Written(self._run_id, kind, body))
        return entry.position

    def entries(self, *, after: int = 0, until: int | None = None, kind: Kind | None = None) -> list[Entry]:
        """Return the entries in order, behind a position and up to one, of one kind when it is given."""
        found = self._entries()[after:until]
        return [each for each in found if each.kind == kind] if kind else found

    def _entries(self) -> list[Entry]:
        if self._known is None:
            with self._database.read() as connection:
                rows = connection.execute(
                    "SELECT position, kind, body, at FROM agent_journal WHERE run_id = ? ORDER BY position",
                    (self._run_id,),
                ).fetchall()
            self._known = [Entry(each[0], each[1], json.loads(each[2]), each[3], len(each[2])) for each in rows]
        return self._known


def last_number(project: Project, session: str) -> int:
    """Return how many entries of a session have got a number."""
    with open_database(project).read() as connection:
        row = connection.execute("SELECT last FROM agent_receipts WHERE session = ?", (session,)).fetchone()
    return row["last"] if row else 0


def _next_number(connection: sqlite3.Connection, session: str) -> int:
    (number,) = connection.execute(
        "INSERT INTO agent_receipts (session, last) VALUES (?, 1)"
        " ON CONFLICT DO UPDATE SET last = last + 1 RETURNING last",
        (session,),
    ).fetchone()
    return number
