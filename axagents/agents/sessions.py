"""Kept sessions: which there are, what was said in one, what it cost, and which of its turns were cut short."""

import os
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from axagents.agents.ledger import spent_by
from axagents.agents.opening import CALL
from axagents.errors import Failed, NotFound, UserError
from axagents.project import Project
from axagents.stores.database import open_database
from axagents.stores.runs import RunRecord, Runs

Ended = Literal["completed", "asked", "declined", "failed", "stopped", "cut short", "waiting", "running", "abandoned"]
RESUMABLE = ("failed", "stopped", "cut short", "waiting")
INTERRUPTED = "interrupted"
_STATUS: dict[str, Ended] = {
    "completed": "completed",
    "waiting": "asked",
    "declined": "declined",
    "failed": "completed",
}
# A run that another agent asked for has a parent; `ax call` is no conversation with a persona.
_OWN = "kind = 'agent' AND parent IS NULL AND name != ?"
_SESSION = "coalesce(json_extract(request, '$.session'), run_id)"


@dataclass(frozen=True)
class KeptSession:
    """A session as a list shows it: its first words, its last persona, when its last turn began."""

    session: str
    words: str
    persona: str
    turns: int
    last_at: str


@dataclass(frozen=True)
class KeptTurn:
    """One turn of a session.

    Attributes:
        ended: how; "stopped" by Ctrl-C, "cut short" when its process was gone, "completed" with a failed last call too.
        answer: what was answered, or what the error was; empty where there was neither.
        seconds: None where it never ended.
    """

    run_id: str
    persona: str
    provider: str
    query: str
    answer: str
    ended: Ended
    calls: tuple[dict[str, Any], ...]
    started_at: str
    seconds: float | None
    tokens: int
    cost_usd: float


def list_sessions(project: Project, limit: int = 20) -> list[KeptSession]:
    """Return the sessions, the one spoken in last first."""
    found: dict[str, list[sqlite3.Row]] = {}
    for row in _rows(project):
        found.setdefault(row["session"], []).append(row)
    # Rows come newest first, so sessions do too, and the last row of each is its first turn.
    listed = [
        KeptSession(session, str(rows[-1]["query"]), rows[0]["name"], len(rows), rows[0]["started_at"])
        for session, rows in found.items()
    ]
    return listed[:limit]


def session_names(project: Project) -> list[str]:
    """Return the names of the sessions, the one spoken in last first."""
    return list(dict.fromkeys(row["session"] for row in _rows(project)))


def find_session(project: Project, named: str) -> str:
    """Return the session of a name, or of a beginning that fits one only.

    Raises:
        NotFound, UserError: none, or several.
    """
    names = session_names(project)
    beginning = [name for name in names if named and name.startswith(named)]
    fitting = [named] if named in names else beginning
    if len(fitting) > 1:
        told = f"several sessions begin with {named!r}, such as {fitting[0]} and {fitting[1]}"
        raise UserError(told, field="--session", legal=fitting[:8])
    if not fitting:
        raise NotFound("session", named, names, field="--session", hint="ax chat, then /resume lists them")
    return fitting[0]


def read_turns(project: Project, session: str) -> list[KeptTurn]:
    """Return the turns of a session in the order they began; none when nothing was ever said in it."""
    return [read_turn(project, row["run_id"]) for row in reversed(_rows(project, session))]


def read_turn(project: Project, run_id: str) -> KeptTurn:
    """Return the turn that a run was."""
    record = Runs(project).get(run_id)
    result = record.result
    if result is None:
        result = {"answer": (record.error or {}).get("message", ""), **asdict(spent_by(project, run_id))}
    return KeptTurn(
        run_id=run_id,
        persona=record.name,
        provider=result.get("provider", ""),
        query=str(record.request.get("query", "")),
        answer=result["answer"],
        ended=_ended(record),
        calls=tuple(result.get("calls", ())),
        started_at=record.started_at,
        seconds=_seconds(record),
        tokens=result["tokens"],
        cost_usd=result["cost_usd"],
    )


def resumable(turns: Sequence[KeptTurn]) -> KeptTurn | None:
    """Return the last turn where it was cut short, failed, or waits for a word, and can go on."""
    return turns[-1] if turns and turns[-1].ended in RESUMABLE else None


def close_cut(project: Project, session: str) -> None:
    """Write it down when this process was stopped in a turn and the run could not do that itself."""
    runs = Runs(project)
    for row in _rows(project, session):
        record = runs.get(row["run_id"])
        if record.status == "running" and (record.process or "").startswith(f"{os.getpid()}:"):
            runs.fail(record.run_id, Failed(INTERRUPTED, hint=f"ax runs resume {record.run_id}"))


def _rows(project: Project, session: str | None = None) -> list[sqlite3.Row]:
    with open_database(project).read() as connection:
        return connection.execute(
            f"SELECT run_id, name, started_at, json_extract(request, '$.query') AS query, {_SESSION} AS session"
            f" FROM runs WHERE {_OWN} AND (? IS NULL OR {_SESSION} = ?) ORDER BY started_at DESC, rowid DESC",
            (CALL, session, session),
        ).fetchall()


def _ended(record: RunRecord) -> Ended:
    if record.status == "completed":
        return _STATUS[str((record.result or {}).get("status", "completed"))]
    if record.status == "running":
        return "cut short" if record.interrupted else "running"
    if record.status == "failed" and (record.error or {}).get("message") == INTERRUPTED:
        return "stopped"
    return record.status


def _seconds(record: RunRecord) -> float | None:
    if record.finished_at is None:
        return None
    began, ended = (datetime.fromisoformat(each) for each in (record.started_at, record.finished_at))
    return (ended - began).total_seconds()
