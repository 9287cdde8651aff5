"""What a project holds, read straight from its databases and files, not by the code that wrote them."""

import json
from pathlib import Path
from typing import Any

from axagents.stores.database import open_reading

_NOT_FILES = (".ax", ".git")


def look(root: Path) -> dict[str, Any]:
    """Return registry, memory, mlflow, datasets and files of the project in `root`, as nested mappings."""
    state = root / ".ax"
    return {
        "registry": _registry(state / "ax.db"),
        "memory": _memory(state / "ax.db"),
        "datasets": _datasets(state / "ax.db"),
        "mlflow": _experiments(state / "mlflow.db"),
        "files": _files(root),
    }


def _registry(path: Path) -> dict[str, Any]:
    models: dict[str, Any] = {}
    for what, model, version, after in _rows(path, "SELECT what, model, version, after FROM registry_events"):
        stages = models.setdefault(model, {})
        if what == "withdrawn":
            stages.pop(version, None)
        else:
            stages[version] = after
    return {
        model: {
            "versions": sorted(stages),
            "stage": stages,
            "production": next((version for version, stage in stages.items() if stage == "production"), None),
        }
        for model, stages in models.items()
        if stages
    }


def _memory(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    text = (
        "SELECT heads.namespace, heads.key, versions.value FROM memory_heads AS heads"
        " JOIN memory_versions AS versions ON versions.change = heads.change WHERE heads.live = 1"
    )
    for namespace, key, value in _rows(path, text):
        found.setdefault(namespace, {})[key] = json.loads(value)
    return found


def _datasets(path: Path) -> dict[str, Any]:
    rows = _rows(path, "SELECT name, location, sha256 FROM datasets ORDER BY change")
    return {name: {"location": location, "sha256": sha256} for name, location, sha256 in rows}


def _experiments(path: Path) -> dict[str, Any]:
    text = (
        "SELECT experiments.name, runs.run_uuid, runs.status FROM experiments LEFT JOIN runs"
        " ON runs.experiment_id = experiments.experiment_id AND runs.lifecycle_stage = 'active'"
        " WHERE experiments.lifecycle_stage = 'active'"
    )
    found: dict[str, Any] = {}
    for name, run, status in _rows(path, text):
        of_name = found.setdefault(name, {"runs": 0, "finished": 0})
        of_name["runs"] += run is not None
        of_name["finished"] += status == "FINISHED"
    return found


def _files(root: Path) -> dict[str, int]:
    files = (path for path in root.rglob("*") if path.is_file())
    shown = {path.relative_to(root).as_posix(): path.stat().st_size for path in files}
    return {name: size for name, size in shown.items() if not name.startswith(_NOT_FILES)}


def _rows(path: Path, text: str) -> list[tuple[Any, ...]]:
    if not path.exists():
        return []
    with open_reading(path) as connection:
        return connection.execute(text).fetchall()
