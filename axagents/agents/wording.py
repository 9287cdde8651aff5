"""Questions, refusals and plans in words, from templates over what the turn holds."""

from collections.abc import Mapping
from typing import Any

from axagents.agents.persona import Persona
from axagents.agents.prompting import render_prompt
from axagents.agents.proposal import leaves
from axagents.agents.tools import missing_tools
from axagents.catalog import Catalog
from axagents.fields import canonical_json
from axagents.llm.offline.content import ToolContent
from axagents.llm.offline.handing import ASK
from axagents.llm.turn import Call, Turn
from axagents.ways import ways

_LONGEST = 60


def explain_turn(catalog: Catalog, persona: Persona, turn: Turn, *, query: str, session: str | None) -> str:
    """Write a question, or why something is declined.

    Args:
        query: the user's own sentence, for the ways on that are named.
    """
    sentences, named = catalog.files("sentences"), (*turn.candidates, *turn.unavailable)
    absent = {name for name in missing_tools(catalog, turn.unavailable) if not name.startswith(ASK)}
    values = {
        "turn": turn.model_dump(mode="json"),
        "persona": persona.model_dump(mode="json"),
        "does": {name: sentences[name].parse(ToolContent).does for name in named if name in sentences},
        "absent": sorted(absent),
        "elsewhere": {tool: _spell_asking(catalog, tool, query) for tool in turn.unavailable if tool not in absent},
        "understood": [spell_call(call) for call in turn.calls],
        "session": session,
        "again": _spell_answer(persona, turn, session),
    }
    return render_prompt(catalog, turn.stop_reason, values)


def _spell_answer(persona: Persona, turn: Turn, session: str | None) -> str:
    """Write how a question is answered, with the first thing there is to choose from."""
    if session is None or not turn.needs:
        return ""
    return ways().to_answer(persona.id, session, next(iter(turn.needs[0].known), "ANSWER"))


def spell_plan(calls: list[dict[str, Any]], plans: list[dict[str, Any]]) -> str:
    """Write what would be called, each argument with where it comes from, and the plans of effects."""
    lines: list[str] = []
    for place, each in enumerate(calls, start=1):
        lines.append(f"{place}. {each['tool']}" + (f"  only if {each['condition']}" if each["condition"] else ""))
        for name, value in leaves(each["arguments"]):
            lines.append(f"   {name} = {_short(value)}  ({_source(each['sources'], name)})")
        if each.get("ignored"):
            lines.append(f"   not understood: {', '.join(each['ignored'])}")
    for each in plans:
        lines += ["", each["text"]]
    return "\n".join(lines)


def spell_call(call: Call) -> str:
    """Write a call in one line: the tool, its arguments, and its condition."""
    arguments = " ".join(f"{name}={_short(value)}" for name, value in leaves(call.arguments))
    condition = f"  only if {call.condition}" if call.condition else ""
    ignored = f"  (not understood: {', '.join(map(_short, call.ignored))})" if call.ignored else ""
    return f"{call.tool} {arguments}{condition}{ignored}".strip()


def _source(sources: Mapping[str, Any], name: str) -> str:
    found = sources.get(name) or sources.get(name.partition(".")[0]) or {"source": "model", "origin": ""}
    return f"{found['source']}: {found['origin']}" if found["origin"] else str(found["source"])


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else canonical_json(value)
    text = "".join(letter for letter in text if letter.isprintable())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def _spell_asking(catalog: Catalog, tool: str, query: str) -> str:
    """Write how a persona that has a tool is asked; nothing where none has it."""
    others = [name for name, file in catalog.files("personas").items() if tool in file.parse(Persona).tools]
    return ways().to_ask(others[0], query) if others else ""
