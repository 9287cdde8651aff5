"""Making the calls of a plan, each written down before and after."""

from contextlib import nullcontext
from typing import Any

from axagents.actor import acting, approved
from axagents.agents.conditions import check_condition
from axagents.agents.context import AgentContext
from axagents.agents.spans import calling, tell_call
from axagents.errors import AxError, Waiting
from axagents.faults import fault_point
from axagents.llm.turn import Call
from axagents.progress import note
from axagents.requests import validate
from axagents.stores.runs import repeating, within_run
from axagents.toolkit import Touch


def make_call(context: AgentContext, call: Call, position: int) -> tuple[int, bool]:
    """Make one call and return the journal's position behind it, and whether it failed.

    A call that an earlier process made is not made again; one that it began goes on where it stopped.
    """
    ledger = context.ledger.read()
    ended = ledger.ended.get(call.id)
    if ended is not None:
        return ended.position, ended.body["status"] == "failed"
    skipped = skip_unmet(context, call, position)
    if skipped is not None:
        return skipped, False
    begun = call.id in ledger.begun
    if not begun:
        context.journal.append("call", {"call": {"id": call.id, "tool": call.tool, "arguments": call.arguments}})
    fault_point("agents.act.called")
    with within_run(context.run_id), repeating(begun), calling(call) as told:
        body = _result(context, call)
        tell_call(told, body)
    position = context.journal.append("result", body, numbered_in=context.session if body["status"] == "done" else None)
    return position, body["status"] == "failed"


def _result(context: AgentContext, call: Call) -> dict[str, Any]:
    head = {"call_id": call.id, "tool": call.tool}
    try:
        inner = context.tools.inner.get(call.tool)
        if inner:
            return {**head, **inner.work(context, validate(inner.request, call.arguments))}
        word = approved() if context.tools.touches(call.tool) is Touch.EFFECT else nullcontext()
        with acting(context.persona.id, words=context.request.words), word:
            return {**head, "status": "done", "result": context.tools.call(call.tool, call.arguments)}
    except Waiting:
        raise
    except AxError as error:
        return {**head, "status": "failed", "error": error.as_dict()}


def foresee_failure(context: AgentContext, call: Call) -> int | None:
    """Write down that a call with an effect failed where it is known that it would; None where nothing speaks against.

    Nobody is asked to approve what cannot be done.
    """
    ledger = context.ledger.read()
    ended = ledger.ended.get(call.id)
    if ended is not None:
        return ended.position
    if call.id in ledger.begun:
        return None
    try:
        with acting(context.persona.id, words=context.request.words):
            context.tools.foresee(call.tool, call.arguments)
    except AxError as error:
        context.journal.append("call", {"call": {"id": call.id, "tool": call.tool, "arguments": call.arguments}})
        body = {"call_id": call.id, "tool": call.tool, "status": "failed", "error": error.as_dict()}
        return context.journal.append("result", body)
    return None


def skip_unmet(context: AgentContext, call: Call, position: int) -> int | None:
    """Write down that a call is left out because its condition does not hold; None when it does."""
    if call.condition is None:
        return None
    results = [entry.body["result"] for entry in context.results(position) if entry.body["status"] == "done"]
    holds, why = check_condition(call.condition, results)
    note(f"{call.condition}: {'yes' if holds else 'no'}, {why}")
    if holds:
        return None
    told = f"left out, since {call.condition} does not hold: {why}"
    body = {"call_id": call.id, "tool": call.tool, "status": "skipped", "why": told}
    return context.journal.append("result", body)


def write_denied(context: AgentContext, pending: list[dict[str, str]]) -> int:
    """Write down that a person denied the first of the pending calls, and that the rest is not made."""
    position = 0
    for place, call in enumerate(pending):
        status, why = ("denied", "not approved") if place == 0 else ("skipped", "an earlier step was not approved")
        body = {"call_id": call["id"], "tool": context.ledger.wanted[call["id"]].tool, "status": status}
        position = context.journal.append("result", {**body, "why": why})
    return position
