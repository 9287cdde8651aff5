"""A persona asked by an MCP client: one agent asks another, and what it wants to effect waits for a person."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field

from axagents.agents.request import Caller, Request
from axagents.agents.single_call import AGAIN
from axagents.llm.offline.handing import ASK
from axagents.project import Project

UNKNOWN = Caller(personas=(), run_id="", words="")
"""Who asks over MCP: an agent, with no run of its own here, on words that nobody knows."""


class PersonaAnswer(BaseModel):
    """What came of asking a persona."""

    agent: str
    status: Literal["completed", "failed", "waiting", "declined"]
    answer: str
    needs: list[dict[str, Any]] = Field(description="with status waiting: the approval or the answer that is missing")
    receipts: list[dict[str, Any]] = Field(description="the figures of the answer, each with the call it came from")
    unverified_numbers: list[str] = Field(description="numbers of the answer that no tool computed")
    run_id: str


def ask_persona(project: Project, tool: str, query: str) -> dict[str, Any]:
    """Run the persona of `ask-<persona>` on a query; the same query goes on with the run that waits for an approval.

    Raises:
        AxError: what stopped the run; it can be resumed.
    """
    # Loads what walks the graph, so only where a persona is really asked.
    from axagents.agents.run import ask_again

    done = ask_again(project, Request(tool.removeprefix(ASK), query, caller=UNKNOWN))
    told = done.model_dump(mode="json", include=set(PersonaAnswer.model_fields))
    return {**told, "needs": [_need(each) for each in told["needs"]]}


def _need(need: Mapping[str, Any]) -> dict[str, Any]:
    if need["kind"] != "approval":
        return dict(need)
    return {**need, "approve": [f"ax approve {need['approval_id']}"], "next": AGAIN}
