"""Turn what somebody typed into a checked request, or into one clear line about what is wrong with it."""

import json
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from axagents.errors import UserError, nearest

Request = TypeVar("Request", bound=BaseModel)


def parse_json(text: str, source: str = "--input", *, first_line: int = 1) -> dict[str, Any]:
    """Read a JSON object; on bad JSON tell line, column and show the place with a caret.

    Args:
        first_line: the line of the source that the text begins on.

    Raises:
        UserError: not JSON, or not an object.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        shown, caret = _excerpt(error.doc, error.pos)
        line = first_line + error.lineno - 1
        place = f"{source} is not valid JSON at line {line}, column {error.colno}: {error.msg}"
        raise UserError(f"{place}\n  {shown}\n  {caret}", field=source) from None
    if not isinstance(value, dict):
        kind = type(value).__name__
        raise UserError(f"{source} must be a JSON object such as '{{\"key\": ...}}', not {kind}", field=source)
    return value  # pyright: ignore[reportUnknownVariableType]


def _excerpt(document: str, position: int, width: int = 72) -> tuple[str, str]:
    start = document.rfind("\n", 0, position) + 1
    end = document.find("\n", position)
    line = document[start : end if end >= 0 else len(document)]
    offset = position - start
    left = max(0, offset - width // 2)
    return line[left : left + width], " " * (offset - left) + "^"


def validate(model: type[Request], data: dict[str, Any]) -> Request:
    """Check `data` against `model`.

    Raises:
        UserError: the first thing wrong, with its field, its value and the rule; every further one is counted.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise _told(model, error) from None


def _told(model: type[BaseModel], error: ValidationError) -> UserError:
    details = error.errors(include_url=False)
    first = min(details, key=lambda each: each["type"] != "extra_forbidden")
    field = ".".join(str(part) for part in first["loc"]) or "input"
    legal = _legal(model, first)
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    return UserError(_sentence(first, field, legal) + more, field=field, legal=legal)


def _sentence(detail: ErrorDetails, field: str, legal: list[str]) -> str:
    if detail["type"] == "missing":
        return f"{field}: is required"
    if detail["type"] == "extra_forbidden":
        near = nearest(str(detail["loc"][-1]), legal)
        told = f"; did you mean {' or '.join(near)}?" if near else f"; the fields are {', '.join(legal)}"
        return f"{field}: there is no such field{told}"
    rule = detail["msg"].removeprefix("Value error, ")
    value = json.dumps(detail["input"], default=str, ensure_ascii=False)
    shown = value if len(value) <= 60 else value[:57] + "..."
    return f"{field}: {rule[0].lower() + rule[1:]} (got {shown})"


def _legal(model: type[BaseModel], detail: ErrorDetails) -> list[str]:
    expected = detail.get("ctx", {}).get("expected")
    if expected:
        return [part.strip().strip("'") for part in str(expected).replace(" or ", ", ").split(",")]
    if detail["type"] != "extra_forbidden":
        return []
    place: type[BaseModel] = model
    for part in detail["loc"][:-1]:
        place = _inner_model(place, str(part)) or place
    return list(place.model_fields)


def _inner_model(model: type[BaseModel], name: str) -> type[BaseModel] | None:
    info = model.model_fields.get(name)
    if info is None:
        return None
    for candidate in (info.annotation, *get_args(info.annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
