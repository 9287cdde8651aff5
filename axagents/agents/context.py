"""What the nodes of an agent's graph may touch while one process works on a run; none of it enters a checkpoint."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from axagents.agents.ledger import Ledger
from axagents.agents.persona import Persona
from axagents.agents.proposal import Ground
from axagents.agents.receipts import Receipts, receipt_of
from axagents.agents.request import Request
from axagents.agents.tools import ToolBox
from axagents.agents.world import ProjectWorld
from axagents.catalog import Catalog
from axagents.errors import LimitReached
from axagents.llm.offline.world import World
from axagents.llm.turn import Provider, Turn
from axagents.project import Project
from axagents.stores.agents.journal import AgentJournal, Entry
from axagents.ways import ways

HandOn = Callable[["AgentContext", Request], Mapping[str, Any]]
"""Has another persona work on a request within what is left of a run, and returns what came of it."""


def check_spent(cost_usd: float, max_usd: float | None, *, hint: str | None = None) -> None:
    """Stop where more is spent than may be.

    Raises:
        LimitReached: it is.
    """
    if max_usd is not None and cost_usd > max_usd:
        told = f"${cost_usd:.4f} are spent of ${max_usd:g} (--max-usd), and it is not done"
        raise LimitReached(told, hint=hint)


@dataclass(frozen=True)
class AgentContext:
    """One process's work on one run.

    Attributes:
        max_steps: model turns and tool calls, together with those of the personas it asks.
        max_usd: what the run may cost, as the providers' prices say; None for no limit.
        deadline: when the run must be done, on the monotonic clock.
        ahead: turns that were asked for already, by the journal's position before them.
    """

    project: Project
    run_id: str
    request: Request
    catalog: Catalog
    persona: Persona
    tools: ToolBox
    provider: Provider
    world: World
    max_steps: int
    max_usd: float | None
    deadline: float
    seconds: float
    hand_on: HandOn = field(repr=False)
    ledger: Ledger = field(repr=False)
    ahead: dict[int, Future[Turn]] = field(default_factory=dict[int, "Future[Turn]"], repr=False)

    @property
    def journal(self) -> AgentJournal:
        return self.ledger.journal

    @property
    def session(self) -> str:
        return self.request.session or self.run_id

    @property
    def ground(self) -> Ground:
        """Return what plans are drawn from, as it is now."""
        own = self.request.caller is None
        return Ground(self.project, ProjectWorld(self.project), self.tools, self.request.words, own_words=own)

    def check_limits(self) -> None:
        """Stop where a limit is reached.

        Raises:
            LimitReached: by steps, cost or time.
        """
        hint = f"ax runs show {self.run_id}"
        spent = self.ledger.read().spent
        if spent.steps >= self.max_steps:
            raise LimitReached(f"{self.max_steps} steps are taken (--max-steps), and it is not done", hint=hint)
        check_spent(spent.cost_usd, self.max_usd, hint=hint)
        if time.monotonic() > self.deadline:
            raise LimitReached(f"{self.seconds:g} s are over ({ways().time}), and it is not done", hint=hint)

    def results(self, until: int | None = None) -> list[Entry]:
        """Return the results of calls in order."""
        return self.journal.entries(until=until, kind="result")

    def receipts(self, until: int | None = None) -> Receipts:
        """Return the results that calls gave, by their receipts."""
        bodies = [entry.body for entry in self.results(until)]
        return Receipts({receipt: body["result"] for body in bodies if (receipt := receipt_of(body))})

    def made_calls(self, until: int | None = None) -> list[dict[str, Any]]:
        """Return the calls as programs see them, each with the number of its receipt."""
        calls: list[dict[str, Any]] = []
        wanted = self.ledger.read().wanted
        for entry in self.results(until):
            body = entry.body
            calls.append(
                {
                    "tool": body["tool"],
                    "arguments": wanted[body["call_id"]].arguments,
                    "status": body["status"],
                    "receipt": receipt_of(body),
                    **({"why": body["why"]} if body.get("why") else {}),
                    **({"error": body["error"]} if body.get("error") else {}),
                }
            )
        return calls
