"""Make one call of an MCP client: an agent whose person's words nobody knows."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axagents.actor import acting
from axagents.agents.delegation import Question, asking
from axagents.agents.persona import list_personas
from axagents.agents.single_call import call_effect
from axagents.agents.tools import ToolBox, call_typed
from axagents.catalog import open_catalog
from axagents.mcp.asking import ask_persona
from axagents.project import Project, open_project, use_project
from axagents.requests import validate
from axagents.stores.runs import Runs
from axagents.toolkit import Touch

_NAME = re.compile(r"[^\w .-]")


@dataclass(frozen=True)
class Order:
    """A call as it is handed to a worker.

    Attributes:
        root: the project's folder.
        client: the name that the client gave itself.
    """

    root: str
    tool: str
    arguments: dict[str, Any]
    client: str


def make_call(order: Order) -> dict[str, Any]:
    """Make a call and return its result as JSON; that of an effect that waits is told as `single_call.Waits` says.

    Raises:
        AxError: what is wrong with it, what the tool raised, or that a person denied it.
    """
    project = open_project(Path(order.root))
    client = _NAME.sub("", order.client)[:40].strip() or "a client"
    with use_project(project), acting(f"{client} over MCP", words=""):
        box = open_box(project)
        if order.tool in box.inner:
            return ask_persona(project, order.tool, validate(Question, order.arguments).query)
        spec = box.catalog.tool(order.tool)
        if spec.touches is Touch.EFFECT:
            return call_effect(project, box, spec, arguments=order.arguments, client=client)
        return call_typed(spec, order.arguments)


def resume_call(project: Project, run_id: str) -> dict[str, Any]:
    """Go on with a call that waited for an approval or was cut short, as if its client had made it again."""
    asked = Runs(project).get(run_id).request
    return make_call(Order(str(project.root), asked["tool"], asked["arguments"], asked["client"]))


def open_box(project: Project) -> ToolBox:
    """Return all that is offered to MCP clients: every tool of the content, and every persona as `ask-<persona>`."""
    catalog = open_catalog(project)
    personas = [asking(each) for each in list_personas(catalog)]
    return ToolBox(catalog, tuple(catalog.tools), inner={each.facts.name: each for each in personas})
