"""Conversations: what was said in a session, brought back and kept."""

from typing import Any

from axagents.agents.context import AgentContext
from axagents.errors import AxError
from axagents.llm.turn import Call, Message, Need
from axagents.progress import note
from axagents.stores.memory.memory import Memory

NAMESPACE = "conversations"
RECALLED = 20


def recall(context: AgentContext) -> int:
    """Write the session's earlier exchanges and the user's words into the journal; return its position."""
    journal = context.journal
    for entry in journal.entries(kind="message"):
        if entry.body["message"]["role"] == "user" and not entry.body.get("earlier"):
            return entry.position
    begun = bool(journal.entries(kind="message"))
    for message in [] if begun else _earlier(context):
        journal.append("message", {"message": message.model_dump(mode="json"), "earlier": True})
    said = Message(role="user", text=context.request.query)
    return journal.append("message", {"message": said.model_dump(mode="json")})


def _earlier(context: AgentContext) -> list[Message]:
    memory = Memory(context.project)
    keys = memory.list(NAMESPACE, prefix=f"{context.session}/").keys[-RECALLED:]
    records = [memory.retrieve(key, namespace=NAMESPACE) for key in keys]
    return [message for record in records if record and record.value for message in exchange(record.value)]


def exchange(value: dict[str, Any]) -> list[Message]:
    """Return the messages of one kept exchange."""
    calls = tuple(Call.model_validate({"id": f"e{at}", **call}) for at, call in enumerate(value.get("calls", [])))
    needs = tuple(Need.model_validate(need) for need in value.get("needs", []))
    return [
        Message(role="user", text=str(value.get("query", ""))),
        Message(role="assistant", text=str(value.get("answer", "")), calls=calls, needs=needs),
    ]


def remember(context: AgentContext) -> None:
    """Keep what was asked, called and answered; a memory that refuses is told, and loses nothing else."""
    answers = context.journal.entries(kind="answer")
    if not answers:
        return
    body = answers[-1].body
    made = [each for each in body["calls"] if each["status"] == "done"]
    value = {
        "agent": context.persona.id,
        "query": context.request.query,
        "answer": body["answer"],
        "calls": [{"tool": each["tool"], "arguments": each["arguments"]} for each in made],
        "needs": body["needs"] if body["status"] == "waiting" else [],
    }
    try:
        Memory(context.project).store(f"{context.session}/{context.run_id}", value, namespace=NAMESPACE)
    except AxError as error:
        note(f"this conversation was not kept: {error.message}")
