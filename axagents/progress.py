"""What is happening, told to whoever listens: the terminal, a chat, an MCP client, or nobody."""

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class StepStarted:
    """A step of a workflow begins; `position` of `total`, counted from 1."""

    workflow: str
    step: str
    position: int
    total: int


@dataclass(frozen=True)
class StepDone:
    """A step of a workflow ended well after `seconds`; `skipped` when an earlier attempt had finished it."""

    workflow: str
    step: str
    seconds: float
    skipped: bool = False


@dataclass(frozen=True)
class Note:
    """One line worth telling now."""

    text: str


@dataclass(frozen=True)
class Advance:
    """`done` of `total` of the present step's work, in the step's own unit."""

    done: float
    total: float
    text: str = ""


@dataclass(frozen=True)
class Said:
    """A piece of a model's text as it arrives; with `first` the turn begins anew and what it said before is void."""

    text: str
    first: bool = False


@dataclass(frozen=True)
class Written:
    """An agent's run wrote an entry into its journal: a message, a call, its result, a word on a plan, the answer."""

    run_id: str
    kind: str
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Asking:
    """A person is asked something: the terminal belongs to the question until it is answered."""


@dataclass(frozen=True)
class Asked:
    """The person has answered."""


Event = StepStarted | StepDone | Note | Advance | Said | Written | Asking | Asked
Listener = Callable[[Event], None]

_listeners: ContextVar[tuple[Listener, ...]] = ContextVar("progress_listeners", default=())


@contextmanager
def listen(listener: Listener) -> Generator[None]:
    """Hand every event to `listener` while the context is open."""
    token = _listeners.set((*_listeners.get(), listener))
    try:
        yield
    finally:
        _listeners.reset(token)


def emit(event: Event) -> None:
    """Tell every listener of `event`."""
    for listener in _listeners.get():
        listener(event)


def note(text: str) -> None:
    """Tell one line worth telling now."""
    emit(Note(text))


def advance(done: float, total: float, text: str = "") -> None:
    """Tell how far the present step is."""
    emit(Advance(done, total, text))
