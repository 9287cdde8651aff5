"""The effect on the inference log: forget a unit."""

from dataclasses import asdict
from typing import Any

from axagents.effects.effect import Effect, Probe
from axagents.project import Project
from axagents.stores.inference.forgetting import Held, count_unit, is_forgotten, remove_unit


def forget_unit(project: Project, arguments: dict[str, Any]) -> Effect:
    """Remove every row of a unit from the logs, and the files that held them.

    Arguments: `unit` (its keyed hash: the journal shall not name whom everything else forgets).
    """
    unit: str = arguments["unit"]

    def probe() -> Probe:
        return Probe.done(asdict(Held(0, 0))) if is_forgotten(project, unit) else Probe.absent()

    def act() -> dict[str, Any]:
        return asdict(remove_unit(project, unit))

    def before() -> dict[str, Any]:
        return asdict(count_unit(project, unit))

    return Effect("data.forget", arguments, probe, act, irreversible="what is forgotten is gone", before=before)
