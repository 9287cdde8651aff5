"""What an agent is asked, by a person or by another agent, and how far it may go."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from axagents.errors import UserError


@dataclass(frozen=True)
class Leave:
    """What the caller allowed beforehand: the kinds of effects that --yes covers, and plans by hash."""

    yes: bool = False
    hashes: tuple[str, ...] = ()


NO_LEAVE = Leave()


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
        UserError: less than nothing may be spent.
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
        if self.max_usd is not None and not self.max_usd >= 0:
            raise UserError(f"max_usd: at least 0 US dollars, not {self.max_usd:g}", field="max_usd")

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
