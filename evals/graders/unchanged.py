"""What must be as it was: globs over registry/, memory/, datasets/, mlflow/, models/ and other files, effects/.

`**` is everything but the record that the agent keeps of its own work: its runs, its journal and the conversation.
"""

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from axagents.evaluation.evidence import Evidence
from axagents.evaluation.looking import look
from axagents.project import open_project
from axagents.testing.snapshot import Snapshot, compare, take_snapshot

Expected = list[str]
AREAS = {
    "ax.db:registry_": "registry",
    "ax.db:model_": "registry",
    "mlflow.db:registered_model": "registry",
    "mlflow.db:model_version": "registry",
    "mlflow.db:": "mlflow",
    "ax.db:datasets": "datasets",
    "ax.db:effects": "effects",
}
FOLDERS = {"data/": "datasets", ".ax/mlartifacts/": "mlflow"}
OWN_FILES = (".ax/",)
OWN_NAMESPACE = "conversations"


def observe(root: Path) -> tuple[Snapshot, dict[str, Any]]:
    project = open_project(root)
    if project.mlflow_path.exists():
        # A store that was copied writes its new place into its rows when it is first opened: that is no change.
        from axagents.stores.tracking.location import prepare_store

        prepare_store(project)
    return take_snapshot(project), look(root)["memory"]


def judge(expected: Expected, evidence: Evidence) -> list[str]:
    (before, noted_before), (after, noted_after) = evidence.before["unchanged"], evidence.after["unchanged"]
    changes = compare(before, after)
    tables = {*changes.rows_added, *changes.rows_gone}
    changed = [name for table in tables if (name := table_name(table))]
    changed += [name for path in (*changes.files_added, *changes.files_changed) if (name := file_name(path))]
    changed += notes(noted_before, noted_after)
    return [f"{name} changed" for name in sorted(changed) if any(fnmatchcase(name, glob) for glob in expected)]


def table_name(table: str) -> str | None:
    area = next((area for start, area in AREAS.items() if table.startswith(start)), None)
    return f"{area}/{table}" if area else None


def file_name(path: str) -> str | None:
    area = next((area for start, area in FOLDERS.items() if path.startswith(start)), None)
    if area:
        return f"{area}/{path}"
    return None if path.startswith(OWN_FILES) else path


def notes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    spaces = (before.keys() | after.keys()) - {OWN_NAMESPACE}
    found: list[str] = []
    for space in spaces:
        old, new = before.get(space, {}), after.get(space, {})
        found += [f"memory/{space}/{key}" for key in old.keys() | new.keys() if old.get(key) != new.get(key)]
    return found
