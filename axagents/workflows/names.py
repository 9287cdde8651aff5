"""Which workflows there are, and where; loading one brings its heavy libraries, so it is done by name when needed."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from axagents.errors import NotFound

if TYPE_CHECKING:
    from axagents.workflows.graphs import Workflow

WORKFLOWS = {
    "ml-experiment-tracker": "axagents.workflows.experiments",
    "ml-train": "axagents.workflows.train",
    "ml-model-registry": "axagents.workflows.registry",
}


def _package(name: str) -> str:
    if name not in WORKFLOWS:
        raise NotFound("workflow", name, WORKFLOWS, hint="ax list")
    return WORKFLOWS[name]


def request_model(name: str) -> type[BaseModel]:
    """Return the request model of a workflow (`REQUEST` of its light `request` module).

    Raises:
        NotFound: no such workflow.
    """
    module: Any = import_module(f"{_package(name)}.request")
    return module.REQUEST


def load_workflow(name: str) -> "Workflow":
    """Return a workflow with its graph (`WORKFLOW` of its `graph` module).

    Raises:
        NotFound: no such workflow.
    """
    module: Any = import_module(f"{_package(name)}.graph")
    return module.WORKFLOW
