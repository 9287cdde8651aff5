"""Keep in memory what came of experiments, so that people and agents find it again."""

from typing import Any

from axagents.project import Project
from axagents.stores.memory.memory import Memory
from axagents.stores.tracking.experiments import ExperimentRecord

EXPERIMENTS = "ml-experiments"
REPORTS = "ml-experiment-reports"


def remember_experiment(project: Project, experiment: ExperimentRecord, facts: dict[str, Any]) -> None:
    """Write what is known of an experiment: `facts` over its name, description and tags."""
    value = {"experiment": experiment.name, "description": experiment.description, "tags": list(experiment.tags)}
    _store(project, experiment.name, value | facts, namespace=EXPERIMENTS)


def remember_report(project: Project, experiment: str, run_id: str, *, verdict: str, summary: str) -> None:
    """Write what one run of an experiment came to."""
    value = {"experiment": experiment, "verdict": verdict, "summary": summary}
    _store(project, f"{experiment}/{run_id}", value, namespace=REPORTS)


def _store(project: Project, key: str, value: dict[str, Any], *, namespace: str) -> None:
    """Write a record unless it says the same already: a step may be repeated after a crash."""
    memory = Memory(project)
    known = memory.retrieve(key, namespace=namespace)
    if known is None or known.value != value:
        memory.store(key, value, namespace=namespace)
