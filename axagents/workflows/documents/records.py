"""What other parts of the project keep that a document may tell of: deployments, alerts, notes of what happened."""

from collections.abc import Iterator
from typing import Any

from axagents.project import Project
from axagents.stores.database import open_database
from axagents.stores.memory.memory import Memory
from axagents.stores.memory.reading import record_text
from axagents.stores.memory.records import Record
from axagents.workflows.documents.facts import Json, fact

HAPPENED = ("ml-alerts", "ml-deployment-events", "ml-monitoring-reports", "ml-model-events")
"""The memory namespaces whose records say that something happened."""


def optional_rows(project: Project, table: str, wanted: set[str]) -> list[dict[str, Any]]:
    """Return the rows of a table that comes with another part of axagents; none where it is not there."""
    with open_database(project).read() as connection:
        columns = {row["name"] for row in connection.execute(f"PRAGMA table_info({table})")}
        if not wanted <= columns:
            return []
        return [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1")]


def deployments_of(project: Project, model: str, at: str) -> list[Json]:
    """Return the deployments on record of a model: name, version in service, version before it."""
    rows = [row for row in optional_rows(project, "deployments", {"name", "model", "version"}) if row["model"] == model]
    return [
        {
            "name": row["name"],
            "version": fact(f"{row['name']} serves", row["version"], source=_deployment(row), at=at),
            "previous": fact(f"{row['name']} served before", row["previous"], source=_deployment(row), at=at)
            if row.get("previous")
            else None,
        }
        for row in rows
    ]


def _deployment(row: dict[str, Any]) -> str:
    return f"record of deployment {row['name']}"


def happened(project: Project, since: str, until: str) -> Iterator[Record]:
    """Yield the records of memory that say what happened between two moments, by namespace and time."""
    memory = Memory(project)
    for namespace in HAPPENED:
        kept = [each for key in memory.list(namespace).keys for each in memory.history(key, namespace=namespace)]
        for record in sorted(kept, key=lambda each: each.stored_at):
            if record.value is not None and since <= record.stored_at <= until:
                yield record


def tell_record(project: Project, record: Record) -> str:
    """Write a record as its namespace says that one reads."""
    return record_text(record.key, record.value or {}, Memory(project).declared.get(record.namespace))


def find_note(project: Project, key: str) -> Json | None:
    """Return what the note of that key says."""
    record = Memory(project).retrieve(key, namespace="notes")
    text = (record.value or {}).get("text") if record else None
    return (
        fact(key, text, source=f"note {key}, version {record.version}", at=record.stored_at)
        if record and text
        else None
    )
