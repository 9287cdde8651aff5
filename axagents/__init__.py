"""The machine-learning operations team in a terminal: agents plan, typed tools compute."""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from axagents.agents.dry import DryRun
    from axagents.agents.run import AgentRun
    from axagents.api import Agent
    from axagents.errors import AxError
    from axagents.toolkit import ToolError, Touch, tool

__version__ = "0.1.0"
__all__ = ["Agent", "AgentRun", "AxError", "DryRun", "ToolError", "Touch", "__version__", "tool"]

# LangGraph reads it at import: a checkpoint may restore plain JSON types only.
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")

_HOMES = {
    "Agent": "axagents.api",
    "AgentRun": "axagents.agents.run",
    "AxError": "axagents.errors",
    "DryRun": "axagents.agents.dry",
    "ToolError": "axagents.toolkit",
    "Touch": "axagents.toolkit",
    "tool": "axagents.toolkit",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Load what is asked for, so that `import axagents` loads nothing."""
        if name in _HOMES:
            return getattr(import_module(_HOMES[name]), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
