"""Check the arguments of an MCP server's tool against the schema that the server gives."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from jsonschema import SchemaError, exceptions
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

from axagents.errors import Failed, UserError
from axagents.external.listing import ServerTool

_LONGEST = 300


def make_check(tool: ServerTool) -> Callable[[Mapping[str, Any]], None]:
    """Return what checks arguments: it raises UserError with the worst of what is wrong.

    The schema may refer to nothing outside itself, so that no address is fetched on a server's word.

    Raises:
        Failed: the server gives no valid schema.
    """
    kind: Any = validator_for(dict(tool.parameters))
    try:
        kind.check_schema(tool.parameters)
    except SchemaError as error:
        raise Failed(f"its tool {tool.name} has no valid schema: {_first_line(error)}") from None
    validator = kind(tool.parameters, registry=Registry[Any]())

    def check(arguments: Mapping[str, Any]) -> None:
        try:
            worst = cast("Any", exceptions).best_match(validator.iter_errors(dict(arguments)))
        except Unresolvable as error:
            raise Failed(f"the schema of {tool.name} refers to what is not in it: {_first_line(error)}") from None
        if worst is not None:
            raise _told(worst)

    return check


def _told(error: Any) -> UserError:
    field = ".".join(str(part) for part in error.absolute_path) or "input"
    legal = [str(each) for each in error.validator_value] if error.validator == "enum" else []
    return UserError(f"{field}: {error.message[:_LONGEST]}", field=field, legal=legal)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:_LONGEST]
