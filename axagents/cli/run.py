"""`ax run`: run a workflow on JSON from the command line, a file or a pipe."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from axagents.cli.common import Need, command, group
from axagents.cli.output import Shown
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
    request = {**read_input(input_), **read_fields(set_ or [])}
    done = run_workflow(None, workflow, request)
    return Shown(done.model_dump(mode="json", exclude={"report"}), done.report, verdict=done.verdict)


def read_input(text: str | None) -> dict[str, Any]:
    """Return the object that `--input` gives, as JSON, as `@FILE`, or `-` for standard input.

    Raises:
        UserError: it is no JSON object, or the file cannot be read.
    """
    from axagents.requests import parse_json

    if text is None:
        return {}
    if text == "-":
        return parse_json(sys.stdin.read(), "standard input")
    if not text.startswith("@"):
        return parse_json(text, "--input")
    path = Path(text[1:])
    try:
        return parse_json(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}", field="--input") from None


def read_fields(pairs: list[str]) -> dict[str, Any]:
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
