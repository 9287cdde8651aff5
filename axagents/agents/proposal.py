"""The plan of an effect, drawn by code from its typed arguments and bound by a hash; who may approve it, and how."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axagents.actor import is_agent
from axagents.agents.request import Leave
from axagents.agents.tools import ToolBox
from axagents.fields import canonical_json, printable, sha256_text
from axagents.llm.offline.world import World
from axagents.llm.turn import Call, Source
from axagents.project import Project
from axagents.stores.models.digest import digest

SHOWN_HASH = 16
LEAST_HASH = 12
_ORIGINS = {
    "query": "your words",
    "conversation": "the conversation",
    "memory": "memory",
    "world": "this project",
    "default": "default",
    "model": "the model",
}
_TRUSTED = ("query", "world", "default")


@dataclass(frozen=True)
class Proposal:
    """An effect that waits for a word.

    Attributes:
        hash: of tool, arguments, condition and the facts it rests on; a moved world gives another.
        kind: the word that `[approve] auto` has for it.
        tainted: arguments whose value stands neither in the user's words nor in the project, with their origin.
        text: the plan for people.
    """

    tool: str
    arguments: dict[str, Any]
    condition: str | None
    kind: str
    hash: str
    tainted: dict[str, str]
    text: str

    def as_dict(self) -> dict[str, Any]:
        return {
            "tool": self.tool,
            "arguments": self.arguments,
            "condition": self.condition,
            "effect": self.kind,
            "hash": self.hash,
            "tainted": self.tainted,
            "text": self.text,
        }


_SECOND_HAND = Source(source="model", origin="another agent's words")


def _second_hand(call: Call, words: str, tainted: Mapping[str, str]) -> Call:
    """Tell of what another agent passed on for the user's words whether it stands in them, or in this project."""
    sources = dict(call.sources)
    for name, value in leaves(call.arguments):
        source = _source(call, name)
        if source is None or source.source != "query":
            continue
        if name in tainted:
            sources[name] = _SECOND_HAND
        elif not all(_stands_in(text.lower(), words.lower()) for text in _texts(value)):
            sources[name] = Source(source="world")
    return call.model_copy(update={"sources": sources})


@dataclass(frozen=True)
class Ground:
    """What a proposal is drawn from: the project, its names, the tools, and the user's words.

    Attributes:
        own_words: whether the agent heard these words itself; else another agent told it what to do in its own.
    """

    project: Project
    world: World
    tools: ToolBox
    words: str
    own_words: bool = True


def draw(call: Call, ground: Ground) -> Proposal:
    """Draw the plan of a call with an effect."""
    tainted = dict(_tainted(call, ground))
    facts = _facts(call.arguments, ground)
    bound = sha256_text(canonical_json([call.tool, call.arguments, call.condition, facts]))[:SHOWN_HASH]
    kind = ground.tools.effect_kind(call.tool, call.arguments)
    shown = call if ground.own_words else _second_hand(call, ground.words, tainted)
    text = "\n".join(_lines(shown, kind, bound, tainted=tainted))
    return Proposal(call.tool, call.arguments, call.condition, kind, bound, tainted, text)


def is_covered(proposal: Proposal, leave: Leave, auto: Sequence[str]) -> str | None:
    """Return how a proposal is approved beforehand, "hash" or "option", or None; never for an agent."""
    if is_agent():
        return None
    if any(_is_hash_of(proposal, given) for given in leave.hashes):
        return "hash"
    return "option" if leave.yes and proposal.kind in auto and not proposal.tainted else None


def tell_uncovered(proposal: Proposal, leave: Leave) -> Iterator[str]:
    """Yield why the hashes that were approved beforehand do not cover a proposal."""
    if is_agent() and leave.hashes:
        yield "an agent acts here (AX_ACTOR), whose --approve does not count"
        return
    for given in leave.hashes:
        if len(given) < LEAST_HASH:
            yield f"--approve {given}: give {LEAST_HASH} letters of the hash at least"
        elif not _is_hash_of(proposal, given):
            yield f"--approve {given} is not this plan"


