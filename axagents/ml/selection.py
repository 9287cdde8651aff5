"""Of the candidates that are as good as the best, the simplest."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from axagents.errors import UserError
from axagents.ml.candidates import CANDIDATES
from axagents.ml.intervals import Interval, fold_interval
from axagents.ml.metrics import METRICS, Metric, find_metric
from axagents.ml.problem import Problem
from axagents.ml.runs import CandidateRun
from axagents.ml.splits import SplitPlan


@dataclass(frozen=True)
class Standing:
    """A candidate's primary score over the outer folds and its paired loss to the best (positive: worse)."""

    name: str
    order: int
    score: Interval
    loss: Interval
    within_margin: bool


@dataclass(frozen=True)
class Selection:
    """The chosen candidate, the best, the margin used, every standing (simplest first) and the reason in a sentence.

    `beats_floor` says whether the paired interval of the chosen against the dummy lies wholly on the better side;
    `asked`, whether somebody asked for the chosen one, so that nothing was left to choose.
    """

    primary: str
    chosen: str
    best: str
    margin: float
    standings: tuple[Standing, ...]
    because: str
    beats_floor: bool
    asked: bool = False


def select_candidate(
    problem: Problem,
    plan: SplitPlan,
    runs: Sequence[CandidateRun],
    *,
    primary: str,
    margin: float | None = None,
    asked: str | None = None,
) -> Selection:
    """Choose the simplest candidate whose paired loss to the best is within the margin, or the one asked for.

    Losses are means of fold differences, with the corrected resampled t interval, over the folds that all have run.
    Without `margin` it is the metric's own: .002 for AUC and accuracy, 1 % of the best for RMSE, MAE and MAPE.
    """
    metric = find_metric(primary, problem.task)
    if margin is not None and margin < 0:
        raise UserError("a margin is zero or more", field="margin")
    ordered = sorted(runs, key=lambda run: run.order)
    if not ordered:
        raise UserError("there is no candidate to choose from", field="model")
    folds = min(run.folds for run in ordered)
    scores = {run.name: run.fold_scores[:folds] for run in ordered}
    best = pick_best(scores, metric)
    limit = margin_of(metric, float(np.nanmean(scores[best])), margin)
    standings = tuple(_standing(run, scores, best=best, limit=limit, metric=metric, plan=plan) for run in ordered)
    simplest = next(standing for standing in standings if standing.within_margin)
    chosen = next((standing for standing in standings if standing.name == asked), simplest)
    if asked is None:
        because = _explain(chosen, best, limit=limit, metric=metric)
    else:
        because = _explain_asked(chosen, simplest, best=best, limit=limit, metric=metric)
    return Selection(
        primary=metric.name,
        chosen=chosen.name,
        best=best,
        margin=limit,
        standings=standings,
        because=because,
        beats_floor=_beats_floor(scores, chosen.name, metric=metric, plan=plan),
        asked=asked is not None,
    )


def pick_best(scores: dict[str, np.ndarray], metric: Metric) -> str:
    """Return the name with the best mean score; the first of equals."""
    means = {name: float(np.nanmean(values)) * metric.sign for name, values in scores.items()}
    return max(means, key=lambda name: means[name] if np.isfinite(means[name]) else -np.inf)


def margin_of(metric: Metric, best: float, asked: float | None) -> float:
    """Return the margin in the metric's unit; a relative one is a share of the best score."""
    if asked is not None:
        return asked
    return metric.margin * abs(best) if metric.relative_margin else metric.margin


def choose_in_fold(
    runs: Sequence[CandidateRun], fold: int, *, primary: str, margin: float | None = None
) -> CandidateRun:
    """Make the same choice from what is known inside one outer fold: the inner scores alone."""
    metric = METRICS[primary]
    scores = {run.name: run.inner_scores[fold : fold + 1] for run in runs}
    best = float(scores[pick_best(scores, metric)][0])
    limit = margin_of(metric, best, margin)
    near = [run for run in runs if (best - run.inner_scores[fold]) * metric.sign <= limit]
    return min(near or list(runs), key=lambda run: run.order)


def _standing(
    run: CandidateRun,
    scores: dict[str, np.ndarray],
    *,
    best: str,
    limit: float,
    metric: Metric,
    plan: SplitPlan,
) -> Standing:
    loss = _loss(scores[run.name], scores[best], metric=metric, plan=plan)
    score = fold_interval(scores[run.name].tolist(), test_ratio=plan.test_ratio).clipped(metric.name)
    return Standing(run.name, run.order, score, loss, within_margin=loss.value <= limit)


def _loss(own: np.ndarray, best: np.ndarray, *, metric: Metric, plan: SplitPlan) -> Interval:
    return fold_interval(((best - own) * metric.sign).tolist(), test_ratio=plan.test_ratio)


def _beats_floor(scores: dict[str, np.ndarray], chosen: str, *, metric: Metric, plan: SplitPlan) -> bool:
    if "dummy" not in scores or chosen == "dummy":
        return False
    return _loss(scores["dummy"], scores[chosen], metric=metric, plan=plan).low > 0


def _explain(chosen: Standing, best: str, *, limit: float, metric: Metric) -> str:
    title = CANDIDATES[chosen.name].title
    if chosen.name == best:
        return f"{chosen.name} ({title}) has the best {metric.title}, and nothing simpler is within {limit:.3g} of it"
    return (
        f"{chosen.name} ({title}) is the simplest within {limit:.3g} {metric.title} of the best, {best}: "
        f"it is {_tell_loss(chosen)}"
    )


def _explain_asked(chosen: Standing, simplest: Standing, *, best: str, limit: float, metric: Metric) -> str:
    told = f"{chosen.name} ({CANDIDATES[chosen.name].title}) was asked for"
    if chosen.name == simplest.name:
        return f"{told}; nothing simpler is within {limit:.3g} {metric.title} of it"
    if chosen.name == best:
        return f"{told}; the simpler {simplest.name} is as good within {limit:.3g} {metric.title}"
    return f"{told}, but {best} is better: {chosen.name} is {_tell_loss(chosen)} in {metric.title}"


def _tell_loss(standing: Standing) -> str:
    return f"{standing.loss.value:.4f} behind [{standing.loss.low:.4f}, {standing.loss.high:.4f}]"
