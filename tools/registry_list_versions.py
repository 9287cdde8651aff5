"""List the versions of a model."""

from importlib import import_module
from typing import Any

from axagents.project import current_project
from axagents.stores.registry.request import ShownVersions, VersionsRequest
from axagents.toolkit import Touch, tool


@tool("registry-list-versions", touches=Touch.READ)
def list_versions(request: VersionsRequest) -> ShownVersions:
    """List the versions of a model with their stages, highest first; pending and foreign ones are marked.

    Use it for questions such as "list all versions of churn-classifier".
    """
    showing: Any = import_module("axagents.stores.registry.showing")
    return showing.show_versions(current_project(), request.model_name)
