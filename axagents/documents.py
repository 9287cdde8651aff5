"""Read a YAML document into a model, or say in one line what is wrong with it and where."""

from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from axagents.errors import UserError

Model = TypeVar("Model", bound=BaseModel)


def parse_yaml(text: str, model: type[Model], *, source: str) -> Model:
    """Return the document as `model`; UserError names `source`, and the line or the field."""
    try:
        return model.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise UserError(f"{source}: not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "document"
        raise UserError(f"{source}: {where}: {first['msg'].removeprefix('Value error, ')}") from error
