"""`ax memory`: store, find, look back, delete, and move records."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from axagents.cli.common import Need, command, group
from axagents.cli.output import Shown, table

if TYPE_CHECKING:
    from axagents.stores.memory.memory import Memory
    from axagents.stores.memory.records import Record

app = group("Store, find and tidy what should be remembered.")

KeyOption = Annotated[str, typer.Option(help="The record's key, 1 to 500 characters.")]
NamespaceOption = Annotated[str, typer.Option(help="The namespace, such as notes; `ax memory stats` lists them.")]
AnyNamespaceOption = Annotated[str | None, typer.Option(help="The namespace; by default all of them.")]
_SHORT = 100


@command(app, "store", project=Need.WRITES)
def store(
    key: KeyOption,
    *,
    namespace: NamespaceOption,
    value: Annotated[str | None, typer.Option(help="A JSON object, or @FILE; without it, or with -, a pipe.")] = None,
    ttl: Annotated[float | None, typer.Option(help="Seconds until the record is gone.")] = None,
    merge: Annotated[bool, typer.Option("--merge", help="Lay the fields over those of the present version.")] = False,
) -> Shown:
    """Store a record; what was there stays as an earlier version."""
    stored = _memory().store(key, _read_value(value), namespace=namespace, ttl=ttl, merge=merge)
    data = _told(stored, "namespace", "key", "version", "stored_at", "expires_at")
    until = f", until {stored.expires_at}" if stored.expires_at else ""
    return Shown(data, f"stored {stored.key} in {stored.namespace}, version {stored.version}{until}")


@command(app, "retrieve")
def retrieve(key: KeyOption, *, namespace: NamespaceOption) -> Shown:
    """Show the newest version of a record; exit 1 when there is none."""
    record = _memory().retrieve(key, namespace=namespace)
    if record is None:
        data = {"found": False, "namespace": namespace, "key": key, "value": None, "version": None, "stored_at": None}
        return Shown(data, f"nothing is stored under {key} in {namespace}", exit_code=1)
    data = {"found": True, **_told(record, "namespace", "key", "value", "version", "stored_at", "expires_at")}
    return Shown(data, _pretty(record.value))


@command(app, "search")
def search(
    query: Annotated[str, typer.Option(help="A key, the beginning of one, or what the record is about.")],
    *,
    namespace: AnyNamespaceOption = None,
    limit: Annotated[int | None, typer.Option(help="At most so many; by default 10, or every key under QUERY.")] = None,
) -> Shown:
    """Find records by key, by words, and by likeness."""
    hits = _memory().search(query, namespace=namespace, limit=limit)
    data = {"results": [asdict(hit) for hit in hits]}
    if not hits:
        return Shown(data, "nothing found")
    rows = [(f"{hit.score:.4f}", hit.namespace, hit.key, _brief(hit.value)) for hit in hits]
    return Shown(data, table(["score", "namespace", "key", "value"], rows))


@command(app, "list")
def list_(
    *,
    namespace: NamespaceOption,
    prefix: Annotated[str, typer.Option(help="Only keys that begin with this.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many keys.")] = 1_000,
) -> Shown:
    """List the keys of a namespace."""
    page = _memory().list(namespace, prefix=prefix, limit=limit)
    data = {"namespace": page.namespace, "keys": list(page.keys), "total": page.total}
    left = page.total - len(page.keys)
    more = [f"and {left} more; see them with --limit {page.total}"] if left else []
    return Shown(data, "\n".join([*page.keys, *more]) or f"no keys in {page.namespace}")


@command(app, "history")
def history(key: KeyOption, *, namespace: NamespaceOption) -> Shown:
    """Show every version of a record, oldest first; exit 1 when there never was one."""
    versions = _memory().history(key, namespace=namespace)
    shown = [_told(each, "version", "stored_at", "expires_at", "value") for each in versions]
    name = versions[0].namespace if versions else namespace
    data = {"namespace": name, "key": key, "versions": [{**each, "deleted": each["value"] is None} for each in shown]}
    if not versions:
        return Shown(data, f"nothing was ever stored under {key} in {namespace}", exit_code=1)
    rows = [(each.version, each.stored_at[:19], _brief(each.value)) for each in versions]
    return Shown(data, table(["version", "stored", "value"], rows))


@command(app, "delete", project=Need.WRITES)
def delete(
    key: KeyOption,
    *,
    namespace: NamespaceOption,
    purge: Annotated[bool, typer.Option("--purge", help="Remove every version; this cannot be undone.")] = False,
) -> Shown:
    """Delete a record: a tombstone is left, and with it the earlier versions unless they are purged."""
    from axagents.effects import perform_command
    from axagents.effects.memory import delete_record
    from axagents.errors import NotFound

    memory = _memory()
    name = memory.resolve(namespace)
    versions = memory.history(key, namespace=namespace)
    if not versions:
        known = memory.list(namespace).keys
        raise NotFound(f"record in {name}", key, known, field="key", hint=f"ax memory list --namespace {name}")
    newest = versions[-1].version
    if all(each.value is None for each in (versions if purge else versions[-1:])):
        data = {"namespace": name, "key": key, "deleted": True, "version": newest, "purged": purge, "changed": False}
        return Shown(data, f"{key} is deleted from {name} already (version {newest}); nothing was changed")
    arguments = {"namespace": name, "key": key, "version": newest, "purge": purge}
    done = perform_command(memory.project, delete_record(memory.project, arguments), name=f"memory delete {name} {key}")
    data = {"namespace": name, "key": key, "deleted": True, **done.after, "changed": True}
    if purge:
        return Shown(data, f"deleted {key} from {name} with all its versions")
    again = f"ax memory history --key {key} --namespace {name}"
    return Shown(data, f"deleted {key} from {name}; its earlier versions stay: {again}")


@command(app, "export")
def export(
    file: Annotated[Path | None, typer.Argument(help="Where to; by default standard output.")] = None,
    *,
    namespace: AnyNamespaceOption = None,
    prefix: Annotated[str, typer.Option(help="Only keys that begin with this.")] = "",
) -> Shown:
    """Write the records as JSON lines, one a line, for `ax memory import`."""
    import json

    from axagents.stores.memory.transfer import export_lines, write_lines

    lines = list(export_lines(_memory(), namespace, prefix=prefix))
    if file is not None:
        write_lines(file, lines)
        return Shown({"file": str(file), "records": len(lines)}, f"wrote {len(lines)} records to {file}")
    return Shown({"records": [json.loads(line) for line in lines]}, "\n".join(lines))


@command(app, "import", project=Need.WRITES)
def import_(
    file: Annotated[Path, typer.Argument(help="A file of JSON lines, or - for standard input.")],
    *,
    namespace: Annotated[str | None, typer.Option(help="Where lines go that name no namespace.")] = None,
) -> Shown:
    """Store every record of a file, or none; records that are there with the same value stay as they are."""
    from axagents.cli.piped import read_text
    from axagents.effects import perform_command
    from axagents.effects.memory import import_records
    from axagents.stores.memory.transfer import keep_text, new_import_id, read_bundle

    memory, import_id = _memory(), new_import_id()
    path = file.absolute() if str(file) != "-" else keep_text(memory.project, import_id, read_text("-", "FILE"))
    bundle = read_bundle(memory, path, namespace=namespace)
    arguments = {"import_id": import_id, "path": str(path), "sha256": bundle.sha256, "namespace": namespace}
    done = perform_command(memory.project, import_records(memory.project, arguments), name=f"memory import {file}")
    data = {"file": str(file), "expired": bundle.expired, **done.after}
    late = f"; {bundle.expired} whose time is over were left out" if bundle.expired else ""
    return Shown(data, f"imported {data['stored']} records, {data['unchanged']} were there already{late}")


@command(app, "stats")
def stats() -> Shown:
    """Show how much every namespace holds, and how far the index has come."""
    from axagents.stores.memory.stats import measure

    found = measure(_memory())
    rows = [
        (
            each.namespace, each.records, each.versions, each.deleted, each.expired, f"{each.bytes / 1024:.1f} kB",
            f"{each.retention_days:g} d" if each.retention_days else "-", (each.newest or "-")[:19], each.unindexed,
        )
        for each in found.namespaces
    ]  # fmt: skip
    headers = ["namespace", "records", "versions", "deleted", "expired", "size", "kept", "newest", "not indexed"]
    made = f"{found.vectors} vectors, made by {found.embedder}" if found.embedder else "nothing is indexed yet"
    return Shown(asdict(found), f"{table(headers, rows)}\n\n{made}")


def _read_value(given: str | None) -> dict[str, Any]:
    from axagents.cli.piped import read_json, read_pipe
    from axagents.requests import parse_json

    return parse_json(read_pipe("--value"), "the piped value") if given is None else read_json(given, "--value")


def _memory() -> "Memory":
    from axagents.project import current_project
    from axagents.stores.memory.memory import Memory

    return Memory(current_project())


def _told(record: "Record", *names: str) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


def _pretty(value: Any) -> str:
    import json

    return json.dumps(value, indent=2, ensure_ascii=False)


def _brief(value: Any) -> str:
    import json

    if value is None:
        return "(deleted)"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHORT else text[: _SHORT - 3] + "..."
