"""The offline planner as a provider: it takes turns like a language model, without being one."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from axagents.contents import ContentFile
from axagents.documents import parse_yaml
from axagents.errors import UserError
from axagents.llm.offline.arguments.sources import Missing
from axagents.llm.offline.content import Synonyms, ToolContent
from axagents.llm.offline.planning import Plan, Planner, Step
from axagents.llm.offline.ranking import Ranked, Ranker
from axagents.llm.offline.world import World
from axagents.llm.turn import Call, Message, Need, Offer, Source, Turn

_SYNONYMS = Path(__file__).with_name("synonyms.yaml")


class OfflinePlanner:
    """Plans the last sentence of a conversation; it has nothing to say once the plan is carried out."""

    name = "offline"
    context_window: int | None = None

    def __init__(self, ranker: Ranker, world: World) -> None:
        self._ranker = ranker
        self._world = world

    def take_turn(self, system: str, messages: Sequence[Message], offers: Sequence[Offer]) -> Turn:  # noqa: ARG002
        """Return the calls for the last sentence, a question, or a refusal; after calls, an empty answer."""
        last = messages[-1]
        if last.role == "tool":
            return Turn(stop_reason="answer")
        plan = self._plan(last.text, messages[:-1])
        return _turn(plan, {offer.name for offer in offers})

    def _plan(self, sentence: str, before: Sequence[Message]) -> Plan:
        past = [call.arguments for message in reversed(before) for call in reversed(message.calls)]
        planner = Planner(self._ranker, self._world, past)
        plan = planner.plan(sentence)
        asked = _open_question(before)
        if asked is None or plan.outcome in ("run", "confirm"):
            return plan
        earlier, need = asked
        joined = planner.plan(f"{earlier}, {need.field.rpartition('.')[2].replace('_', ' ')} {sentence}")
        answered = joined.outcome in ("run", "confirm") or need.field not in {each.argument for each in joined.missing}
        return joined if joined.steps and answered else plan


def read_ranker(files: Mapping[str, ContentFile]) -> Ranker:
    """Return the ranker over the tools' sentences; read once in this process for the same content.

    Raises:
        UserError: a file is no such content, or its name is not its tool's.
    """
    return _ranker(tuple((name, str(file.path), file.text) for name, file in sorted(files.items())))


@cache
def _ranker(texts: tuple[tuple[str, str, str], ...]) -> Ranker:
    tools: dict[str, ToolContent] = {}
    for name, path, text in texts:
        content = parse_yaml(text, ToolContent, source=path)
        if content.tool != name:
            raise UserError(f"{path} is about {content.tool!r}; by its name it must be about {name!r}")
        tools[name] = content
    synonyms = parse_yaml(_SYNONYMS.read_text(encoding="utf-8"), Synonyms, source=_SYNONYMS.name)
    return Ranker(tools, synonyms)


def _open_question(before: Sequence[Message]) -> tuple[str, Need] | None:
    """Return the user's sentence that led to a question still open, and the first thing asked for."""
    if len(before) < 2 or not before[-1].needs:
        return None
    earlier = next((message.text for message in reversed(before) if message.role == "user"), None)
    return (earlier, before[-1].needs[0]) if earlier else None


def _turn(plan: Plan, offered: set[str]) -> Turn:
    wanted = tuple(dict.fromkeys(step.tool for step in plan.steps))
    candidates = plan.candidates or (wanted if plan.outcome == "ask" else ())
    unavailable = tuple(tool for tool in (wanted or candidates) if tool not in offered)
    ranking = tuple(_explained(ranked) for step in plan.ranking for ranked in step)
    if plan.outcome in ("run", "confirm") and not unavailable:
        calls = tuple(_call(number, step) for number, step in enumerate(plan.steps, start=1))
        return Turn(stop_reason="calls", calls=calls, ranking=ranking)
    if plan.outcome == "ask":
        needs = tuple(_need(each, plan) for each in plan.missing)
        return Turn(
            stop_reason="ask",
            needs=needs,
            candidates=candidates,
            unavailable=unavailable,
            reason=plan.reason,
            ranking=ranking,
        )
    reason = plan.reason if plan.outcome == "decline" else "unavailable"
    return Turn(
        stop_reason="decline",
        calls=tuple(_call(number, step) for number, step in enumerate(plan.steps, start=1)),
        candidates=candidates or wanted,
        unavailable=unavailable,
        reason=reason,
        ranking=ranking,
    )


def _call(number: int, step: Step) -> Call:
    sources = {name: Source(source=value.source, origin=value.origin) for name, value in step.sources.items()}
    return Call(id=f"c{number}", tool=step.tool, arguments=step.arguments, sources=sources, condition=step.condition)


def _need(missing: Missing, plan: Plan) -> Need:
    return Need(
        field=missing.argument,
        question=missing.question,
        tool=plan.steps[0].tool if plan.steps else None,
        why=missing.why,
        typed=missing.typed,
        known=missing.known,
    )


def _explained(ranked: Ranked) -> dict[str, Any]:
    return {
        "tool": ranked.tool or "(none)",
        "score": round(ranked.score, 3),
        "likeness": round(ranked.likeness, 3),
        "signs": list(ranked.signs),
        "asked": ranked.asked,
    }
