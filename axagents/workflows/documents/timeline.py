"""What happened in a project between two moments: runs, changes of the registry, effects, approvals, alerts."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from axagents.clock import parse_stamp
from axagents.project import Project
from axagents.stores.database import open_database
from axagents.stores.registry.events import Event, EventLog
from axagents.stores.runs import RunRecord, Runs
from axagents.workflows.documents.facts import Json
from axagents.workflows.documents.models import event_source
from axagents.workflows.documents.records import happened, optional_rows, tell_record

MOST = 200
"""Entries of a timeline; older ones are counted."""
_RUNS = 5_000
_NOT_TOLD = ("write-document", "publish-document")
_OF_REGISTRY = ("registry.register", "registry.stage")
_BEGAN = {"effects": "planned_at", "approvals": "asked_at"}
_ALERT_WORDS = ("severity", "kind", "model", "deployment", "message")


class Between(NamedTuple):
    """Two moments, as stamps."""

    since: str
    until: str


def read_timeline(project: Project, time: Between, *, model: str | None = None) -> tuple[list[Json], int]:
    """Return what happened, oldest first, at most the newest 200, and how many were left out.

    Args:
        model: only the registry's events of this model.
    """
    found = sorted(
        [
            *_of_runs(project, time),
            *_of_registry(project, time, model=model),
            *_of_effects(project, time),
            *_of_approvals(project, time),
            *_of_memory(project, time),
            *_of_alerts(project, time),
        ],
        key=lambda each: str(each["at"]),
    )
    return found[-MOST:], max(0, len(found) - MOST)


def runs_between(project: Project, time: Between) -> list[RunRecord]:
    """Return the runs that began between two moments and were not part of another, oldest first."""
    runs = [each for each in Runs(project).newest(limit=_RUNS) if time.since <= each.started_at <= time.until]
    return [each for each in reversed(runs) if each.parent is None and each.name not in _NOT_TOLD]


def _line(at: str, what: str, *, source: str, who: str = "") -> Json:
    return {"at": at, "what": what, "who": who, "source": source}


def _of_runs(project: Project, time: Between) -> Iterator[Json]:
    for run in runs_between(project, time):
        source = f"run {run.run_id}"
        yield _line(run.started_at, f"{run.kind} {run.name} began", source=source)
        if run.finished_at and run.finished_at <= time.until:
            verdict = f", verdict {run.verdict}" if run.verdict else ""
            error = f": {run.error['message']}" if run.error else ""
            yield _line(run.finished_at, f"{run.kind} {run.name} {run.status}{verdict}{error}", source=source)


def _of_registry(project: Project, time: Between, *, model: str | None) -> Iterator[Json]:
    for event in EventLog(project).read(model=model, until=parse_stamp(time.until)):
        if event.at >= time.since:
            yield _line(event.at, _told(event), who=event.who, source=event_source(event))


def _told(event: Event) -> str:
    moved = f"{event.before or 'nothing'} -> {event.after or 'nothing'}"
    return f"{event.model}:{event.version} {event.what} ({moved}): {event.why}"


def _of_effects(project: Project, time: Between) -> Iterator[Json]:
    """Yield the effects that failed, are unknown or were undone, and those that no other record tells of."""
    for row in _rows(project, "effects", time):
        if row["effect"] not in _OF_REGISTRY or row["status"] != "done":
            told = f"effect {row['effect']} {row['status']}" + (f": {row['reason']}" if row["reason"] else "")
            yield _line(row["planned_at"], told, who=row["actor"], source=f"run {row['run_id']}")


def _of_approvals(project: Project, time: Between) -> Iterator[Json]:
    for row in _rows(project, "approvals", time):
        source = f"approval {row['approval_id']}, run {row['run_id']}"
        yield _line(row["asked_at"], "an agent asked for an approval", source=source)
        if row["decided_at"] and row["decided_at"] <= time.until:
            told = f"the approval was {row['status']} ({row['how']})"
            yield _line(row["decided_at"], told, who=row["decided_by"], source=source)


def _of_memory(project: Project, time: Between) -> Iterator[Json]:
    for record in happened(project, time.since, time.until):
        source = f"memory {record.namespace}, {record.key}, version {record.version}"
        yield _line(record.stored_at, tell_record(project, record), source=source)


def _of_alerts(project: Project, time: Between) -> Iterator[Json]:
    for row in optional_rows(project, "alerts", {"at"}):
        if time.since <= row["at"] <= time.until:
            told = " ".join(str(row[name]) for name in _ALERT_WORDS if row.get(name))
            yield _line(row["at"], f"alert {told}", source="alerts on record")


def _rows(project: Project, table: str, time: Between) -> list[dict[str, Any]]:
    with open_database(project).read() as connection:
        rows = connection.execute(f"SELECT * FROM {table} WHERE {_BEGAN[table]} BETWEEN ? AND ? ORDER BY rowid", time)
        return [dict(row) for row in rows]
