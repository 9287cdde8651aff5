"""How what to do next is written for whoever asked: as commands of a shell, unless a face has other ways."""

import json
import shlex
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar


class Ways:
    """The ways of `ax agent run`; a face overrides what is different there.

    Attributes:
        offline: how the offline planner is asked for.
        time: the option that gives more seconds.
    """

    offline = "--provider offline"
    time = "--deadline"

    def to_answer(self, persona: str, session: str, answer: str) -> str:
        """Write what answers a question; nothing where typing on does."""
        return f"ax agent run {persona} --session {session} --input {spell_input(answer)}"

    def to_ask(self, persona: str, query: str) -> str:
        """Write what asks another persona."""
        return f"ax agent run {persona} --input {spell_input(query)}"

    def to_approve(self, approval_id: str, run_id: str) -> str:
        """Write what approves the plan of an effect, and goes on with the run that wants it."""
        return f"ax approve {approval_id} && ax runs resume {run_id}"

    def to_ask_again(self, persona: str, query: str, plan: str) -> str:
        """Write what asks the same again with a word on the plan of a hash; nothing where that cannot be."""
        return f"ax agent run {persona} --approve {plan} --input {spell_input(query)}"


def spell_input(query: str) -> str:
    """Write a sentence as the input of a command, quoted for a shell."""
    return shlex.quote(json.dumps({"query": query}, ensure_ascii=False))


_ways: ContextVar[Ways | None] = ContextVar("ways", default=None)


def ways() -> Ways:
    """Return the ways of whoever asked."""
    return _ways.get() or Ways()


@contextmanager
def using_ways(own: Ways) -> Generator[None]:
    """Have what is told while the context is open written in a face's `own` ways."""
    token = _ways.set(own)
    try:
        yield
    finally:
        _ways.reset(token)
