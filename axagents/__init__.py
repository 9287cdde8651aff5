"""The machine-learning operations team in a terminal: agents plan, typed tools compute."""

import os

__version__ = "0.1.0"

# LangGraph reads it at import: a checkpoint may restore plain JSON types only.
os.environ.setdefault("LANGGRAPH_STRICT_MSGPACK", "true")
