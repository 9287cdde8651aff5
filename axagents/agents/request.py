"""What an agent is asked, by a person or by another agent, and how far it may go."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from axagents.errors import UserError


@dataclass(frozen=True)
class Leave:
    """What the caller allowed beforehand: the kinds of effects that --yes covers, and plans by hash."""

    yes: bool = False
    hashes: tuple[str, ...] = ()


NO_LEAVE = Leave()
DEEPEST = 3
"""How many personas may ask each other in turn."""


@dataclass(frozen=True)
class Caller:
    """The agents between a person and the one that is asked.

    Attributes:
        personas: who asked whom, beginning with the one that the person asked.
        run_id: the run that the person began, and can resume; "" where the first that asked has none, as over MCP.
        words: what the person said; "" where nobody knows.
    """

    personas: tuple[str, ...]
    run_id: str
    words: str


def check_limits(max_steps: int | None, max_usd: float | None, deadline: float | None) -> None:
    """Stop where a limit of a run is none.

    Raises:
        UserError: it allows no step, less than no money, or no time.
    """
    if max_steps is not None and max_steps < 1:
        raise UserError(f"max_steps: at least 1, not {max_steps}", field="max_steps")
    if max_usd is not None and not max_usd >= 0:
        raise UserError(f"max_usd: at least 0 US dollars, not {max_usd:g}", field="max_usd")
    if deadline is not None and not deadline > 0:
        raise UserError(f"deadline: more than 0 seconds, not {deadline:g}", field="deadline")


@dataclass(frozen=True)
class Request:
    """What an agent is asked, and how far it may go; None stands for the persona's or the project's own value.

    Attributes:
        provider: auto, offline, script:FILE, or the name of a language model's provider.
        session: the conversation to go on with; by default a new one.
        model: another model than the provider's own.
        record: the tape that every exchange with the provider is written to.
        replay: the tape that answers instead of a provider.
        system: text that follows the persona's own instructions.
        attached: text that follows the query and is not the person's words, such as a file's.
        max_usd: US dollars at most; 0 allows no turn that costs something.
        caller: who asks, where that is no person.

    Raises:
        UserError: a limit is none.
    """

    persona: str
    query: str
    provider: str = "auto"
    session: str | None = None
    max_steps: int | None = None
    deadline: float | None = None
    leave: Leave = NO_LEAVE
    model: str | None = None
    record: str | None = None
    replay: str | None = None
    max_usd: float | None = None
    system: str = ""
    attached: str = ""
    caller: Caller | None = None

    def __post_init__(self) -> None:
        check_limits(self.max_steps, self.max_usd, self.deadline)

    def askable(self, personas: Iterable[str]) -> list[str]:
        """Return those that may be asked on the way: at most three deep, and nobody who waits for this."""
        waiting = (*(self.caller.personas if self.caller else ()), self.persona)
        return [each for each in personas if each not in waiting] if len(waiting) <= DEEPEST else []

    @property
    def words(self) -> str:
        """Return what the person said, which alone may name paths and fill effects."""
        return self.caller.words if self.caller else self.query

    @property
    def message(self) -> str:
        """Return what the model reads: the query, and behind it what is attached."""
        return f"{self.query}\n\n{self.attached}" if self.attached else self.query

    def as_record(self) -> dict[str, Any]:
        """Return what a resumed run needs to know; what was allowed beforehand is not kept."""
        return {name: value for name, value in asdict(self).items() if name != "leave"}


def read_request(record: Mapping[str, Any], leave: Leave = NO_LEAVE) -> Request:
    """Return the request of a run that goes on."""
    values = dict(record)
    caller: Any = values.pop("caller", None)
    who = Caller(tuple(caller["personas"]), caller["run_id"], caller["words"]) if caller else None
    return Request(**values, caller=who, leave=leave)
