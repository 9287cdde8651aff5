"""What MCP clients are offered: the tools as they are, with the schemas of what they take and give."""

from typing import Any

from mcp.types import Tool, ToolAnnotations
from pydantic import BaseModel

from axagents.agents.single_call import Waits
from axagents.agents.tools import ToolBox
from axagents.catalog import ToolFacts
from axagents.mcp.asking import PersonaAnswer
from axagents.toolkit import Touch

_APPROVED = (
    "\n\nIt changes what others rely on: the call returns at once with a plan and changes nothing. A person approves"
    " the plan in a terminal (`ax approve ID`); then the very same call does it."
)


def list_offers(box: ToolBox) -> list[Tool]:
    """Return what a box holds as MCP has it."""
    return [_offer(box, facts) for facts in box.facts().values()]


def _offer(box: ToolBox, facts: ToolFacts) -> Tool:
    effect = facts.touches is Touch.EFFECT
    return Tool(
        name=facts.name,
        description=facts.description + (_APPROVED if effect else ""),
        input_schema=facts.parameters,
        output_schema=_result_schema(box, facts),
        annotations=ToolAnnotations(read_only_hint=facts.touches is Touch.READ, destructive_hint=effect),
    )


def _result_schema(box: ToolBox, facts: ToolFacts) -> dict[str, Any]:
    if facts.name in box.inner:
        return _schema(PersonaAnswer)
    result = _schema(box.catalog.tool(facts.name).result)
    return _either(result, _schema(Waits)) if facts.touches is Touch.EFFECT else result


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(mode="serialization")


def _either(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of one or the other; what they define stands at the top, where references look for it."""
    defined = {**one.pop("$defs", {}), **other.pop("$defs", {})}
    return {"type": "object", "anyOf": [one, other], **({"$defs": defined} if defined else {})}
