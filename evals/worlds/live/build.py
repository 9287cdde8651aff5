"""The example world `churn-live`, as `ax init --demo churn-live` makes it."""

import json
from typing import Any

from axagents.demo.churn import LIVE, build_world
from axagents.demo.truth import truth_path
from axagents.project import Project


def build(project: Project, seed: int) -> dict[str, Any]:
    """Fill a fresh project and return what is true of it."""
    build_world(project, LIVE, seed=seed)
    return json.loads(truth_path(project).read_text(encoding="utf-8"))
