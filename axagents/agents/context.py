"""What the nodes of an agent's graph may touch while one process works on a run; none of it enters a checkpoint."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from axagents.agents.persona import Persona
from axagents.agents.proposal import Ground
from axagents.agents.receipts import Receipts
from axagents.agents.request import Request
from axagents.agents.tools import ToolBox
from axagents.agents.world import ProjectWorld
from axagents.catalog import Catalog
from axagents.errors import LimitReached
from axagents.llm.offline.world import World
from axagents.llm.turn import Message, Provider
from axagents.project import Project
from axagents.stores.agents.journal import AgentJournal, Entry

SAME_CALL_MOST = 2
MALFORMED_MOST = 2

HandOn = Callable[["AgentContext", Request], Mapping[str, Any]]
"""Has another persona work on a request within what is left of a run, and returns what came of it."""


@dataclass(frozen=True)
class AgentContext:
    """One process's work on one run.

    Attributes:
        max_steps: model turns and tool calls, together with those of the personas it asks.
        max_usd: what the run may cost, as the providers' prices say; None for no limit.
        deadline: when the run must be done, on the monotonic clock.
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
    journal: AgentJournal = field(repr=False)

    @property
    def session(self) -> str:
        return self.request.session or self.run_id

    @property
    def ground(self) -> Ground:
        """Return what plans are drawn from, as it is now."""
        own = self.request.caller is None
        return Ground(self.project, ProjectWorld(self.project), self.tools, self.request.words, own_words=own)

    @property
    def base(self) -> int:
        """Return how many results the conversation had before this run."""
        return next((each.body["base"] for each in self.journal.entries(kind="message") if "base" in each.body), 0)

    def check_limits(self) -> None:
        """Stop where a limit is reached.

        Raises:
            LimitReached: by steps, cost or time.
        """
        hint = f"ax runs show {self.run_id}"
        if self.steps_taken() >= self.max_steps:
            raise LimitReached(f"{self.max_steps} steps are taken (--max-steps), and it is not done", hint=hint)
        if self.max_usd is not None and (spent := self.spent_usd()) > self.max_usd:
            raise LimitReached(
                f"${spent:.4f} are spent of ${self.max_usd:g} (--max-usd), and it is not done", hint=hint
            )
        if time.monotonic() > self.deadline:
            raise LimitReached(f"{self.seconds:g} s are over (--deadline), and it is not done", hint=hint)

    def steps_taken(self) -> int:
        """Return the number of turns and calls so far, those of the personas that were asked included."""
        return count_steps(self.journal.entries())

    def spent_usd(self) -> float:
        """Return what the run has cost so far, in US dollars, what it had others do included."""
        return spent(self.journal.entries(), "cost_usd")

    def messages(self, until: int) -> list[Message]:
        """Return the conversation as the provider sees it, up to a position of the journal."""
        found = [message for entry in self.journal.entries(until=until) for message in _messages(entry)]
        done = [at for at, message in enumerate(found) if message.role == "tool" and message.result is not None]
        for number, at in enumerate(done, start=self.base + 1):
            found[at] = found[at].model_copy(update={"receipt": f"r{number}"})
        return found

    def results(self, until: int | None = None) -> list[Entry]:
        """Return the results of calls in order."""
        return self.journal.entries(until=until, kind="result")

    def receipts(self, until: int | None = None) -> Receipts:
        """Return the results that calls gave, numbered."""
        receipts = Receipts(self.base)
        for entry in self.results(until):
            if entry.body["status"] == "done":
                receipts.add(entry.body["result"])
        return receipts


def count_steps(entries: list[Entry]) -> int:
    """Count the turns of the model and the calls, those of personas that were asked included."""
    return sum(
        ("turn" in entry.body) + (entry.kind == "result") + entry.body.get("asked", {}).get("steps", 0)
        for entry in entries
    )


def spent(entries: list[Entry], what: str) -> Any:
    """Add up the `tokens` or the `cost_usd` of a run's turns and of the personas that it asked."""
    return sum(entry.body.get("turn", {}).get(what, 0) + entry.body.get("asked", {}).get(what, 0) for entry in entries)


def _messages(entry: Entry) -> list[Message]:
    if "earlier" in entry.body:
        return [Message.model_validate(each) for each in entry.body["earlier"]]
    if entry.kind == "message":
        return [Message.model_validate(entry.body["message"])]
    if entry.kind == "result":
        body = entry.body
        error = body["error"]["message"] if body.get("error") else body.get("why")
        return [
            Message(role="tool", call_id=body["call_id"], tool=body["tool"], result=body.get("result"), error=error)
        ]
    return []