def _is_hash_of(proposal: Proposal, given: str) -> bool:
    return len(given) >= LEAST_HASH and proposal.hash.startswith(given.lower())


def _lines(call: Call, kind: str, bound: str, *, tainted: Mapping[str, str]) -> Iterator[str]:
    yield f"plan {bound}  {call.tool} ({kind})"
    rows = [(name, printable(value), _origin(call, name)) for name, value in leaves(call.arguments)]
    if call.condition:
        rows.append(("only if", call.condition, "your words"))
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    for name, value, origin in rows:
        mark = "  ! not in your words and not in this project" if name in tainted else ""
        yield f"  {name:<{widths[0]}}  {value:<{widths[1]}}  {origin}{mark}"
    if call.ignored:
        yield f"  ! not understood of your words: {', '.join(map(printable, call.ignored))}"


def _source(call: Call, name: str) -> Source | None:
    return call.sources.get(name) or call.sources.get(name.partition(".")[0])


def _origin(call: Call, name: str) -> str:
    source = _source(call, name)
    if source is None:
        return _ORIGINS["model"]
    told = _ORIGINS.get(source.source, source.source)
    return f"{told}: {source.origin}" if source.origin and source.source != "query" else told


def leaves(arguments: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value of nested arguments with its dotted name; lists are yielded whole."""
    for name, value in arguments.items():
        if isinstance(value, Mapping):
            yield from leaves(value, f"{prefix}{name}.")  # pyright: ignore[reportUnknownArgumentType]
        else:
            yield f"{prefix}{name}", value


def _tainted(call: Call, ground: Ground) -> Iterator[tuple[str, str]]:
    """Yield the arguments whose text comes from memory, data, a tool or a model, and stands nowhere trusted."""
    known = set(_known_names(ground.world))
    words = ground.words.lower()
    for name, value in leaves(call.arguments):
        source = _source(call, name)
        origin = source.source if source else "model"
        if origin in _TRUSTED and (origin != "query" or ground.own_words):
            continue
        if any(text not in known and not _stands_in(text.lower(), words) for text in _texts(value)):
            yield name, _ORIGINS.get(origin, origin)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():  # pyright: ignore[reportUnknownVariableType]
            yield from _texts(each)
    elif isinstance(value, Sequence):
        for each in value:  # pyright: ignore[reportUnknownVariableType]
            yield from _texts(each)


def _stands_in(text: str, words: str) -> bool:
    """Tell whether a text stands in the user's words as a whole: 2.1.0 does not stand in 12.1.0."""
    return bool(re.search(rf"(?<![\w.-]){re.escape(text)}(?![\w-]|\.\w)", words))


def _known_names(world: World) -> Iterator[str]:
    for model in world.models():
        yield model.name
        for each in model.versions:
            yield from (each.version, f"{model.name}/{each.version}", f"{model.name}:{each.version}")
    yield from (each.name for each in world.deployments())
    yield from (name for each in world.datasets() for name in (each.name, *each.aliases))
    yield from world.experiments()
    yield from world.tests()


def _facts(arguments: Mapping[str, Any], ground: Ground) -> dict[str, Any]:
    """Return what the plan rests on: the stages of the models it names, and the content of the folders."""
    facts: dict[str, Any] = {}
    named = {str(value) for _, value in leaves(arguments) if isinstance(value, str)}
    for model in ground.world.models():
        if any(
            name == model.name or name.startswith((f"{model.name}/", f"{model.name}-", f"{model.name}:"))
            for name in named
        ):
            facts[model.name] = {each.version: each.stage for each in model.versions}
    for each in ground.world.deployments():
        if each.model in facts or each.name in named:
            facts[each.name] = [each.version, each.rollout]
    for name, value in leaves(arguments):
        path = ground.project.root / str(value)
        if name.endswith("_path") and (path / "MLmodel").is_file() and _inside(path, ground.project):
            facts[name] = digest(path)
    return facts


def _inside(path: Path, project: Project) -> bool:
    return path.resolve().is_relative_to(project.root)
