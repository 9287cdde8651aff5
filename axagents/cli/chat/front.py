"""Where a chat is held: what every such place can do."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from axagents.errors import AxError

if TYPE_CHECKING:
    from axagents.agents.run import AgentRun


class Front(Protocol):
    """A terminal, or a pipe; with a person at a terminal Ctrl-C stops a turn and not the chat."""

    is_person: bool

    @property
    def width(self) -> int | None:
        """How many columns there are, where lines are to be cut."""
        ...

    def read(self) -> str | None:
        """Return what was typed, or None at the end."""
        ...

    def show(self, text: str) -> None:
        """Show what was asked for."""
        ...

    def tell(self, text: str) -> None:
        """Show a notice."""
        ...

    def fail(self, error: AxError) -> None:
        """Show what went wrong, and what to do."""
        ...

    def agree(self, question: str) -> bool | None:
        """Ask a yes-or-no question; None where nobody can be asked."""
        ...

    def approve(self, plan: Mapping[str, Any]) -> bool | None:
        """Show the plan of an effect and return the person's word; None where nobody can be asked."""
        ...

    def working(self, words: str) -> AbstractContextManager[object]:
        """Show what happens in a turn, or in a command that takes long."""
        ...

    def answer(self, done: "AgentRun") -> None:
        """Show how a turn ended."""
        ...


def ends_open(text: str) -> bool:
    """Tell whether a text ends with a backslash that asks for another line; two of them stand for themselves."""
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1
