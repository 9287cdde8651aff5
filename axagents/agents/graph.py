"""The graph of an agent: recall, plan, review, act, answer, remember."""

from typing import Any, Literal, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import interrupt

from axagents.agents import acting, conversation
from axagents.agents.answering import compose_answer
from axagents.agents.context import AgentContext
from axagents.agents.proposal import Proposal, draw, is_covered, tell_uncovered
from axagents.agents.spans import tell_approval
from axagents.agents.thinking import send_back, take_turn
from axagents.faults import fault_point
from axagents.llm.turn import Call
from axagents.progress import note
from axagents.stores.agents.approvals import Approvals
from axagents.toolkit import Touch

Ended = Literal["", "answer", "ask", "decline", "denied"]


class AgentState(TypedDict):
    """Plain JSON only; what was said and computed stands in the journal, up to `position`.

    Attributes:
        pending: the calls still to be made, by id, with what each touches.
        approved: the hashes of approved plans, by call.
    """

    position: int
    pending: list[dict[str, str]]
    approved: dict[str, str]
    ended: Ended


Update = dict[str, Any]

FRESH: AgentState = {"position": 0, "pending": [], "approved": {}, "ended": ""}


def build_graph() -> Any:
    """Return the graph; its nodes are the functions below."""
    graph: Any = StateGraph(AgentState, context_schema=AgentContext)
    for node in (recall, plan, review, act, answer, remember):
        graph.add_node(node.__name__, node)
    graph.add_edge(START, "recall")
    graph.add_edge("recall", "plan")
    graph.add_conditional_edges("plan", next_node, ["review", "act", "answer", "plan"])
    graph.add_conditional_edges("review", next_node, ["review", "act", "answer", "plan"])
    graph.add_conditional_edges("act", next_node, ["review", "act", "answer", "plan"])
    graph.add_edge("answer", "remember")
    graph.add_edge("remember", END)
    return graph


def next_node(state: AgentState) -> str:
    """Say where to go: answer when it has ended, else on with the pending calls, else another turn.

    Review is entered only for a call with an effect that nobody has approved.
    """
    if state["ended"]:
        return "answer"
    if not state["pending"]:
        return "plan"
    first = state["pending"][0]
    return "review" if first["touches"] == Touch.EFFECT.value and first["id"] not in state["approved"] else "act"


def recall(_state: AgentState, runtime: Runtime[AgentContext]) -> Update:
    """Bring back what was said before in this session, and put the user's words behind it."""
    return {"position": conversation.recall(runtime.context)}


def plan(state: AgentState, runtime: Runtime[AgentContext]) -> Update:
    """Take one turn of the model: calls, a question, an answer."""
    context = runtime.context
    context.check_limits()
    position, turn = take_turn(context, state["position"])
    fault_point("agents.plan.taken")
    if turn.stop_reason != "calls":
        again = send_back(context, turn, position)
        if again is not None:
            return {"position": again, "pending": []}
        return {"position": position, "pending": [], "ended": turn.stop_reason}
    pending = [{"id": call.id, "touches": context.tools.touches(call.tool).value} for call in turn.calls]
    return {"position": position, "pending": pending}


def review(state: AgentState, runtime: Runtime[AgentContext]) -> Update:
    """Ask a person about the next effect; the only node that interrupts."""
    context = runtime.context
    first = state["pending"][0]
    call = context.ledger.read().wanted[first["id"]]
    skipped = acting.skip_unmet(context, call, state["position"])
    if skipped is not None:
        return {"position": skipped, "pending": state["pending"][1:]}
    failed = acting.foresee_failure(context, call)
    if failed is not None:
        return {"position": failed, "pending": []}
    proposal = draw(call, context.ground)
    if not _approve(context, call, proposal):
        position = acting.write_denied(context, state["pending"])
        return {"position": position, "pending": [], "ended": "denied"}
    return {"approved": {**state["approved"], call.id: proposal.hash}}


def _approve(context: AgentContext, call: Call, proposal: Proposal) -> bool:
    approvals = Approvals(context.project)
    again = approvals.why_again(context.run_id, call.id, digest=proposal.hash)
    lines = [*filter(None, [again]), *tell_uncovered(proposal, context.request.leave), proposal.text]
    plan = {**proposal.as_dict(), "text": "\n".join(lines)}
    standing = approvals.ask(context.run_id, call.id, digest=proposal.hash, plan=plan)
    if standing.status == "waiting":
        how = is_covered(proposal, context.request.leave, context.project.settings.approve.auto)
        word: dict[str, Any] = {"hash": proposal.hash, "approved": True, "how": how} if how else {}
        while word.get("hash") != proposal.hash:
            # A word on another plan is no word on this one: the world has moved, and it is asked again.
            word = interrupt({**standing.plan, "approval_id": standing.approval_id})
        status = "approved" if word["approved"] else "denied"
        standing = approvals.decide(standing.approval_id, status, how=word["how"])
    context.journal.append("approval", {"call_id": call.id, "hash": proposal.hash, "status": standing.status})
    tell_approval(standing, call.tool)
    fault_point("agents.review.decided")
    if standing.status == "approved":
        note(f"approved: {proposal.tool} {proposal.hash} ({standing.how})")
    return standing.status == "approved"


def act(state: AgentState, runtime: Runtime[AgentContext]) -> Update:
    """Make the next call, one a step, so that each is kept when it is done."""
    context = runtime.context
    first, *rest = state["pending"]
    call = context.ledger.read().wanted[first["id"]]
    if first["touches"] == Touch.EFFECT.value and not _has_word(context, call):
        note("the project has changed, or 15 minutes are over, since the plan was approved; it is shown again")
        return {"approved": {key: value for key, value in state["approved"].items() if key != call.id}}
    context.check_limits()
    position, failed = acting.make_call(context, call, state["position"])
    fault_point("agents.act.made")
    return {"position": position, "pending": [] if failed else rest}


def _has_word(context: AgentContext, call: Call) -> bool:
    # A call that was begun has changed the project itself: it goes on under the word that it was begun with.
    if call.id in context.ledger.begun:
        return True
    digest = draw(call, context.ground).hash
    found = Approvals(context.project).find(context.run_id, call.id, digest=digest)
    return found is not None and found.status == "approved" and found.stands


def answer(state: AgentState, runtime: Runtime[AgentContext]) -> Update:
    """Write the answer from the results, every figure with its receipt."""
    return {"position": compose_answer(runtime.context, state["position"], state["ended"])}


def remember(state: AgentState, runtime: Runtime[AgentContext]) -> Update:
    """Keep what was asked, called and answered in the session's memory."""
    conversation.remember(runtime.context)
    return {"position": state["position"]}
