"""Features that a person or an agent wrote: read from the request or from a YAML file, validated as generated ones."""

from typing import Any, cast

import yaml
from pydantic import ValidationError

from axagents.actor import may_name
from axagents.errors import UserError
from axagents.ml.features.spec import FeatureSpec
from axagents.project import Project
from axagents.stores.features.plan import Plan
from axagents.workflows.features.request import FeaturesRequest


def own_spec(project: Project, request: FeaturesRequest, plan: Plan) -> FeatureSpec | None:
    """Return the specification that the request brings along, tied to the plan's entity and times; None for none.

    Raises:
        UserError: the file is not there or is no YAML, or a feature is wrong; says which and why.
    """
    if request.features is None:
        return None
    given = request.features if isinstance(request.features, list) else _read(project, request.features)
    return build_spec(plan, given)


def build_spec(plan: Plan, features: list[Any]) -> FeatureSpec:
    """Return the features of a plan as a specification."""
    ties: dict[str, Any] = {
        "dataset": plan.dataset,
        "entity": plan.entity or None,
        "time": plan.time,
        "available": plan.available,
    }
    try:
        return FeatureSpec.model_validate(ties | {"features": features})
    except ValidationError as error:
        raise UserError(
            _first(error, features), field="features", hint="docs/features.md lists the functions"
        ) from None


def _read(project: Project, name: str) -> list[Any]:
    path = (project.root / name).resolve()
    if not (path.is_relative_to(project.root) or may_name(name)) or not path.is_file():
        raise UserError(f"there is no file {name} in this project", field="features")
    try:
        found: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{name} is no YAML: {str(error).splitlines()[0]}", field="features") from None
    if isinstance(found, dict):
        found = found.get("features")  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    if not isinstance(found, list) or not found:
        raise UserError(f"{name} holds no list of features", field="features")
    return found  # pyright: ignore[reportUnknownVariableType]


def _first(error: ValidationError, features: list[Any]) -> str:
    found = error.errors()[0]
    place = [each for each in found["loc"] if each != "features"]
    told = found["msg"].removeprefix("Value error, ")
    if not place or not isinstance(place[0], int):
        return told
    written = features[place[0]]
    name = cast("dict[str, Any]", written).get("name", place[0] + 1) if isinstance(written, dict) else place[0] + 1
    rest = ".".join(str(each) for each in place[1:])
    return f"feature {name!r}{f', {rest}' if rest else ''}: {told}"
