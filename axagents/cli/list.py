"""`ax list`: the workflows and what each asks for."""

from typing import TYPE_CHECKING, Any

from axagents.cli.common import Need, command, group
from axagents.cli.output import Shown, table

if TYPE_CHECKING:
    from pydantic import BaseModel

app = group()


@command(app, "list", project=Need.NONE)
def list_() -> Shown:
    """List the workflows and their required fields."""
    from axagents.workflows.names import WORKFLOWS, request_model

    found = [_described(name, request_model(name)) for name in WORKFLOWS]
    rows = [(each["name"], ", ".join(each["required"]), each["summary"]) for each in found]
    text = table(["workflow", "required", "what it does"], rows)
    return Shown({"workflows": found}, f"{text}\nnext: ax run WORKFLOW --input '{{...}}'")


def _described(name: str, model: "type[BaseModel]") -> dict[str, Any]:
    fields = model.model_fields
    required = [each for each, field in fields.items() if field.is_required()]
    return {
        "name": name,
        "summary": (model.__doc__ or "").strip().split("\n")[0],
        "required": required,
        "optional": [each for each in fields if each not in required],
    }
