"""A new version against the one in production, on the out-of-fold predictions that both left behind."""

from collections.abc import Sequence
from typing import Literal

from axagents.errors import NotFound
from axagents.ml.intervals import metric_levels
from axagents.ml.metrics import METRICS, primary_metric
from axagents.project import Project
from axagents.stores.registry.state import ModelState, RegisteredVersion
from axagents.stores.tracking.runs import RunRecord, find_run
from axagents.workflows.experiments.evidence import Side
from axagents.workflows.experiments.pairing import measure_difference
from axagents.workflows.experiments.request import Difference
from axagents.workflows.registry.request import VersionComparison

LEVEL = 0.95


def rival(state: ModelState, version: str) -> RegisteredVersion | None:
    """Return what a version is measured against: the one in production, else the highest of the others."""
    if state.production:
        return state.production if state.production.version != version else _next_best(state, version)
    return _next_best(state, version)


def compare_with_rival(project: Project, state: ModelState, version: str) -> VersionComparison:
    """Compare a version with its rival, metric by metric, with intervals; or say why that cannot be done."""
    new, old = state.find(version), rival(state, version)
    assert new is not None
    if old is None:
        return VersionComparison(against=None, because=f"{new.name} is the first version; there is nothing to compare")
    return compare_versions(project, new, old)


def compare_versions(project: Project, new: RegisteredVersion, old: RegisteredVersion) -> VersionComparison:
    """Compare one version with another, metric by metric, with intervals; or say why that cannot be done."""
    sides = [_side(project, each) for each in (new, old)]
    for side, each in zip(sides, (new, old), strict=True):
        if side is None or side.predictions is None:
            return _cannot(old, f"{each.name} left no predictions to compare row by row")
    return _measure(new, old, sides=[each for each in sides if each])


def _next_best(state: ModelState, version: str) -> RegisteredVersion | None:
    return next((each for each in state.versions if each.version != version), None)


def _side(project: Project, version: RegisteredVersion) -> Side | None:
    run = _run_of(project, version)
    return Side(project, version.version, version.model, run) if run else None


def _run_of(project: Project, version: RegisteredVersion) -> RunRecord | None:
    run_id = version.metadata.get("lineage", {}).get("run_id")
    try:
        return find_run(project, run_id) if run_id else None
    except NotFound:
        return None


def _measure(new: RegisteredVersion, old: RegisteredVersion, *, sides: Sequence[Side]) -> VersionComparison:
    one, other = sides
    assert one.predictions is not None
    assert other.predictions is not None
    task = one.predictions.facts.task
    told = new.metadata.get("training", {}).get("primary_metric")
    names = [name for name in METRICS if task in METRICS[name].tasks]
    primary: str = told if told in names else primary_metric(METRICS[names[0]].tasks[0])
    ordered = [primary, *(name for name in names if name != primary)]
    differences: list[Difference] = []
    for name, level in metric_levels(ordered, level=LEVEL).items():
        found = _difference(name, one, other, level=level)
        if found is None:
            return _cannot(old, f"{old.name} and {new.name} were not assessed on the same rows")
        differences.append(found)
    outcome = _outcome(differences[0], new.version)
    return VersionComparison(
        against=old.version,
        stage=old.stage,
        primary=primary,
        outcome=outcome,
        differences=differences,
        because=_sentence(differences[0], outcome),
    )


def _difference(metric: str, one: Side, other: Side, *, level: float) -> Difference | None:
    try:
        found = measure_difference(metric, one, other, level=level)
    except KeyError:
        return None
    return found if found.evidence == "paired" else None


def _outcome(difference: Difference, version: str) -> Literal["better", "unclear", "worse"]:
    if difference.better is None:
        return "unclear"
    return "better" if difference.better == version else "worse"


def _sentence(difference: Difference, outcome: str) -> str:
    interval = f"{difference.difference:+.4f} [{difference.low:+.4f}, {difference.high:+.4f}]"
    values = f"{difference.first_value:.4f} against {difference.second_value:.4f}"
    said = {"better": "better than", "worse": "worse than", "unclear": "not shown to differ from"}[outcome]
    return f"{difference.metric} {values}, difference {interval}: {said} {difference.second}"


def _cannot(old: RegisteredVersion, because: str) -> VersionComparison:
    return VersionComparison(against=old.version, stage=old.stage, because=f"cannot be compared: {because}")
