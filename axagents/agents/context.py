"""What the nodes of an agent's graph may touch while one process works on a run; none of it enters a checkpoint."""

import time
from dataclasses import dataclass, field

from axagents.agents.persona import Persona
from axagents.agents.proposal import Ground, Leave
from axagents.agents.receipts import Receipts
from axagents.agents.tools import ToolBox
from axagents.catalog import Catalog
from axagents.errors import LimitReached
from axagents.llm.offline.world import World
from axagents.llm.turn import Message, Provider
from axagents.project import Project
from axagents.stores.agents.journal import AgentJournal, Entry

SAME_CALL_MOST = 2
MALFORMED_MOST = 2


@dataclass(frozen=True)
class AgentContext:
    """One process's work on one run.

    Attributes:
        session: the conversation that the run belongs to.
        max_steps: model turns and tool calls, together.
        max_usd: what the run may cost, as the providers' prices say; None for no limit.
        deadline: when the run must be done, on the monotonic clock.
    """

    project: Project
    run_id: str
    catalog: Catalog
    persona: Persona
    tools: ToolBox
    provider: Provider
    world: World
    query: str
    session: str
    leave: Leave
    max_steps: int
    max_usd: float | None
    deadline: float
    seconds: float
    journal: AgentJournal = field(repr=False)

    @property
    def ground(self) -> Ground:
        return Ground(self.project, self.world, self.tools, self.query)

    def check_limits(self, steps: int) -> None:
        """Stop where a limit is reached.

        Raises:
            LimitReached: by steps, cost or time.
        """
        hint = f"ax runs show {self.run_id}"
        if steps >= self.max_steps:
            raise LimitReached(f"{self.max_steps} steps are taken (--max-steps), and it is not done", hint=hint)
        if self.max_usd is not None and (spent := self.spent_usd()) > self.max_usd:
            raise LimitReached(
                f"${spent:.4f} are spent of ${self.max_usd:g} (--max-usd), and it is not done", hint=hint
            )
        if time.monotonic() > self.deadline:
            raise LimitReached(f"{self.seconds:g} s are over (--deadline), and it is not done", hint=hint)

    def spent_usd(self) -> float:
        """Return what the run's turns have cost so far, in US dollars."""
        return sum(
            entry.body["turn"]["cost_usd"] for entry in self.journal.entries(kind="message") if "turn" in entry.body
        )

    def messages(self, until: int) -> list[Message]:
        """Return the conversation as the provider sees it, up to a position of the journal."""
        found = [message for entry in self.journal.entries(until=until) for message in _messages(entry)]
        done = [at for at, message in enumerate(found) if message.role == "tool" and message.result is not None]
        for number, at in enumerate(done, start=1):
            found[at] = found[at].model_copy(update={"receipt": f"r{number}"})
        return found

    def results(self, until: int | None = None) -> list[Entry]:
        """Return the results of calls in order."""
        return self.journal.entries(until=until, kind="result")

    def receipts(self, until: int | None = None) -> Receipts:
        """Return the results that calls gave, numbered."""
        receipts = Receipts()
        for entry in self.results(until):
            if entry.body["status"] == "done":
                receipts.add(entry.body["result"])
        return receipts


def _messages(entry: Entry) -> list[Message]:
    if entry.kind == "message":
        return [Message.model_validate(entry.body["message"])]
    if entry.kind == "result":
        body = entry.body
        error = body["error"]["message"] if body.get("error") else body.get("why")
        return [
            Message(role="tool", call_id=body["call_id"], tool=body["tool"], result=body.get("result"), error=error)
        ]
    return []
