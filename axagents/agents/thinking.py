"""One turn of the provider, kept in the journal: malformed calls are told to it, and loops are stopped."""

from axagents.agents.answering import unbacked_numbers
from axagents.agents.condensing import fit
from axagents.agents.context import AgentContext
from axagents.agents.ledger import kept_turn, same_call
from axagents.agents.prompting import render_prompt
from axagents.agents.publishing import publish_written
from axagents.agents.spans import taking_turn, tell_turn
from axagents.agents.wording import spell_call
from axagents.errors import AxError, LimitReached, ProviderError
from axagents.llm.offline.handing import ASK
from axagents.llm.retrying import turns_end
from axagents.llm.turn import Message, Turn
from axagents.progress import note

_SAME_CALL_MOST = 2
_MALFORMED_MOST = 2


def take_turn(context: AgentContext, position: int) -> tuple[int, Turn]:
    """Return the next turn and the journal's position behind it.

    A turn that an earlier process took and could no longer hand on is used, not asked for again.

    Raises:
        ProviderError: no turn to be had, or its calls stayed malformed.
        LimitReached: the same call with the same arguments a third time.
    """
    wrong: str | None = None
    for _ in range(_MALFORMED_MOST + 1):
        kept = context.journal.entries(after=position)
        if kept and kept[0].kind == "message" and "turn" in kept[0].body:
            position, turn = kept[0].position, Turn.model_validate(kept[0].body["turn"])
        else:
            position, turn = _ask(context, position)
        wrong = _malformed(context, turn)
        if wrong is None:
            _stop_loops(context, turn)
            _tell(turn)
            return position, turn
        position = _tell_malformed(context, turn, wrong)
    raise ProviderError(f"{context.provider.name} kept making calls that cannot be made: {wrong}")


def _ask(context: AgentContext, position: int) -> tuple[int, Turn]:
    turn = _take_ahead(context, position) or publish_written(context, position) or ask_provider(context, position)
    number = context.ledger.turns + 1
    calls = tuple(call.model_copy(update={"id": f"{number}.{place}"}) for place, call in enumerate(turn.calls, start=1))
    turn = turn.model_copy(update={"calls": calls})
    return context.journal.append("message", {"turn": kept_turn(turn)}), turn


def _take_ahead(context: AgentContext, position: int) -> Turn | None:
    ahead = context.ahead.pop(position, None)
    return ahead.result() if ahead else None


def ask_provider(context: AgentContext, position: int) -> Turn:
    """Return the provider's turn on the conversation up to a position of the journal."""
    system = write_system(context)
    messages = fit(context.ledger.messages(position), context.provider.context_window)
    with turns_end(context.deadline), taking_turn(context) as told:
        turn = context.provider.take_turn(system, messages, context.tools.offers())
        tell_turn(told, turn, context.ledger.turns + 1)
    return turn


def send_back(context: AgentContext, turn: Turn, position: int) -> int | None:
    """Give an answer back, once, whose numbers no tool computed; return the journal's position behind it."""
    kept = [each for each in context.journal.entries(after=position) if each.body.get("sent_back")]
    if kept:
        return kept[0].position
    before = any(each.body.get("sent_back") for each in context.journal.entries(kind="message"))
    loose = unbacked_numbers(context, turn, position) if turn.stop_reason == "answer" and not before else []
    if not loose:
        return None
    told = render_prompt(context.catalog, "unbacked", {"numbers": loose})
    message = Message(role="user", text=told)
    return context.journal.append("message", {"message": message.model_dump(mode="json"), "sent_back": loose})


def write_system(context: AgentContext) -> str:
    """Write the persona's instructions, and what the caller put behind them."""
    persona = {
        **context.persona.model_dump(),
        "may_ask": [name for name in context.tools.inner if name.startswith(ASK)],
    }
    return "\n\n".join(
        filter(
            None, [render_prompt(context.catalog, context.persona.prompt, {"persona": persona}), context.request.system]
        )
    )


def _malformed(context: AgentContext, turn: Turn) -> str | None:
    for call in turn.calls if turn.stop_reason == "calls" else ():
        if call.unread:
            return f"{call.tool}: {call.unread}"
        try:
            context.tools.check(call.tool, call.arguments)
        except AxError as error:
            if context.provider.name == "offline":
                raise
            return f"{call.tool}: {error.message}"
    return None


def _tell_malformed(context: AgentContext, turn: Turn, wrong: str) -> int:
    """Write what is wrong behind a turn's calls, once; return the journal's position behind it."""
    told = {entry.body["call_id"]: entry.position for entry in context.results()}
    position = 0
    for call in turn.calls:
        if call.id in told:
            position = told[call.id]
            continue
        body = {"call_id": call.id, "tool": call.tool, "status": "malformed", "why": wrong}
        position = context.journal.append("result", body)
    return position


def _stop_loops(context: AgentContext, turn: Turn) -> None:
    made = context.ledger.read().made
    for call in turn.calls if turn.stop_reason == "calls" else ():
        if made[same_call(call.tool, call.arguments)] >= _SAME_CALL_MOST:
            raise LimitReached(
                f"{call.tool} was to be called a third time with the same arguments",
                hint=f"ax runs show {context.run_id}",
            )


def _tell(turn: Turn) -> None:
    """Show the plan before anything of it is done."""
    for place, call in enumerate(turn.calls if turn.stop_reason == "calls" else (), start=1):
        note(f"{place}. {spell_call(call)}")
