"""What a feature set is worth: what leaks, what it adds to the baseline, and its quality from 1 to 10."""

import math
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from axagents.fields import parse_moment, parse_window
from axagents.ml.features.selecting import Selected, judge_selection, select_features
from axagents.ml.features.spec import FeatureSpec
from axagents.ml.intervals import Interval
from axagents.ml.leakage import Finding, LeakageContext, LeakageReport, check_leakage
from axagents.ml.problem import Problem
from axagents.project import Project
from axagents.stores.datasets.catalog import find_dataset
from axagents.stores.datasets.record import Dataset
from axagents.stores.features.plan import Plan
from axagents.workflows.features.request import FeatureLeakage, Quality
from axagents.workflows.train.request import Figure, LeakageFinding

FORMULA = (
    "4 x (1 when the leakage check is SAFE, 1/2 at WARNING, 0 at DANGEROUS) + 3 x (1 when a gain is shown, 1/3 when it "
    "is unclear) + 2 x (share of values that are there) + 1 x (mean share of the folds that kept each feature), rounded"
    ", at least 1; at most 3 at DANGEROUS"
)


class Judgement(BaseModel):
    """A selection and what it is worth, as plain values."""

    model_config = ConfigDict(frozen=True)

    kept: tuple[str, ...]
    losses: dict[str, float]
    dropped: dict[str, str]
    measure: str
    score: Figure
    baseline: Figure
    gain: Figure
    stability: dict[str, float]


def judge(
    problem: Problem, candidates: Sequence[str], *, baseline: Sequence[str], most: int, seed: int, fixed: bool
) -> Judgement:
    """Choose among the candidates (or keep them all, when they are `fixed`) and judge the choice on other rows."""
    usable = [name for name in candidates if name in problem.names]
    constant = {name: "has no two values" for name in candidates if name not in usable}
    ground = [name for name in baseline if name in problem.names] or usable[:1]
    if fixed:
        final = Selected(tuple(usable), {}, {})
    else:
        final = select_features(problem, usable, most=most, seed=seed)
    judged = judge_selection(problem, usable, baseline=ground, final=final, most=most, seed=seed, fixed=fixed)
    return Judgement(
        kept=final.kept,
        losses=final.losses,
        dropped=constant | final.dropped,
        measure=judged.measure,
        score=_figure(judged.selected),
        baseline=_figure(judged.baseline),
        gain=_figure(judged.gain),
        stability=judged.stability,
    )


def check(project: Project, problem: Problem, plan: Plan, *, moving: Finding | None, seed: int) -> FeatureLeakage:
    """Look for what leaks among the features of a problem."""
    report: LeakageReport = check_leakage(problem, context=_context(project, problem, plan), primary=None, seed=seed)
    found = [*([moving] if moving else []), *report.findings]
    removed = tuple(dict.fromkeys(name for each in found for name in each.removed))
    return FeatureLeakage(
        verdict="DANGEROUS" if moving else report.verdict,
        findings=tuple(LeakageFinding.model_validate(each.model_dump()) for each in found),
        removed=removed,
    )


def knows_no_end(project: Project, plan: Plan) -> bool:
    """Tell whether rows have times and no cutoff: when one column knows the future, any other may."""
    return (
        plan.mode == "rows"
        and plan.cutoff is None
        and _has_times(find_dataset(project, plan.dataset, allow_paths=True))
    )


def _has_times(dataset: Dataset) -> bool:
    return dataset.time is not None or any(column.dtype == "date" for column in dataset.columns)


def _context(project: Project, problem: Problem, plan: Plan) -> LeakageContext:
    cutoff = parse_moment(plan.cutoff) if plan.cutoff else None
    if plan.mode == "rows":
        dataset = find_dataset(project, plan.dataset, allow_paths=True)
        return LeakageContext(
            unknown_at_prediction=dataset.unknown_at_prediction,
            has_events=_has_times(dataset),
            cutoff_enforced=cutoff is not None,
        )
    if plan.mode == "labelled events":
        # When the label came to be is known by a horizon only.
        end = cutoff + parse_window(plan.horizon) if cutoff and plan.horizon else None
        return LeakageContext(
            has_events=True,
            cutoff_enforced=True,
            cutoff=cutoff if plan.horizon else None,
            label_window=(cutoff if plan.horizon else None, end),
            feature_windows=dict.fromkeys(problem.names, (None, cutoff)),
        )
    return LeakageContext(has_events=True, cutoff_enforced=True)


def measure_quality(judged: Judgement, leakage: FeatureLeakage, *, gain: str, present: float) -> Quality:
    """Return the quality by the formula."""
    stability = list(judged.stability.values())
    parts = {
        "leakage": 4 * {"SAFE": 1.0, "WARNING": 0.5, "DANGEROUS": 0.0}[leakage.verdict],
        "gain": 3 * {"shown": 1.0, "unclear": 1 / 3}.get(gain, 0.0),
        "completeness": 2 * present,
        "stability": sum(stability) / len(stability) if stability else 0.0,
    }
    score = max(1, round(sum(parts.values())))
    if leakage.verdict == "DANGEROUS":
        score = min(score, 3)
    return Quality(score=score, parts={name: round(value, 2) for name, value in parts.items()}, formula=FORMULA)


def without_leaks(spec: FeatureSpec, names: Sequence[str], removed: Sequence[str]) -> list[str]:
    """Return the names that neither leak nor are made of a feature that does."""
    gone = set(removed)
    parts = {each.name: set(each.of or ()) for each in spec.features}
    return [name for name in names if name not in gone and not parts[name] & gone]


def _figure(found: Interval) -> Figure:
    low = None if math.isnan(found.low) else found.low
    high = None if math.isnan(found.high) else found.high
    return Figure(mean=found.value, low=low, high=high, method=found.method)
