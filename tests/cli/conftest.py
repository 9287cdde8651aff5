"""The guide's registered model, for the commands that look at it."""

from tests.workflows.registry.conftest import guide_project as guide_project
from tests.workflows.registry.conftest import guide_root as guide_root
