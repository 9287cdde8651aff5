"""Conversations: what was said in a session, brought back, condensed where it is long, and kept.

Receipts are numbered through a whole session, so that r1 of its first exchange is r1 for good, whatever its runs do at
the same time.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from axagents.agents.context import AgentContext
from axagents.agents.prompting import render_prompt
from axagents.agents.receipts import receipt_of
from axagents.errors import AxError
from axagents.llm.turn import Call, Message, Need
from axagents.progress import note
from axagents.stores.agents.journal import AgentJournal, last_number
from axagents.stores.memory.memory import Memory

NAMESPACE = "conversations"
WHOLE = 20
"""Exchanges that are brought back as they were; older ones are condensed."""
_KEPT_CHARACTERS = 300
_KEPT_CALLS = 20

Exchange = Mapping[str, Any]


def recall(context: AgentContext) -> int:
    """Write the session's earlier exchanges and the user's words into the journal; return its position."""
    journal = context.journal
    for entry in journal.entries(kind="message"):
        if "base" in entry.body:
            return entry.position
    before = exchanges(context)
    if before and not journal.entries(kind="message"):
        earlier = [message.model_dump(mode="json") for message in _bring_back(context, before)]
        journal.append("message", {"earlier": earlier})
    base = last_number(context.project, context.session)
    said = Message(role="user", text=context.request.message)
    return journal.append("message", {"message": said.model_dump(mode="json"), "base": base})


def exchanges(context: AgentContext) -> list[dict[str, Any]]:
    """Return what was said in the session before this run, oldest first, each with its `run_id`."""
    memory = Memory(context.project)
    prefix = f"{context.session}/"
    keys = [key for key in memory.list(NAMESPACE, prefix=prefix).keys if key != prefix + context.run_id]
    found = [(key, record) for key in keys if (record := memory.retrieve(key, namespace=NAMESPACE))]
    # By when each was kept: a run that waited for a word may end after others that began later.
    found.sort(key=lambda each: each[1].stored_at)
    return [{**(record.value or {}), "run_id": key.removeprefix(prefix)} for key, record in found]


def earlier_results(context: AgentContext) -> dict[str, dict[str, Any]]:
    """Return the results of the session's earlier exchanges by their receipts; those that gc took are not there."""
    results: dict[str, dict[str, Any]] = {}
    for each in exchanges(context) if context.ledger.read().base else ():
        for entry in AgentJournal(context.project, each["run_id"]).entries(kind="result"):
            if receipt := receipt_of(entry.body):
                results[receipt] = entry.body["result"]
    return results


def _bring_back(context: AgentContext, before: Sequence[Exchange]) -> list[Message]:
    old, recent = before[:-WHOLE], before[-WHOLE:]
    messages = [message for each in recent for message in as_messages(each)]
    if not old:
        return messages
    told = [{**each, "answer": _shorten(each["answer"]), "calls": each.get("calls", [])} for each in old]
    return [Message(role="user", text=render_prompt(context.catalog, "earlier", {"exchanges": told})), *messages]


def _shorten(text: str) -> str:
    return text if len(text) <= _KEPT_CHARACTERS else f"{text[:_KEPT_CHARACTERS]}... [{len(text)} characters]"


def as_messages(exchange: Exchange) -> list[Message]:
    """Return the messages of one kept exchange."""
    calls = tuple(
        Call(id=f"e{at}", tool=call["tool"], arguments=call["arguments"], receipt=call.get("receipt"))
        for at, call in enumerate(exchange.get("calls", []))
    )
    needs = tuple(Need.model_validate(need) for need in exchange.get("needs", []))
    return [
        Message(role="user", text=str(exchange.get("query", ""))),
        Message(role="assistant", text=str(exchange.get("answer", "")), calls=calls, needs=needs),
    ]


def remember(context: AgentContext) -> None:
    """Keep what was asked, called and answered; a memory that refuses is told, and loses nothing else."""
    answers = context.journal.entries(kind="answer")
    if not answers:
        return
    body = answers[-1].body
    made = [each for each in context.made_calls() if each["status"] == "done"]
    value = {
        "agent": context.persona.id,
        "query": context.request.query,
        "answer": body["answer"],
        "calls": [{key: each[key] for key in ("tool", "arguments", "receipt")} for each in made[-_KEPT_CALLS:]],
        "needs": body["needs"] if body["status"] == "waiting" else [],
    }
    try:
        Memory(context.project).store(f"{context.session}/{context.run_id}", value, namespace=NAMESPACE)
    except AxError as error:
        note(f"this conversation was not kept: {error.message}")
