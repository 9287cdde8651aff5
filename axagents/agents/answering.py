"""The answer: templates over typed results, every figure with its receipt, and a check of the numbers in it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from axagents.agents.claims import check_claims
from axagents.agents.context import AgentContext
from axagents.agents.conversation import earlier_results
from axagents.agents.delegation import retell
from axagents.agents.prompting import render_prompt
from axagents.agents.receipts import Receipts
from axagents.agents.wording import explain_turn
from axagents.llm.offline.handing import ASK
from axagents.llm.turn import Turn

_REFERENCE = re.compile(r"\{\{\s*(r\d+)((?:\.[\w-]+)*)\s*\}\}")
UNVERIFIED = " [not computed by a tool]"
_NOT_DONE = {"failed": "failed", "malformed": "was not called", "denied": "was denied", "skipped": "was left out"}
_STATUS = {"answer": "completed", "": "completed", "ask": "waiting", "decline": "declined", "denied": "declined"}


def compose_answer(context: AgentContext, position: int, ended: str) -> int:
    """Write the answer into the journal and return its position; one that stands there already stays."""
    standing = context.journal.entries(kind="answer")
    if standing:
        return standing[-1].position
    receipts = _receipts(context, position)
    calls = context.made_calls(position)
    turn = last_turn(context, position)
    marked = _marked(context, turn, calls, receipts=receipts)
    text, shown, bare = receipts.settle(marked)
    # What code writes makes no claims; a model's own words do.
    backed, loose = check_claims(bare, receipts.results, _allowed(context, calls)) if turn.text else ([], [])
    asked = _last_asked(calls, receipts) if not turn.text and ended in ("", "answer") else None
    needs = [need.model_dump(mode="json") for need in turn.needs] if ended == "ask" else []
    body = {
        "status": asked["status"] if asked else status_of(ended, calls),
        "answer": "\n\n".join(filter(None, [mark_numbers(text, loose), _not_done(turn, calls)])),
        "needs": asked["needs"] if asked else needs,
        "candidates": list(turn.candidates),
        "unavailable": list(turn.unavailable),
        "unverified_numbers": loose,
        "receipts": [each.as_dict() for each in (*shown, *backed)],
    }
    return context.journal.append("answer", body)


def _not_done(turn: Turn, calls: Sequence[Mapping[str, Any]]) -> str:
    """Tell of the calls behind a model's own words that came to nothing: it may not."""
    lines: list[str] = []
    for at, call in enumerate(calls if turn.text else ()):
        later = [each["tool"] for each in calls[at + 1 :] if each["status"] == "done"]
        if call["status"] == "done" or call["tool"] in later:
            continue
        error: Mapping[str, Any] = call.get("error") or {}
        why = error.get("message") or call.get("why") or "not done"
        lines.append(f"[{call['tool']} {_NOT_DONE[call['status']]}: {why}]")
    return "\n".join(dict.fromkeys(lines))


def _last_asked(calls: Sequence[Mapping[str, Any]], receipts: Receipts) -> dict[str, Any] | None:
    """Return what came of the last call where that handed everything on to another persona."""
    last = calls[-1] if calls else None
    return receipts.results[last["receipt"]] if last and last["tool"].startswith(ASK) and last["receipt"] else None


def mark_numbers(text: str, loose: Sequence[str]) -> str:
    """Mark the numbers that no tool computed, and the references to nothing, where they stand."""
    text = _REFERENCE.sub(lambda found: f"[no such figure: {found.group(1)}{found.group(2)}]", text)
    for number in dict.fromkeys(loose):
        text = re.sub(rf"(?<![\w.]){re.escape(number)}(?![\w%]|\.\d)", lambda found: found.group(0) + UNVERIFIED, text)
    return text


def unbacked_numbers(context: AgentContext, turn: Turn, position: int) -> list[str]:
    """Return the numbers in an answer that no tool computed, as it would be shown."""
    receipts = _receipts(context, position)
    calls = context.made_calls(position)
    _, _, bare = receipts.settle(write_references(turn.text, receipts))
    dangling = [found.group(0) for found in _REFERENCE.finditer(bare)]
    return dangling + check_claims(bare, receipts.results, _allowed(context, calls))[1]


def _receipts(context: AgentContext, position: int) -> Receipts:
    """Return the results of the whole conversation."""
    receipts = context.receipts(position)
    receipts.results = {**earlier_results(context), **receipts.results}
    return receipts


def status_of(ended: str, calls: Sequence[Mapping[str, Any]]) -> str:
    """Return how a run ended: completed, failed, waiting or declined."""
    failed = bool(calls) and calls[-1]["status"] == "failed"
    return "failed" if failed and ended in ("", "answer") else _STATUS[ended]


def last_turn(context: AgentContext, position: int | None = None) -> Turn:
    """Return the newest turn of the provider."""
    turns = [
        entry.body["turn"] for entry in context.journal.entries(until=position, kind="message") if "turn" in entry.body
    ]
    return Turn.model_validate(turns[-1])


def _marked(context: AgentContext, turn: Turn, calls: Sequence[Mapping[str, Any]], *, receipts: Receipts) -> str:
    if turn.stop_reason in ("ask", "decline"):
        return explain_turn(
            context.catalog, context.persona, turn, query=context.request.query, session=context.session
        )
    if turn.text:
        return write_references(turn.text, receipts)
    parts = [_told(context, call, receipts) for call in calls if call["status"] != "malformed"]
    return "\n\n".join(part for part in parts if part)


def _told(context: AgentContext, call: Mapping[str, Any], receipts: Receipts) -> str:
    """Tell what came of one call: by its own template where there is one."""
    prompts = context.catalog.files("prompts")
    own = f"answer-{call['tool']}"
    values: dict[str, Any] = {
        "call": {"error": None, "why": None, **call},
        "tool": call["tool"],
        "arguments": call["arguments"],
    }
    if call["status"] != "done":
        return render_prompt(context.catalog, "answer-not-done", values)
    if str(call["tool"]).startswith(ASK):
        return retell(context.project, str(call["receipt"]), receipts)
    values["r"] = receipts.cite(str(call["receipt"]))
    return render_prompt(context.catalog, own if own in prompts else "answer", values)


def write_references(text: str, receipts: Receipts) -> str:
    """Put the values in where a model wrote {{r1.metrics.f1.mean}}; a reference to nothing stays and is flagged."""

    def value(found: re.Match[str]) -> str:
        if found.group(1) not in receipts.results:
            return found.group(0)
        place: Any = receipts.cite(found.group(1))
        for key in found.group(2).split(".")[1:]:
            place = place[int(key) if key.isdigit() else key] if place is not None else None
        return found.group(0) if place is None else str(place)

    return _REFERENCE.sub(value, text)


def _allowed(context: AgentContext, calls: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return texts whose numbers are no claims: the user's words, names, and what tools told in words."""
    told = [context.request.words, context.run_id, context.session]
    told += [str(value) for call in calls for value in _texts(call.get("error") or {})]
    return told


def _texts(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [text for each in value.values() for text in _texts(each)]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]  # pyright: ignore[reportUnknownVariableType]
    return [value]
