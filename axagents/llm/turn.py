"""One turn of whoever thinks: what it is shown, and what it says or wants done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

StopReason = Literal["calls", "answer", "ask", "decline"]


class Source(BaseModel):
    """Where the value of an argument comes from, and the words or the fact it rests on."""

    model_config = ConfigDict(frozen=True)

    source: Literal["query", "conversation", "memory", "world", "default", "model"]
    origin: str = ""


class Call(BaseModel):
    """A tool call that is wanted.

    Attributes:
        sources: by the argument's dotted name.
        condition: what must hold before, as code can check it: "f1 > 0.85" or "passed".
        receipt: of a call of an earlier exchange, by which its result is referred to.
        unread: why the arguments could not be read, where they could not; they are empty then.
        ignored: words of the request that no argument took up.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    tool: str
    arguments: dict[str, Any]
    sources: dict[str, Source] = Field(default_factory=dict)
    condition: str | None = None
    receipt: str | None = None
    unread: str | None = None
    ignored: tuple[str, ...] = ()


class Need(BaseModel):
    """Something that must be known before a call can be made.

    Attributes:
        why: missing, unknown (it names something that is not there) or ambiguous.
        known: what there is to choose from, nearest first.
    """

    model_config = ConfigDict(frozen=True)

    field: str
    question: str
    tool: str | None = None
    why: Literal["missing", "unknown", "ambiguous"] = "missing"
    typed: str = ""
    known: tuple[str, ...] = ()


class Usage(BaseModel):
    """The tokens of one turn.

    Attributes:
        input: all that was read, what came from the provider's cache or went into it included.
        cached: of these, what was read from the cache; written: what was put into it.
    """

    model_config = ConfigDict(frozen=True)

    input: int = 0
    output: int = 0
    cached: int = 0
    written: int = 0


class Turn(BaseModel):
    """What came of one turn.

    Attributes:
        stop_reason: why the turn ended; a turn without one is not accepted.
        text: the answer, for `answer`; numbers stand in it by reference.
        calls: to be made, for `calls`; for `decline`, what was understood and cannot be called here.
        needs: for `ask`.
        candidates: tools that may have been meant, for `ask` and `decline`.
        unavailable: tools that the request needs and that are not here, or not this persona's.
        reason: one word for programs on why it asks or declines.
        ranking: what the offline planner weighed, for --explain.
        raw: the turn in the provider's own form, given back to it unchanged: thinking, signatures.
        tokens: all tokens of the turn; usage tells them apart.
    """

    model_config = ConfigDict(frozen=True)

    stop_reason: StopReason
    text: str = ""
    calls: tuple[Call, ...] = ()
    needs: tuple[Need, ...] = ()
    candidates: tuple[str, ...] = ()
    unavailable: tuple[str, ...] = ()
    reason: str = ""
    ranking: tuple[dict[str, Any], ...] = ()
    raw: tuple[dict[str, Any], ...] = ()
    usage: Usage | None = None
    tokens: int = 0
    cost_usd: float = 0.0


class Message(BaseModel):
    """One message of a conversation.

    Attributes:
        calls: those that the assistant wanted.
        needs: what the assistant asked for instead.
        call_id, tool, result, error: of a tool's message: the call it answers and what came of it.
        receipt: by which the result's numbers are referred to, such as r3.
        raw: an assistant's message in its provider's own form.
    """

    model_config = ConfigDict(frozen=True)

    role: Literal["user", "assistant", "tool"]
    text: str = ""
    calls: tuple[Call, ...] = ()
    needs: tuple[Need, ...] = ()
    call_id: str | None = None
    tool: str | None = None
    result: dict[str, Any] | None = None
    error: str | None = None
    receipt: str | None = None
    raw: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Offer:
    """A tool that may be called: its name, what it touches, what the model reads of it, and its request's schema."""

    name: str
    touches: Literal["read", "compute", "effect"]
    description: str
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])


class Provider(Protocol):
    """Who thinks: a language model, the offline planner, or a script.

    Attributes:
        context_window: tokens that it can read; None where that is not known, or no matter.
        is_paid: whether a turn is known to cost something; none is taken then where nothing may be spent.
    """

    name: str
    context_window: int | None
    is_paid: bool

    def take_turn(self, system: str, messages: Sequence[Message], offers: Sequence[Offer]) -> Turn:
        """Return the next turn of a conversation.

        Args:
            system: the persona's instructions.
            messages: the conversation so far; the last is the user's, or a tool's.
            offers: the tools that may be called.

        Raises:
            ProviderError: there was no turn to be had.
        """
        ...
