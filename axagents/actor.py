"""Who acts here: a person, or an agent that somebody's `AX_ACTOR` names."""

import getpass
import os

from axagents.errors import Refused


def actor() -> str:
    """Return who acts: AX_ACTOR, else the user of this process."""
    try:
        return os.environ.get("AX_ACTOR") or getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"


def is_agent() -> bool:
    """Tell whether an agent acts here: AX_ACTOR is `agent`, or `agent:` and its name."""
    named = os.environ.get("AX_ACTOR", "").strip().lower()
    return named == "agent" or named.startswith("agent:")


def refuse_agents(what: str) -> None:
    """Stop where an agent would do what only a person may.

    Raises:
        Refused: AX_ACTOR says that an agent acts.
    """
    if is_agent():
        raise Refused(f"an agent cannot {what} (AX_ACTOR says that one acts); a person can, in a shell of their own")
