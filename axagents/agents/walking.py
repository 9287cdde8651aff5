"""Walk an agent's graph durably, and hand its approvals to a person. Loads LangGraph."""

from collections.abc import Callable, Mapping
from typing import Any

from langgraph.errors import GraphRecursionError
from langgraph.types import Command

from axagents.agents.context import AgentContext
from axagents.agents.graph import FRESH, build_graph
from axagents.errors import LimitReached
from axagents.workflows.execution import checkpointer


def walk(context: AgentContext, ask: Callable[[Mapping[str, Any]], bool | None]) -> Mapping[str, Any] | None:
    """Take the steps of a run to its answer; return None, or the plan of an effect that nobody was there to judge.

    Raises:
        AxError: what a step raised; the run can be resumed.
    """
    config: Any = {"configurable": {"thread_id": context.run_id}, "recursion_limit": 3 * context.max_steps + 20}
    with checkpointer(context.project) as saver:
        graph = build_graph().compile(checkpointer=saver)
        before = graph.get_state(config)
        if not before.next and before.values:
            return None
        # A word is given only on the very plan that was shown; going on after one elsewhere, the review looks itself.
        step: Any = Command(resume={}) if before.interrupts else None if before.next else FRESH
        while True:
            try:
                graph.invoke(step, config, context=context, durability="sync")
            except GraphRecursionError:
                told = "it went round and round: the project changed after every approval"
                raise LimitReached(told, hint=f"ax runs show {context.run_id}") from None
            asked = graph.get_state(config).interrupts
            if not asked:
                return None
            plan: dict[str, Any] = asked[0].value
            word = ask(plan)
            if word is None:
                return plan
            step = Command(resume={"hash": plan["hash"], "approved": word, "how": "typed"})
