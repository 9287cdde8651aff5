"""The effect on documents: put one into the project's own files."""

from pathlib import Path
from typing import Any

from axagents.effects.effect import Effect, Probe
from axagents.errors import Failed
from axagents.faults import fault_point
from axagents.fields import sha256_text
from axagents.filesystem import write_whole
from axagents.project import Project, make_folder


def publish_document(project: Project, arguments: dict[str, Any]) -> Effect:
    """Write a document to its place, whole or not at all.

    Arguments: `source` and `target` (relative to the project), `sha256` (of the document), `replaces` (SHA-256 of the
    file that whoever asks has seen at the target, or None where there was none).
    """
    source, target = project.root / arguments["source"], project.root / arguments["target"]
    sha256: str = arguments["sha256"]

    def probe() -> Probe:
        return Probe.done(after) if read_digest(target) == sha256 else Probe.absent()

    def act() -> dict[str, Any]:
        text = _read(source)
        if text is None or sha256_text(text) != sha256:
            raise Failed(f"{arguments['source']} changed or went away since it was looked at; nothing was published")
        if read_digest(target) != arguments["replaces"]:
            raise Failed(f"{arguments['target']} changed since it was looked at; nothing was published")
        _place(target, text)
        fault_point("documents.publish.placed")
        return after

    def before() -> dict[str, Any]:
        return {"text": _read(target)}

    def undo(found: Any, _after: Any) -> None:
        if read_digest(target) != sha256:
            raise Failed(f"{arguments['target']} changed since it was published; it stays as it is")
        if found["text"] is None:
            target.unlink()
        else:
            _place(target, found["text"])

    after = {"target": arguments["target"], "sha256": sha256}
    return Effect("documents.publish", arguments, probe, act, undo=undo, before=before)


def read_digest(path: Path) -> str | None:
    """Return the SHA-256 of a text file; None where there is no such file."""
    text = _read(path)
    return None if text is None else sha256_text(text)


def _read(path: Path) -> str | None:
    # A file that is no text comes back with marks in it: it is never taken for a document of ours.
    return path.read_bytes().decode("utf-8", errors="replace") if path.is_file() else None


def _place(target: Path, text: str) -> None:
    make_folder(target.parent)
    try:
        write_whole(target, text)
    except OSError as error:
        raise Failed(f"cannot write {target.name}: {error.strerror}") from None
