"""What a model is worth on rows that neither search nor choice has seen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from axagents.ml.columns import Task
from axagents.ml.final import fit_final
from axagents.ml.fitted import FittedModel
from axagents.ml.intervals import Interval, fold_interval, metric_interval
from axagents.ml.metrics import METRICS, compute_metric, decide_labels, find_metric, metrics_for
from axagents.ml.problem import Problem
from axagents.ml.runs import CandidateRun
from axagents.ml.search import MOST_FIT_ROWS
from axagents.ml.selection import Selection, choose_in_fold
from axagents.ml.splits import Fold, SplitPlan
from axagents.ml.tuning import MOST_SEARCH_ROWS

__all__ = ["Assessment", "assess", "fit_final"]


@dataclass(frozen=True, eq=False)
class Assessment:
    """The reported figures.

    `metrics` are those of the whole procedure (search, choice, calibration and threshold repeated inside each outer
    fold) or of the chosen candidate, whichever is worse, or of the final model on the holdout; `candidates` those of
    each candidate over the outer folds (they were used for choosing). `out_of_fold` holds the scores the figures come
    from, (repeats, m) or (repeats, m, k), and `labels` the class codes they were turned into (-1 where there is no
    score), for the m row numbers in `rows`; `folds` says which fold of its repeat tested a row (-1 none). They serve
    paired comparison with other experiments.
    """

    method: str
    metrics: dict[str, Interval]
    candidates: dict[str, dict[str, Interval]]
    chosen_in_folds: dict[str, int]
    out_of_fold: np.ndarray
    labels: np.ndarray
    rows: np.ndarray
    folds: np.ndarray
    notes: tuple[str, ...] = ()


def assess(
    problem: Problem,
    plan: SplitPlan,
    runs: Sequence[CandidateRun],
    *,
    selection: Selection,
    model: FittedModel,
    metrics: Sequence[str] = (),
    seed: int = 0,
) -> Assessment:
    """Compute every figure with its interval; without `metrics`, all that fit the task.

    Nested: search, calibration and threshold were repeated inside each outer fold, and so is the choice among the
    candidates where that gives the worse figure. Figures are means over the outer folds with the corrected resampled
    t interval, or as wide as that of the pooled scores where it is wider. Holdout: the final model on rows that
    nothing has seen.
    """
    names = tuple(find_metric(name, problem.task).name for name in metrics) or metrics_for(problem.task)
    folds = plan.folds[: min(run.folds for run in runs)]
    candidates = {run.name: _candidate_metrics(problem, plan, run, folds=folds, names=names) for run in runs}
    if plan.assessment == "holdout":
        return _assess_holdout(problem, plan, model, names=names, candidates=candidates, seed=seed)
    return _assess_nested(problem, plan, runs, selection=selection, names=names, candidates=candidates, seed=seed)


def _candidate_metrics(
    problem: Problem, plan: SplitPlan, run: CandidateRun, *, folds: Sequence[Fold], names: Sequence[str]
) -> dict[str, Interval]:
    per_fold: dict[str, list[float]] = {name: [] for name in names}
    for place, fold in enumerate(folds):
        rows = _scored(run.calibrated[fold.repeat], fold.test)
        threshold = _threshold(run, place)
        for name in names:
            scores = run.calibrated[fold.repeat][rows]
            per_fold[name].append(compute_metric(name, problem.target.values[rows], scores, threshold=threshold))
    return {
        name: fold_interval(values, test_ratio=plan.test_ratio).clipped(name)
        for name, values in per_fold.items()
        if np.isfinite(values).any()
    }


def _assess_nested(
    problem: Problem,
    plan: SplitPlan,
    runs: Sequence[CandidateRun],
    *,
    selection: Selection,
    names: Sequence[str],
    candidates: dict[str, dict[str, Interval]],
    seed: int,
) -> Assessment:
    done = plan.folds[: min(run.folds for run in runs)]
    repeats = 1 + max(fold.repeat for fold in done)
    scores = np.full((repeats, *runs[0].raw.shape[1:]), np.nan)
    labels = np.full((repeats, problem.rows), -1, dtype=np.int64)
    tested = np.full((repeats, problem.rows), -1, dtype=np.int64)
    choosable = [run for run in runs if run.name == selection.chosen] if selection.asked else runs
    inside = [
        choose_in_fold(choosable, place, primary=selection.primary, margin=selection.margin)
        for place in range(len(done))
    ]
    used, told = _lower_of(inside, runs, selection=selection, task=problem.task)
    for place, (fold, run) in enumerate(zip(done, used, strict=True)):
        rows = _scored(run.calibrated[fold.repeat], fold.test)
        scores[fold.repeat, rows] = run.calibrated[fold.repeat][rows]
        tested[fold.repeat, rows] = fold.number
        if problem.task != "regression":
            labels[fold.repeat, rows] = decide_labels(scores[fold.repeat, rows], _threshold(run, place))
    kept = np.flatnonzero((tested >= 0).all(axis=0))
    procedure = _Procedure(problem, plan, scores, labels, tested)
    found = {name: procedure.interval(name, done, kept=kept, seed=seed) for name in names}
    return Assessment(
        method=f"nested cross-validation, {repeats} x {len(done) // repeats} folds: {told}",
        metrics={name: interval for name, interval in found.items() if np.isfinite(interval.value)},
        candidates=candidates,
        chosen_in_folds={run.name: sum(each is run for each in inside) for run in runs if run in inside},
        out_of_fold=scores[:, kept],
        labels=labels[:, kept],
        rows=kept,
        folds=tested[:, kept],
        notes=_tell_shortcuts(plan, repeats=repeats),
    )


def _lower_of(
    inside: Sequence[CandidateRun], runs: Sequence[CandidateRun], *, selection: Selection, task: Task
) -> tuple[list[CandidateRun], str]:
    """Return, fold by fold, whose scores are reported, and how that is told.

    Two answers are honest: what the chosen candidate gave (but the outer folds had a say in choosing it), and what the
    whole procedure gave, the choice too made inside each fold (but some folds chose another kind than is delivered).
    The worse of the two in the primary metric is reported; with a candidate that was asked for they are the same.
    """
    chosen = next(run for run in runs if run.name == selection.chosen)
    own = [float(chosen.fold_scores[place]) for place in range(len(inside))]
    whole = [float(run.fold_scores[place]) for place, run in enumerate(inside)]
    sign = METRICS[selection.primary].sign
    if selection.asked or np.nanmean(own) * sign < np.nanmean(whole) * sign:
        return [chosen] * len(inside), f"{chosen.name}, {_tell_repeated(task, 'search')}"
    return list(inside), _tell_repeated(task, "search", "choice")


_REPEATED: dict[Task, tuple[str, ...]] = {
    "binary": ("calibration", "threshold"),
    "multiclass": ("calibration",),
    "regression": (),
}


def _tell_repeated(task: Task, *steps: str) -> str:
    *first, last = (*steps, *_REPEATED[task])
    return f"{', '.join(first)}{' and ' if first else ''}{last} repeated inside each training part"


@dataclass(frozen=True, eq=False)
class _Procedure:
    """Out-of-fold scores and labels of the whole procedure."""

    problem: Problem
    plan: SplitPlan
    scores: np.ndarray
    labels: np.ndarray
    tested: np.ndarray

    def interval(self, name: str, folds: Sequence[Fold], *, kept: np.ndarray, seed: int) -> Interval:
        """Return the mean over folds with the wider of the two intervals."""
        views = self._views(name)
        y = self.problem.target.values
        values: list[float] = []
        for fold in folds:
            rows = fold.test[self.tested[fold.repeat, fold.test] >= 0]
            values.append(compute_metric(name, y[rows], views[fold.repeat][rows]))
        if not np.isfinite(values).any():
            return Interval(float("nan"), float("nan"), float("nan"))
        by_fold = fold_interval(values, test_ratio=self.plan.test_ratio)
        entity = None if self.problem.entity is None else self.problem.entity[kept]
        pooled = metric_interval(name, y[kept], [view[kept] for view in views], entity=entity, seed=seed)
        if not pooled.width > by_fold.width:
            return by_fold.clipped(name)
        shift = by_fold.value - pooled.value
        return replace(
            pooled,
            value=by_fold.value,
            low=min(pooled.low + shift, by_fold.value),
            high=max(pooled.high + shift, by_fold.value),
            method=f"mean over folds, width of the pooled {pooled.method}",
        ).clipped(name)

    def _views(self, name: str) -> list[np.ndarray]:
        """Scores of each repeat; for metrics of labels the labels, since each fold has a threshold of its own."""
        if METRICS[name].needs != "labels":
            return list(self.scores)
        if self.problem.task == "binary":
            return [view.astype(np.float64) for view in self.labels]
        classes = len(self.problem.target.classes)
        return [np.eye(classes)[np.maximum(view, 0)] for view in self.labels]


def _assess_holdout(
    problem: Problem,
    plan: SplitPlan,
    model: FittedModel,
    *,
    names: Sequence[str],
    candidates: dict[str, dict[str, Interval]],
    seed: int,
) -> Assessment:
    assert plan.holdout is not None
    rows = plan.holdout
    scores = model.scores(problem.features.iloc[rows])
    y = problem.target.values[rows]
    entity = None if problem.entity is None else problem.entity[rows]
    found = {
        name: metric_interval(name, y, scores, threshold=model.threshold, entity=entity, seed=seed) for name in names
    }
    labels = np.full(len(rows), -1) if problem.task == "regression" else decide_labels(scores, model.threshold)
    return Assessment(
        method=f"{len(rows):,} rows held out, seen by no search and no choice",
        metrics={name: interval for name, interval in found.items() if np.isfinite(interval.value)},
        candidates=candidates,
        chosen_in_folds={},
        out_of_fold=scores[None],
        labels=labels[None],
        rows=rows,
        folds=np.zeros((1, len(rows)), dtype=np.int64),
        notes=_tell_shortcuts(plan, repeats=plan.repeats, fitted=int(model.facts.get("fitted_rows", 0))),
    )


def _scored(scores: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return those rows that have a score (of many, a fold tests a sample)."""
    return rows[np.isfinite(scores[rows].reshape(len(rows), -1)).all(axis=1)]


def _threshold(run: CandidateRun, place: int) -> float | None:
    threshold = float(run.thresholds[place])
    return threshold if np.isfinite(threshold) else None


def _tell_shortcuts(plan: SplitPlan, *, repeats: int, fitted: int = 0) -> tuple[str, ...]:
    told = list(plan.notes)
    if repeats < plan.repeats:
        told.append(f"{repeats} of {plan.repeats} repeats were run, as the budget was spent")
    most = max(len(fold.train) for fold in plan.folds)
    if most > MOST_SEARCH_ROWS:
        told.append(f"searched on a sample of {MOST_SEARCH_ROWS:,} of {len(plan.development):,} rows")
    if most > MOST_FIT_ROWS:
        told.append(f"candidates were compared on models of {MOST_FIT_ROWS:,} rows")
    if 0 < fitted < len(plan.development):
        told.append(f"the final model was fitted on a sample of {fitted:,} of {len(plan.development):,} rows")
    return tuple(told)
