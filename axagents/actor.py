"""Who acts here: a person, an agent that somebody's `AX_ACTOR` names, or one at work inside this process."""

import getpass
import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from axagents.errors import Refused


@dataclass(frozen=True)
class _Agent:
    name: str
    words: str


_agent: ContextVar[_Agent | None] = ContextVar("acting_agent", default=None)


@contextmanager
def acting(name: str, *, words: str) -> Generator[None]:
    """Say that what happens in here is done by the agent `name`, on a person's `words`."""
    token = _agent.set(_Agent(name, words))
    try:
        yield
    finally:
        _agent.reset(token)


_word: ContextVar[bool] = ContextVar("has_word", default=False)


@contextmanager
def approved() -> Generator[None]:
    """Say that a person has approved what happens in here."""
    token = _word.set(True)
    try:
        yield
    finally:
        _word.reset(token)


def needs_word() -> bool:
    """Tell whether an effect must wait for a person: an agent acts, and nobody has approved what it does."""
    return is_agent() and not _word.get()


def actor() -> str:
    """Return who acts: an agent with the person it works for, AX_ACTOR, else the user of this process."""
    agent = _agent.get()
    return f"agent:{agent.name} for {_person()}" if agent else _person()


def _person() -> str:
    try:
        return os.environ.get("AX_ACTOR") or getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"


def is_agent() -> bool:
    """Tell whether an agent acts here: one in this process, or AX_ACTOR is `agent`, or `agent:` and its name."""
    return _agent.get() is not None or _is_marked()


def _is_marked() -> bool:
    named = os.environ.get("AX_ACTOR", "").strip().lower()
    return named == "agent" or named.startswith("agent:")


def may_name(place: str) -> bool:
    """Tell whether whoever acts may name this path or address: a person any, an agent one in a person's words."""
    agent = _agent.get()
    if _is_marked():
        return False
    return agent is None or bool(re.search(rf"(?<![\w./-]){re.escape(place)}(?![\w/-]|\.\w)", agent.words))


def refuse_agents(what: str) -> None:
    """Stop where an agent would do what only a person may.

    Raises:
        Refused: an agent acts here.
    """
    if is_agent():
        raise Refused(f"an agent cannot {what}; a person can, in a shell of their own (one without AX_ACTOR=agent)")
