"""The contract of a tool: it is what its file says, takes only what it names, and touches only what it declares."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from axagents.catalog import open_catalog
from axagents.project import Project, use_project
from axagents.testing.snapshot import Changes, compare, take_snapshot
from axagents.toolkit import ToolSpec, Touch

# What COMPUTE may add to, and what adding changes beside: runs, artifacts, notes, feature sets under their names.
MAY_GROW = (
    *("ax.db:runs", "ax.db:run_steps", "ax.db:spans", "ax.db:memory_", "ax.db:model_evaluations", "ax.db:datasets"),
    "mlflow.db:",
)
MAY_CHANGE = ("ax.db:runs", "ax.db:memory_heads", "mlflow.db:runs", "mlflow.db:latest_metrics", "mlflow.db:experiments")
NEVER = ("mlflow.db:registered_model", "mlflow.db:model_version")
NEW_FILES = (".ax/runs/", ".ax/mlartifacts/", ".ax/features/")


def check_tool(project: Project, name: str, request: Mapping[str, Any]) -> BaseModel:
    """Call a tool of the project's catalog and check the contract; return its result.

    Args:
        request: one that the tool can answer in this project.

    Raises:
        AssertionError: what does not hold, in one line.
    """
    spec = open_catalog(project).tool(name)
    _check_declaration(spec)
    _check_request(spec, request)
    before = take_snapshot(project)
    with use_project(project):
        result = spec.function(spec.request.model_validate(dict(request)))
    changes = compare(before, take_snapshot(project))
    assert isinstance(result, spec.result), f"{name} returned {type(result).__name__}, not {spec.result.__name__}"
    again = spec.result.model_validate_json(result.model_dump_json())
    assert again == result, f"the result of {name} is not the same after JSON"
    problem = touched_more_than_declared(spec.touches, changes)
    assert problem is None, f"{name} declares {spec.touches.value}, and {problem}"
    return result


def touched_more_than_declared(touches: Touch, changes: Changes) -> str | None:
    """Say in words what a call changed beyond its declaration, or None."""
    if touches is Touch.READ:
        return f"changed {_shown(changes)}" if changes.any else None
    beyond = _beyond_compute(changes)
    if not beyond:
        return None
    if touches is Touch.EFFECT:
        journalled = changes.rows_added.get("ax.db:effects", 0)
        return None if journalled else f"changed {', '.join(beyond)} without an entry in the journal"
    return f"changed {', '.join(beyond)}"


def _beyond_compute(changes: Changes) -> list[str]:
    grown = [table for table in changes.rows_added if not table.startswith(MAY_GROW) or table.startswith(NEVER)]
    changed = [table for table in changes.rows_gone if not table.startswith(MAY_CHANGE)]
    files = [path for path in changes.files_added if not path.startswith(NEW_FILES)]
    return sorted({*grown, *changed, *files, *changes.files_changed})


def _shown(changes: Changes) -> str:
    return ", ".join([*changes.rows_added, *changes.rows_gone, *changes.files_added, *changes.files_changed])


def _check_declaration(spec: ToolSpec) -> None:
    schema = json.loads(json.dumps(spec.schema))
    silent = [field for field, each in schema.get("properties", {}).items() if "description" not in each]
    assert not silent, f"the model reads what fields are for: {spec.name} says nothing of {', '.join(silent)}"


def _check_request(spec: ToolSpec, request: Mapping[str, Any]) -> None:
    spec.request.model_validate(dict(request))
    try:
        spec.request.model_validate({**request, "no_such_field": 1})
    except ValidationError:
        return
    raise AssertionError(f"{spec.name} takes fields that it does not know")
