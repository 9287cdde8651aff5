"""Run a workflow, or go on with one. Loads a workflow's libraries only when it is called."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from pydantic import BaseModel

from axagents.project import Project, current_project
from axagents.requests import validate
from axagents.workflows.names import check_early, request_model
from axagents.workflows.outcome import WorkflowRun

_EXECUTION = "axagents.workflows.execution"


def run_workflow(
    project: Project | None, name: str, request: dict[str, Any] | BaseModel, *, parent: str | None = None
) -> WorkflowRun:
    """Run the workflow `name` to its end (of the current project when None is given).

    Raises:
        UserError: the request is wrong; found before a run is opened.
        AxError: what a step raised; the run can be resumed.
    """
    model = request_model(name)
    checked = validate(model, request) if isinstance(request, dict) else request
    project = project or current_project()
    check_early(project, name, checked)
    execution: Any = import_module(_EXECUTION)
    return execution.execute(project, name, checked, parent=parent)


def check_workflow(name: str) -> Callable[[BaseModel], None]:
    """Return what raises whatever can be told in a moment to be wrong with a request, for `@tool(check=...)`."""

    def check(request: BaseModel) -> None:
        check_early(current_project(), name, request)

    return check


def resume_workflow(project: Project, run_id: str) -> WorkflowRun:
    """Go on with a run at its first unfinished step.

    Raises:
        NotFound: no such run.
        UserError: the run is no workflow, runs right now, or is completed or abandoned.
    """
    execution: Any = import_module(_EXECUTION)
    return execution.resume(project, run_id)
