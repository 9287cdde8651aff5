"""Ask a language model for its first turn while the libraries load that walk the graph."""

import sys
from concurrent.futures import Future, wait
from contextvars import copy_context
from threading import Thread

from axagents.agents.context import AgentContext
from axagents.agents.conversation import recall
from axagents.agents.thinking import ask_provider
from axagents.llm.providers import load_library
from axagents.llm.turn import Turn

_LIBRARY = "langgraph.graph"
_HEAD_START = 0.1
"""Seconds in which the request goes out before the imports take the interpreter."""


def ask_ahead(context: AgentContext) -> None:
    """Begin the first turn of a run beside what follows, where that saves time: a model is asked, and imports wait."""
    if context.provider.name == "offline" or context.request.replay or _LIBRARY in sys.modules:
        return
    position = recall(context)
    if context.ledger.read().turns or context.journal.entries(after=position):
        return
    load_library(context.provider.name, context.project.settings.providers)
    future: Future[Turn] = Future()
    Thread(target=copy_context().run, args=(_ask, future, context, position), daemon=True, name="first-turn").start()
    context.ahead[position] = future
    wait([future], timeout=_HEAD_START)


def _ask(future: Future[Turn], context: AgentContext, position: int) -> None:
    try:
        future.set_result(ask_provider(context, position))
    except BaseException as error:  # noqa: BLE001 - met where the turn is waited for, as if it had been asked for there
        future.set_exception(error)
