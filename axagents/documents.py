"""Read a YAML document into a model, or say in one line what is wrong with it and where."""

from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from axagents.errors import UserError

Model = TypeVar("Model", bound=BaseModel)

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same safe rules, ten times as fast where libyaml is


def parse_yaml(text: str, model: type[Model], *, source: str) -> Model:
    """Return the document as `model`; UserError names `source`, and the line or the field."""
    try:
        return model.model_validate(yaml.load(text, _Loader))  # noqa: S506 - a safe loader, by its fast name
    except yaml.YAMLError as error:
        raise UserError(f"{source}: not YAML: {_one_line(error)}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "document"
        raise UserError(f"{source}: {where}: {first['msg'].removeprefix('Value error, ')}") from error


def _one_line(error: yaml.YAMLError) -> str:
    return " ".join(str(error).replace('in "<unicode string>", ', "at ").split())
