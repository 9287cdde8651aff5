"""A model that was fitted and assessed, with what it came from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from axagents.ml.assessment import Assessment, assess, fit_final
from axagents.ml.fitted import FittedModel
from axagents.ml.intervals import Interval, paired_fold_interval, paired_interval
from axagents.ml.metrics import METRICS
from axagents.ml.problem import Problem
from axagents.ml.search import CandidateRun
from axagents.ml.selection import Selection
from axagents.ml.splits import SplitPlan
from axagents.workflows.train.setup import Setup

_FLOOR_SECONDS = 5.0


@dataclass(frozen=True, eq=False)
class Trained:
    """The chosen candidate as it will be used, and what it is worth."""

    setup: Setup
    problem: Problem
    plan: SplitPlan
    runs: Sequence[CandidateRun]
    selection: Selection
    model: FittedModel
    found: Assessment

    def run(self, name: str) -> CandidateRun:
        """Return what a candidate gave on the outer folds."""
        return next(run for run in self.runs if run.name == name)

    @property
    def chosen(self) -> CandidateRun:
        """What the chosen candidate gave on the outer folds."""
        return self.run(self.selection.chosen)


@dataclass(frozen=True)
class Floor:
    """A candidate of the floor, measured on the rows that the chosen one is measured on; `gain`: chosen minus floor,
    positive is better."""

    name: str
    metrics: dict[str, Interval]
    gain: Interval


def fit_and_assess(
    setup: Setup,
    problem: Problem,
    plan: SplitPlan,
    *,
    runs: Sequence[CandidateRun],
    selection: Selection,
    seconds: float,
) -> Trained:
    """Fit the chosen candidate on all rows that may teach, within about `seconds`, and compute its figures."""
    trials = setup.request.trials
    model = fit_final(problem, plan, runs, selection=selection, seconds=seconds, trials=trials, seed=setup.seed)
    found = assess(problem, plan, runs, selection=selection, model=model, seed=setup.seed)
    return Trained(setup, problem, plan, runs, selection, model, found)


def measure_floor(trained: Trained, name: str) -> Floor:
    """Measure a candidate of the floor: over the same outer folds, or on the same holdout."""
    if trained.plan.holdout is None:
        return Floor(name, trained.found.candidates[name], _gain_by_folds(trained, trained.run(name)))
    if name == trained.selection.chosen:
        return Floor(name, trained.found.metrics, Interval(0.0, 0.0, 0.0, method="the same model"))
    return _floor_on_holdout(trained, name)


def _gain_by_folds(trained: Trained, floor: CandidateRun) -> Interval:
    folds = min(trained.chosen.folds, floor.folds)
    sign = METRICS[trained.setup.primary].sign
    first, second = ((each.fold_scores[:folds] * sign).tolist() for each in (trained.chosen, floor))
    return paired_fold_interval(first, second, test_ratio=trained.plan.test_ratio)


def _floor_on_holdout(trained: Trained, name: str) -> Floor:
    floor = fit_and_assess(
        trained.setup,
        trained.problem,
        trained.plan,
        runs=trained.runs,
        selection=replace(trained.selection, chosen=name),
        seconds=_FLOOR_SECONDS,
    )
    problem, rows = trained.problem, trained.found.rows
    known = np.isfinite(trained.found.out_of_fold[0]).reshape(len(rows), -1).all(axis=1)
    pair = paired_interval(
        trained.setup.primary,
        problem.target.values[rows][known],
        first=trained.found.out_of_fold[0][known],
        second=floor.found.out_of_fold[0][known],
        thresholds=(trained.model.threshold, floor.model.threshold),
        entity=None if problem.entity is None else problem.entity[rows][known],
        seed=trained.setup.seed,
    )
    if not METRICS[trained.setup.primary].greater_is_better:
        pair = replace(pair, value=-pair.value, low=-pair.high, high=-pair.low)
    return Floor(name, floor.found.metrics, pair)
