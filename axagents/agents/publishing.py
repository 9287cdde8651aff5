"""What the offline planner publishes: a document that its own call wrote, where the user's words ask for that."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from axagents.agents.context import AgentContext
from axagents.llm.turn import Call, Source, Turn

WRITE, PUBLISH = "write-document", "publish-document"
_PLACE = re.compile(r"(?<![\w./-])docs/[\w./-]*")
_NOT = re.compile(r"\b(?:not|never|without|no)\b|n't\b", re.IGNORECASE)


def publishes(call: Call, words: str) -> bool:
    """Tell whether a call is to be followed by one that publishes what it wrote, as the user's words ask."""
    named = bool(_PLACE.search(words)) and not _NOT.search(words)
    return call.tool == WRITE and (named or call.arguments.get("publish") is True)


def publish_written(context: AgentContext, position: int) -> Turn | None:
    """Return the turn that publishes what was just written; None where nothing is to be published.

    A language model makes that call by itself.
    """
    if context.provider.name != "offline" or PUBLISH not in context.tools.facts():
        return None
    wanted = context.ledger.read().wanted
    asked = {str(call.arguments.get("document")) for call in wanted.values() if call.tool == PUBLISH}
    written = [each for each in _written(context, position) if each["document"] not in asked]
    if not written:
        return None
    place = _PLACE.search(context.request.words)
    return Turn(stop_reason="calls", calls=tuple(_call(each, place.group(0) if place else None) for each in written))


def _written(context: AgentContext, position: int) -> Iterator[dict[str, Any]]:
    """Yield what write-document returned, for the calls that asked to publish."""
    for entry in context.results(position):
        call = context.ledger.wanted[entry.body["call_id"]]
        if publishes(call, context.request.words) and entry.body["status"] == "done":
            yield entry.body["result"]["publication"]


def _call(publication: dict[str, Any], place: str | None) -> Call:
    written = Source(source="world", origin="the document just written")
    path = Source(source="query", origin=place) if place else Source(source="default", origin="")
    arguments = {**publication, "path": _path(publication, place)}
    return Call(
        id="c1", tool=PUBLISH, arguments=arguments, sources={"document": written, "sha256": written, "path": path}
    )


def _path(publication: dict[str, Any], place: str | None) -> str:
    """Return the file that the words name, or the document's own name in the folder that they name."""
    named = (place or "").rstrip(".")
    if named.endswith(".md"):
        return named
    return f"{named.rstrip('/')}/{PurePosixPath(publication['path']).name}" if named else publication["path"]
