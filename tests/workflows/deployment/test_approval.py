"""What `--yes` covers of deployments, and what only a plan approved by its hash does."""

from typing import Any

import pytest

from axagents.agents.tools import ToolBox
from axagents.catalog import open_catalog
from axagents.project import Project

BY_YES = {"canary-start", "abort", "rollback"}


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        ({"version": "2.1.0", "rollout_strategy": "canary"}, "canary-start"),
        ({"version": "2.1.0", "rollout_strategy": "canary", "traffic_percentage": 10}, "canary-start"),
        ({"action": "abort"}, "abort"),
        ({"action": "rollback", "target_version": "2.0.0"}, "rollback"),
        ({"version": "2.1.0", "rollout_strategy": "canary", "traffic_percentage": 99}, "deploy"),
        ({"version": "2.1.0", "rollout_strategy": "direct"}, "deploy"),
        ({"version": "2.1.0", "rollout_strategy": "blue-green"}, "deploy"),
        ({"version": "2.1.0"}, "deploy"),
        ({"action": "promote"}, "deploy"),
        ({"action": "promote", "traffic_percentage": 20}, "deploy"),
    ],
)
def test_the_kind_of_a_request(project: Project, request_: dict[str, Any], kind: str) -> None:
    box = ToolBox(open_catalog(project), ("mlops-deployment",))
    assert box.effect_kind("mlops-deployment", {"model_name": "churn-classifier", **request_}) == kind
    assert set(project.settings.approve.auto) >= BY_YES
    assert "deploy" not in project.settings.approve.auto
