"""The offline planner as a provider: it takes turns like a language model, without being one."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from axagents.contents import ContentFile
from axagents.documents import parse_yaml
from axagents.errors import UserError
from axagents.llm.offline.answers import WHICH_TOOL, plan_with_answers
from axagents.llm.offline.arguments.sources import Missing
from axagents.llm.offline.commands import spell_asking
from axagents.llm.offline.content import Commands, Synonyms, ToolContent
from axagents.llm.offline.handing import ASK, ask_content, called
from axagents.llm.offline.planning import Plan, Planner, Step
from axagents.llm.offline.ranking import Ranked, Ranker
from axagents.llm.offline.world import World
from axagents.llm.turn import Call, Message, Need, Offer, Source, Turn

_SYNONYMS, _COMMANDS = Path(__file__).with_name("synonyms.yaml"), Path(__file__).with_name("commands.yaml")


class OfflinePlanner:
    """Plans the last sentence of a conversation; it has nothing to say once the plan is carried out."""

    name = "offline"
    context_window: int | None = None
    is_paid = False

    def __init__(self, ranker: Ranker, world: World) -> None:
        self._ranker = ranker
        self._world = world

    def take_turn(self, system: str, messages: Sequence[Message], offers: Sequence[Offer]) -> Turn:
        """Return the calls for the last sentence, a question, or a refusal; after calls, an empty answer."""
        del system
        last = messages[-1]
        if last.role == "tool":
            return Turn(stop_reason="answer")
        plan = self._plan(last.text, messages[:-1])
        return _turn(plan, {offer.name for offer in offers})

    def _plan(self, sentence: str, before: Sequence[Message]) -> Plan:
        past = [call.arguments for message in reversed(before) for call in reversed(message.calls)]
        last = next((message.calls[-1].tool for message in reversed(before) if message.calls), "")
        return plan_with_answers(Planner(self._ranker, self._world, past, last), before, sentence)


def read_ranker(files: Mapping[str, ContentFile], personas: Mapping[str, ContentFile] = MappingProxyType({})) -> Ranker:
    """Return the ranker over the tools' sentences; read once in this process for the same content.

    Args:
        personas: those that a task may be handed to, by id.

    Raises:
        UserError: a file is no such content, or its name is not its tool's.
    """
    texts = tuple((name, str(file.path), file.text) for name, file in sorted(files.items()))
    return _ranker(texts, tuple((name, _title(file)) for name, file in sorted(personas.items())))


def _title(file: ContentFile) -> str:
    found = re.search(r"^title: *(.+?) *$", file.text, re.MULTILINE)
    return found.group(1).strip("\"'") if found else file.name


@cache
def _ranker(texts: tuple[tuple[str, str, str], ...], personas: tuple[tuple[str, str], ...]) -> Ranker:
    tools: dict[str, ToolContent] = {}
    for name, path, text in texts:
        content = parse_yaml(text, ToolContent, source=path)
        if content.tool != name:
            raise UserError(f"{path} is about {content.tool!r}; by its name it must be about {name!r}")
        tools[name] = content
    synonyms = parse_yaml(_SYNONYMS.read_text(encoding="utf-8"), Synonyms, source=_SYNONYMS.name)
    commands = parse_yaml(_COMMANDS.read_text(encoding="utf-8"), Commands, source=_COMMANDS.name).commands
    askable = [ask_content(persona, title) for persona, title in personas]
    return Ranker(
        tools,
        synonyms,
        {command.name: command for command in commands},
        called(dict(personas)),
        {content.tool: content for content in askable},
    )


def _turn(plan: Plan, offered: set[str]) -> Turn:
    wanted = tuple(dict.fromkeys(step.tool for step in plan.steps))
    candidates = plan.candidates or (wanted if plan.outcome == "ask" else ())
    # What only comes second and is not there is not worth naming.
    candidates = tuple(tool for at, tool in enumerate(candidates) if at == 0 or tool in offered or tool in wanted)
    unavailable = tuple(tool for tool in (wanted or candidates) if tool not in offered)
    ranking = tuple(_explained(ranked) for step in plan.ranking for ranked in step)
    calls = tuple(_call(number, step) for number, step in enumerate(plan.steps, start=1))
    if plan.outcome in ("run", "confirm") and not unavailable:
        return Turn(stop_reason="calls", calls=calls, ranking=ranking)
    choices = [tool for tool in plan.candidates if tool in offered]
    lost = (plan.by_hand and wanted and unavailable) or (plan.candidates and not choices and not plan.missing)
    if plan.outcome == "ask" and not lost:
        needs = tuple(_need(each, plan) for each in plan.missing) or _which_tool(choices)
        return Turn(
            stop_reason="ask",
            text=_adding(plan),
            needs=needs,
            candidates=candidates,
            unavailable=unavailable,
            reason=plan.reason,
            ranking=ranking,
        )
    return Turn(
        stop_reason="decline",
        text=plan.command or _asking_elsewhere(plan, unavailable) or plan.by_hand,
        calls=calls,
        candidates=candidates or wanted,
        unavailable=unavailable,
        reason=plan.reason if plan.outcome == "decline" else "unavailable" if wanted else "question",
        ranking=ranking,
    )


def _which_tool(candidates: Sequence[str]) -> tuple[Need, ...]:
    if not candidates:
        return ()
    question = "which of these is meant?"
    return (Need(field=WHICH_TOOL, question=question, why="ambiguous", known=tuple(candidates)),)


def _adding(plan: Plan) -> str:
    """Return the command that adds what there is none of yet."""
    return next((each.command for each in plan.missing if each.command), "")


def _asking_elsewhere(plan: Plan, unavailable: Sequence[str]) -> str:
    """Return the command that asks the persona who may not be asked from here."""
    for step in plan.steps:
        if step.tool in unavailable and step.tool.startswith(ASK):
            return spell_asking(step.tool, str(step.arguments.get("query", "")))
    return ""


def _call(number: int, step: Step) -> Call:
    sources = {name: Source(source=value.source, origin=value.origin) for name, value in step.sources.items()}
    return Call(
        id=f"c{number}",
        tool=step.tool,
        arguments=step.arguments,
        sources=sources,
        condition=step.condition,
        ignored=step.ignored,
    )


def _need(missing: Missing, plan: Plan) -> Need:
    return Need(
        field=missing.argument,
        question=missing.question,
        tool=missing.tool or (plan.steps[0].tool if plan.steps else None),
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
