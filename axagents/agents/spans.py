"""The spans of an agent's run, in the words of OpenTelemetry's conventions for generative AI, release 0.1.0.

What was said, asked for and returned stays out of them; what the conventions have no name for begins with `axagents.`.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from axagents.agents.context import AgentContext
from axagents.clock import nanoseconds
from axagents.llm.turn import Call, Turn
from axagents.stores.agents.approvals import Approval
from axagents.stores.traces.recording import traced_run
from axagents.tracing import Span, add_span, span

# As the conventions name them, where that is not our own name for them.
_PROVIDERS = {"claude": "anthropic", "gemini": "gcp.gemini", "grok": "x_ai"}
_INSIDE = ("offline", "scripted")
_FINISH = {"calls": "tool_call"}


def invoking(context: AgentContext) -> AbstractContextManager[Span]:
    """Record a process's work on a run."""
    attributes = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": context.persona.id,
        "gen_ai.provider.name": _provider(context),
        "gen_ai.conversation.id": context.session,
    }
    return traced_run(context.project, context.run_id, f"invoke_agent {context.persona.id}", attributes=attributes)


def taking_turn(context: AgentContext) -> AbstractContextManager[Span]:
    """Open the span of one turn; the endpoint that is asked puts the model's name to it."""
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": _provider(context),
        "gen_ai.conversation.id": context.session,
    }
    kind = "internal" if context.provider.name in _INSIDE else "client"
    return span("chat", kind=kind, attributes=attributes)


def tell_turn(made: Span, turn: Turn, number: int) -> None:
    """Put to a turn's span what it used, and which turn of its run it is."""
    usage = turn.usage
    made.tell(
        {
            "gen_ai.response.finish_reasons": (_FINISH.get(turn.stop_reason, "stop"),),
            "gen_ai.usage.input_tokens": usage.input if usage else None,
            "gen_ai.usage.output_tokens": usage.output if usage else None,
            "gen_ai.usage.cache_read.input_tokens": (usage.cached or None) if usage else None,
            "gen_ai.usage.cache_write.input_tokens": (usage.written or None) if usage else None,
            "axagents.turn": number,
            "axagents.cost_usd": turn.cost_usd or None,
        }
    )


def calling(call: Call) -> AbstractContextManager[Span]:
    """Open the span of one call of a tool."""
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": call.tool,
        "gen_ai.tool.call.id": call.id,
    }
    return span(f"execute_tool {call.tool}", attributes=attributes)


def tell_call(made: Span, body: Mapping[str, Any]) -> None:
    """Put to a call's span how it ended."""
    made.error = body["error"]["kind"] if body.get("error") else None


def tell_approval(approval: Approval, tool: str) -> None:
    """Record the wait for a person's word, which another process may have begun."""
    attributes = {"axagents.approval": approval.approval_id, "axagents.status": approval.status}
    ended = approval.decided_at or approval.asked_at
    add_span(
        f"approval {tool}",
        nanoseconds(approval.asked_at),
        nanoseconds(ended),
        attributes={**attributes, "axagents.how": approval.how},
    )


def _provider(context: AgentContext) -> str:
    name = context.provider.name
    return _PROVIDERS.get(name, name)
