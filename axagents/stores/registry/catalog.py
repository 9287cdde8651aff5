"""What memory tells of the registry: `<model>/versions/<version>` and `<model>/index`, written from the event log."""

from typing import Any

from axagents.project import Project
from axagents.stores.memory.memory import Memory
from axagents.stores.registry.state import ModelState, RegisteredVersion

NAMESPACE = "ml-model-registry"


def catalog_entries(state: ModelState) -> dict[str, dict[str, Any]]:
    """Return the memory entries of a model, by key."""
    entries = {f"{state.model}/versions/{each.version}": _version(each) for each in state.versions}
    entries[f"{state.model}/index"] = _index(state)
    return entries


def published(project: Project, state: ModelState) -> bool:
    """Tell whether memory says of a model what the event log says."""
    return not _stale(Memory(project), state)


def publish(project: Project, state: ModelState) -> list[str]:
    """Write what memory lacks or has otherwise; return the keys of all entries of the model."""
    memory = Memory(project)
    for key, value in _stale(memory, state).items():
        memory.store(key, value, namespace=NAMESPACE)
    return list(catalog_entries(state))


def _stale(memory: Memory, state: ModelState) -> dict[str, dict[str, Any]]:
    wanted = catalog_entries(state) | _withdrawn(memory, state)
    found: dict[str, dict[str, Any]] = {}
    for key, value in wanted.items():
        record = memory.retrieve(key, namespace=NAMESPACE)
        if record is None or record.value != value:
            found[key] = value
    return found


def _withdrawn(memory: Memory, state: ModelState) -> dict[str, dict[str, Any]]:
    before = f"{state.model}/versions/"
    known = {each.version for each in state.versions}
    told = [key.removeprefix(before) for key in memory.list(NAMESPACE, prefix=before).keys]
    return {
        f"{before}{version}": {"model": state.model, "version": version, "stage": "withdrawn"}
        for version in told
        if version not in known
    }


def _version(version: RegisteredVersion) -> dict[str, Any]:
    told = version.metadata
    lineage: dict[str, Any] = told.get("lineage", {})
    return {
        "model": version.model,
        "version": version.version,
        "stage": version.stage,
        "sha256": version.sha256,
        "created_at": version.created_at,
        "framework": told.get("framework"),
        "task": told.get("task"),
        "description": _sentence(version),
        "metrics": told.get("metrics", {}),
        "schema": {"inputs": told.get("inputs", []), "outputs": told.get("outputs", [])},
        "dependencies": told.get("dependencies", []),
        "training": told.get("training", {}),
        "training_data": lineage.get("dataset"),
        "lineage": lineage,
        "tags": told.get("tags", {}),
    }


def _sentence(version: RegisteredVersion) -> str:
    told = version.metadata
    kind = f"{told.get('framework') or ''} {told.get('task') or ''} model".strip()
    target = f" for {told['target']}" if told.get("target") else ""
    data = told.get("lineage", {}).get("dataset")
    return f"{kind}{target}" + (f", trained on {data}" if data else "")


def _index(state: ModelState) -> dict[str, Any]:
    newest = state.newest()
    return {
        "model": state.model,
        "production": state.production.version if state.production else None,
        "newest": newest.version if newest else None,
        "versions": [
            {"version": each.version, "stage": each.stage, "sha256": each.sha256, "created_at": each.created_at}
            for each in state.versions
        ],
    }
