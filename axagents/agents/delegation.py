"""One persona asks another: a run of its own, by the same provider, within what is left of the caller's."""

import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from axagents.agents.context import AgentContext
from axagents.agents.ledger import Spent
from axagents.agents.persona import Persona
from axagents.agents.receipts import Receipt, Receipts
from axagents.agents.request import Caller, Request
from axagents.agents.tools import Inner
from axagents.catalog import ToolFacts
from axagents.errors import AxError, Waiting
from axagents.fields import RequiredText
from axagents.llm.offline.handing import ASK
from axagents.project import Project
from axagents.stores.runs import Runs
from axagents.toolkit import Touch


class Question(BaseModel):
    """What one persona asks another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    query: RequiredText = Field(description="the task or the question, in plain words")


def asking(persona: Persona) -> Inner:
    """Return the tool `ask-<persona>`."""
    facts = ToolFacts(
        name=f"{ASK}{persona.id}",
        touches=Touch.COMPUTE,
        description=f"Hand a task to the {persona.title}, who is best at {', '.join(persona.best_for)}, and get the"
        " answer with the figures in it. Say all that is needed: names, versions, datasets.",
        parameters=Question.model_json_schema(),
    )
    return Inner(facts, Question, lambda context, question: ask_persona(context, persona.id, question.query))


def ask_persona(context: AgentContext, persona: str, query: str) -> dict[str, Any]:
    """Have a persona work on a query; return what came of it for the journal, with what it spent.

    Raises:
        Waiting: an effect waits for a person's approval; going on with the caller's run goes on with this one.
        LimitReached: nothing is left for it.
    """
    context.check_limits()
    done = context.hand_on(context, _handed_on(context, persona, query))
    approvals = [need for need in done["needs"] if need["kind"] == "approval"]
    if approvals:
        raise Waiting(f"{persona} waits for an approval", needs=approvals)
    asked = {key: done[key] for key in ("run_id", "steps", "tokens", "cost_usd")}
    if done["error"]:
        return {"status": "failed", "error": done["error"], "asked": asked}
    result = {key: done[key] for key in ("agent", "status", "answer", "needs", "run_id", "session")}
    return {"status": "done", "result": {**result, "figures": _figures(done["receipts"])}, "asked": asked}


def _handed_on(context: AgentContext, persona: str, query: str) -> Request:
    request = context.request
    before = request.caller or Caller((), context.run_id, request.query)
    spent = context.ledger.read().spent
    return replace(
        request,
        persona=persona,
        query=query,
        session=f"{context.session}+{persona}",
        max_steps=context.max_steps - spent.steps,
        deadline=max(0.001, context.deadline - time.monotonic()),
        max_usd=None if context.max_usd is None else max(0.0, context.max_usd - spent.cost_usd),
        system="",
        attached="",
        caller=replace(before, personas=(*before.personas, context.persona.id), run_id=before.run_id or context.run_id),
    )


def _figures(receipts: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the figures that an answer shows as a tree, so that `{{r2.figures.r1.metrics.f1.mean}}` finds them."""
    figures: dict[str, Any] = {}
    for each in receipts:
        *outer, last = [each["receipt"], *each["path"].split(".")]
        place = figures
        for key in outer:
            place = place.setdefault(key, {})
        place[last] = each["value"]
    return figures


def ended_badly(error: AxError, spent: Spent) -> dict[str, Any]:
    """Return what came of a run that an error ended."""
    return {"needs": [], "receipts": [], "error": error.as_dict(), "run_id": error.run_id or "", **asdict(spent)}


def retell(project: Project, receipt: str, receipts: Receipts) -> str:
    """Write what another persona answered, its figures with receipts of the result that holds them."""
    result = receipts.results[receipt]
    kept = Runs(project).get(result["run_id"]).result or {}
    rest, told = str(result["answer"]), ""
    for each in kept.get("receipts", []):
        before, found, after = rest.partition(each["text"])
        if not found:
            continue
        place = f"figures.{each['receipt']}.{each['path']}"
        told, rest = told + before + receipts.mark(Receipt(receipt, place, each["value"], found)), after
    return f"{result['agent']}:\n{told}{rest}"
