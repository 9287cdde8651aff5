"""Show one version of a model."""

from importlib import import_module
from typing import Any

from axagents.project import current_project
from axagents.stores.registry.request import ShownDetails, ShowRequest
from axagents.toolkit import Touch, tool


@tool("registry-show", touches=Touch.READ)
def show(request: ShowRequest) -> ShownDetails:
    """Show one version of a model: stage, SHA-256, metrics (claimed and verified apart), schema, lineage, evaluation.

    Without a version it is the one in production, else the newest. Use it for questions such as
    "which version is in production?" and "what was churn-classifier 2.1.0 trained on?".
    """
    showing: Any = import_module("axagents.stores.registry.showing")
    name = f"{request.model_name}:{request.version}" if request.version else request.model_name
    return showing.show_version(current_project(), name)
