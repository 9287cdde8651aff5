"""What the planner knows of deployments: those on record, whether or not anything runs."""

from axagents.agents.world import ProjectWorld
from axagents.llm.offline.world import DeploymentFact
from axagents.project import Project
from axagents.serving.local.wanted import WANTED
from axagents.serving.routing import ROUTINGS, Served
from tests.effects.test_deployment import ALL_OLD, NAME, TENTH_NEW, WANTS


def test_what_serves_what_served_before_and_what_is_rolling_out(project: Project) -> None:
    folder = project.deployments_path / NAME
    assert ProjectWorld(project).deployments() == ()
    WANTED.write_first(folder, WANTS)
    assert ProjectWorld(project).deployments() == ()
    served = tuple(Served(version=each, sha256="a" * 64) for each in ("2.0.0", "1.9.0"))
    ROUTINGS.write_first(folder, ALL_OLD.model_copy(update={"served": served}))
    assert ProjectWorld(project).deployments() == (DeploymentFact(NAME, "churn", "2.0.0", "1.9.0"),)
    ROUTINGS.change(folder, seen=1, change=lambda old: old.model_copy(update={"variants": TENTH_NEW.variants}))
    assert ProjectWorld(project).deployments() == (DeploymentFact(NAME, "churn", "2.0.0", "1.9.0", rollout="2.1.0"),)
