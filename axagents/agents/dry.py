"""One planning turn and nothing else: what an agent would do about a sentence."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from axagents.agents.opening import Desk
from axagents.agents.prompting import render_prompt
from axagents.agents.proposal import Ground, draw
from axagents.agents.publishing import publishes
from axagents.agents.request import Request
from axagents.agents.wording import explain_turn, spell_plan
from axagents.llm.turn import Call, Message, Turn
from axagents.toolkit import Touch


class DryRun(BaseModel):
    """What would be done: `calls` is empty unless the outcome is run or confirm.

    Attributes:
        needs: the arguments that are missing; `questions` has the words, and what there is to choose from.
        unavailable: tools it would need that are not here, or not this persona's.
        understood: with a tool that is not here, the calls that it would be.
        plans: for confirm, the plan of each effect as it would be shown, with its hash.
        ranking: what the offline planner weighed; text: the whole in words.
    """

    model_config = ConfigDict(frozen=True)

    outcome: Literal["run", "confirm", "ask", "decline"]
    calls: list[dict[str, Any]] = []
    needs: list[str] = []
    candidates: list[str] = []
    questions: list[dict[str, Any]] = []
    reason: str = ""
    unavailable: list[str] = []
    understood: list[dict[str, Any]] = []
    plans: list[dict[str, Any]] = []
    ranking: list[dict[str, Any]] = []
    text: str = ""
    tokens: int = 0
    cost_usd: float = 0.0


def plan_once(desk: Desk, request: Request) -> DryRun:
    """Return what the persona would do about a request; nothing is called or kept."""
    values = {"persona": desk.persona.model_dump(mode="json")}
    own = "" if desk.provider.name == "offline" else render_prompt(desk.catalog, desk.persona.prompt, values)
    system = f"{own}\n\n{request.system}" if own and request.system else own
    turn = desk.provider.take_turn(system, [Message(role="user", text=request.message)], desk.tools.offers())
    return _as_dry_run(desk, request.query, turn)


def _as_dry_run(desk: Desk, query: str, turn: Turn) -> DryRun:
    effects = [call for call in turn.calls if turn.stop_reason == "calls" and _is_effect(desk, call)]
    ground = Ground(desk.project, desk.world, desk.tools, query)
    calls = [_shown(call) for call in turn.calls]
    plans = [draw(call, ground).as_dict() for call in effects]
    going = turn.stop_reason in ("calls", "answer")
    explained = "" if going else explain_turn(desk.catalog, desk.persona, turn, query=query, session=None)
    return DryRun(
        outcome=_outcome(turn, bool(effects) or any(publishes(call, query) for call in turn.calls)),
        calls=calls if going else [],
        needs=[need.field for need in turn.needs],
        candidates=list(turn.candidates),
        questions=[need.model_dump(mode="json") for need in turn.needs],
        reason=turn.reason,
        unavailable=list(turn.unavailable),
        understood=[] if going else calls,
        plans=plans,
        ranking=list(turn.ranking),
        text=spell_plan(calls, plans) if going else explained,
        tokens=turn.tokens,
        cost_usd=turn.cost_usd,
    )


def _outcome(turn: Turn, effects: bool) -> Literal["run", "confirm", "ask", "decline"]:
    if turn.stop_reason == "ask":
        return "ask"
    if turn.stop_reason == "decline":
        return "decline"
    return "confirm" if effects else "run"


def _is_effect(desk: Desk, call: Call) -> bool:
    return desk.tools.touches(call.tool) is Touch.EFFECT


def _shown(call: Call) -> dict[str, Any]:
    return {
        "tool": call.tool,
        "arguments": call.arguments,
        "sources": {name: source.model_dump(mode="json") for name, source in call.sources.items()},
        "condition": call.condition,
        "ignored": list(call.ignored),
    }
