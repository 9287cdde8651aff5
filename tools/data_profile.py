"""Profile a dataset."""

from importlib import import_module
from typing import Any

from axagents.actor import may_name
from axagents.ml.profile.model import DataProfile
from axagents.project import current_project
from axagents.stores.datasets.request import ProfileRequest
from axagents.toolkit import Touch, tool


@tool("data-profile", touches=Touch.READ)
def profile(request: ProfileRequest) -> DataProfile:
    """Describe a dataset: types, missing values, distributions, correlations, duplicates, suspicious columns.

    It gives figures only: no rows, and no values of identifiers, free text or sensitive columns. Use it for questions
    such as "is customers.csv any good?" and before training on data that nobody has looked at.
    """
    profiling: Any = import_module("axagents.stores.datasets.profiling")
    project = current_project()
    return profiling.profile_dataset(
        project,
        request.dataset,
        target=request.target,
        allow_paths=may_name(request.dataset),
        show_sensitive=project.settings.egress.sensitive,
    )
