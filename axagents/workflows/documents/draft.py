"""What the kinds of documents hand to the templates: title, wording, facts, and what is not known."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from axagents.workflows.names import WORKFLOWS


class Draft(BaseModel):
    """A document before it is worded.

    Attributes:
        templates: `prompts/<name>.j2` in order; head and foot come by themselves.
        values: facts and names for the templates.
        gaps: what is not known, by the key under which a template asks for it.
    """

    model_config = ConfigDict(frozen=True)

    title: str
    slug: str
    templates: tuple[str, ...]
    values: dict[str, Any]
    gaps: dict[str, dict[str, str | None]]


class Gaps:
    """What is not known, and the command that would supply it."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, str | None]] = {}

    def add(self, key: str, what: str, command: str | None = None) -> None:
        """Note something that is not known."""
        self.found[key] = {"what": what, "command": command}


def run_command(workflow: str, request: Mapping[str, Any]) -> str:
    """Return the command that runs a workflow on a request, as it is typed into a shell."""
    told = json.dumps({key: value for key, value in request.items() if value}, ensure_ascii=False)
    return f"ax run {workflow} --input {shlex.quote(told)}"


def run_if_there(workflow: str, request: Mapping[str, Any]) -> str | None:
    """Return the command that runs a workflow, or None where it is no part of this installation."""
    return run_command(workflow, request) if workflow in WORKFLOWS else None
