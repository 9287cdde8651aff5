"""Effects on memory: delete a record, import a file of records."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from axagents.effects.effect import Effect, Probe
from axagents.errors import Failed
from axagents.faults import fault_point
from axagents.project import Project
from axagents.stores.memory.memory import Memory
from axagents.stores.memory.records import Change
from axagents.stores.memory.transfer import Bundle, find_import, import_bundle, read_bundle, take_back_import
from axagents.stores.memory.values import write_value


def delete_record(project: Project, arguments: dict[str, Any]) -> Effect:
    """Leave a tombstone where a record was, or with `purge` nothing but that.

    Arguments: `namespace`, `key`, `version` (the newest one that whoever asks has seen), `purge`.
    """
    records = Memory(project).records
    namespace, key, version = arguments["namespace"], arguments["key"], arguments["version"]
    purge: bool = arguments["purge"]

    def probe() -> Probe:
        kept = records.versions(namespace, key)
        following = next((each for each in kept if each.version == version + 1), None)
        if following is None or following.value is not None:
            return Probe.absent()
        return Probe.done({"version": following.version, "purged": purge})

    def act() -> dict[str, Any]:
        tombstone = records.bury(namespace, key, version=version, purge=purge)
        fault_point("memory.delete.buried")
        return {"version": tombstone.version, "purged": purge}

    def before() -> dict[str, Any]:
        record = records.head(namespace, key)
        if record is None or purge:
            return {"versions": len(records.versions(namespace, key))}
        return {"value": record.value, "expires_at": record.expires_at}

    def undo(found: Any, after: Any) -> None:
        head = records.head(namespace, key)
        if head is None or head.version != after["version"]:
            raise Failed(f"{namespace}/{key} was stored again since it was deleted; that version stays")
        records.put(Change(namespace, key, write_value(found["value"]), found["expires_at"]))

    if purge:
        reason = "a purge removes every version of the record"
        return Effect("memory.delete", arguments, probe, act, irreversible=reason, before=before)
    return Effect("memory.delete", arguments, probe, act, undo=undo, before=before)


def import_records(project: Project, arguments: dict[str, Any]) -> Effect:
    """Write every record of a file of JSON lines, or none.

    Arguments: `import_id` (any text of its own), `path` (absolute), `sha256` (of the file's text), `namespace` (for
    lines that name none, or None).
    """
    memory = Memory(project)
    import_id: str = arguments["import_id"]

    def probe() -> Probe:
        done = find_import(memory, import_id)
        return Probe.done(asdict(done)) if done else Probe.absent()

    def act() -> dict[str, Any]:
        done = import_bundle(memory, _same_bundle(memory, arguments), import_id)
        fault_point("memory.import.written")
        return asdict(done)

    def undo(_before: Any, _after: Any) -> None:
        take_back_import(memory, import_id)

    return Effect("memory.import", arguments, probe, act, undo=undo)


def _same_bundle(memory: Memory, arguments: dict[str, Any]) -> Bundle:
    bundle = read_bundle(memory, Path(arguments["path"]), namespace=arguments["namespace"])
    if bundle.sha256 != arguments["sha256"]:
        raise Failed(f"{bundle.source} changed since the import began", hint=f"ax memory import {bundle.source}")
    return bundle
