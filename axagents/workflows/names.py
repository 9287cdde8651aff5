"""Which workflows there are, and where; loading one brings its heavy libraries, so it is done by name when needed."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from axagents.errors import NotFound
from axagents.project import Project

if TYPE_CHECKING:
    from axagents.workflows.graphs import Workflow

WORKFLOWS = {
    "ml-experiment-tracker": "axagents.workflows.experiments",
    "ml-train": "axagents.workflows.train",
    "ml-model-evaluation": "axagents.workflows.evaluation",
    "ml-feature-engineering": "axagents.workflows.features",
    "ml-model-registry": "axagents.workflows.registry",
    "mlops-deployment": "axagents.workflows.deployment",
    "write-document": "axagents.workflows.documents",
    "publish-document": "axagents.workflows.publishing",
}
# Where `EARLY_CHECK` finds a wrong name before the workflow's libraries are loaded, which takes seconds.
_EARLY = {
    "ml-feature-engineering": "axagents.workflows.features.dataset",
    "ml-model-registry": "axagents.workflows.registry.artifact",
    "ml-train": "axagents.workflows.train.dataset",
    "mlops-deployment": "axagents.workflows.deployment.asked",
    "publish-document": "axagents.workflows.publishing.graph",
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


def check_early(project: Project, name: str, request: BaseModel) -> None:
    """Raise what is wrong with a request and can be told in a moment; a workflow's own check is the whole one."""
    if name in _EARLY:
        module: Any = import_module(_EARLY[name])
        module.EARLY_CHECK(project, request)


def load_workflow(name: str) -> "Workflow":
    """Return a workflow with its graph (`WORKFLOW` of its `graph` module).

    Raises:
        NotFound: no such workflow.
    """
    module: Any = import_module(f"{_package(name)}.graph")
    return module.WORKFLOW
