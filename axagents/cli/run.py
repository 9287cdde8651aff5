"""`ax run`: run a workflow on JSON from the command line, a file or a pipe."""

import json
from typing import Annotated, Any

import typer

from axagents.cli.common import Need, command, group
from axagents.cli.output import Shown
from axagents.cli.piped import read_json
from axagents.errors import UserError

app = group()


@command(app, "run", project=Need.WRITES)
def run(
    workflow: Annotated[str, typer.Argument(help="The workflow's name; `ax list` shows them.")],
    *,
    input_: Annotated[str | None, typer.Option("--input", help="JSON, @FILE, or - for standard input.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Set one field.")] = None,
) -> Shown:
    """Run a workflow."""
    from axagents.workflows.engine import run_workflow
    from axagents.workflows.names import request_model

    request_model(workflow)
    given = {} if input_ is None else read_json(input_, "--input")
    request = {**given, **_read_fields(set_ or [])}
    done = run_workflow(None, workflow, request)
    return Shown(done.model_dump(mode="json", exclude={"report"}), done.report, verdict=done.verdict)


def _read_fields(pairs: list[str]) -> dict[str, Any]:
    """Return the fields that `--set KEY=VALUE` gives; a value that is JSON is read as such, else it is text.

    Raises:
        UserError: a pair has no `=`.
    """
    fields: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise UserError(f"--set takes KEY=VALUE, not {pair!r}", field="--set")
        place = fields
        *outer, last = key.split(".")
        for part in outer:
            place = place.setdefault(part, {})
        place[last] = _value(value)
    return fields


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
