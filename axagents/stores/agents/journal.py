"""The append-only journal of an agent's run: messages, calls, results, approvals and the answer."""

import json
from dataclasses import dataclass
from typing import Any, Literal

from axagents.clock import stamp
from axagents.progress import Written, emit
from axagents.project import Project
from axagents.stores.database import open_database

Kind = Literal["message", "call", "result", "approval", "answer"]


@dataclass(frozen=True)
class Entry:
    """One entry; positions of a run count from 1."""

    position: int
    kind: Kind
    body: dict[str, Any]
    at: str


class AgentJournal:
    """The journal of one run."""

    def __init__(self, project: Project, run_id: str) -> None:
        self._database = open_database(project)
        self._run_id = run_id

    def append(self, kind: Kind, body: dict[str, Any]) -> int:
        """Write an entry, tell who listens, and return its position."""
        with self._database.write() as connection:
            (last,) = connection.execute(
                "SELECT coalesce(max(position), 0) FROM agent_journal WHERE run_id = ?", (self._run_id,)
            ).fetchone()
            connection.execute(
                "INSERT INTO agent_journal (run_id, position, kind, body, at) VALUES (?, ?, ?, ?, ?)",
                (self._run_id, last + 1, kind, json.dumps(body, ensure_ascii=False), stamp()),
            )
        emit(Written(self._run_id, kind, body))
        return last + 1

    def entries(self, *, until: int | None = None, kind: Kind | None = None) -> list[Entry]:
        """Return the entries in order, up to a position, of one kind when it is given."""
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT position, kind, body, at FROM agent_journal"
                " WHERE run_id = ? AND position <= coalesce(?, position) AND kind = coalesce(?, kind)"
                " ORDER BY position",
                (self._run_id, until, kind),
            ).fetchall()
        return [Entry(row["position"], row["kind"], json.loads(row["body"]), row["at"]) for row in rows]
