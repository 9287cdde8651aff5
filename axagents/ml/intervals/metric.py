"""The interval of any metric on rows a model has not seen, and of the difference of two models on the same rows."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.stats import norm

from axagents.errors import UserError
from axagents.ml.intervals.bootstrap import bca_bounds, bootstrap_metric, bootstrap_precision
from axagents.ml.intervals.influence import influence_variance, ranking_value
from axagents.ml.intervals.interval import Interval
from axagents.ml.intervals.labels import draw_labels
from axagents.ml.intervals.proportions import clustered_proportion_interval, proportion_interval, wilson_interval
from axagents.ml.metrics import METRICS, class_count, compute_metric, decide_labels, find_metric
from axagents.ml.terms import Average, combine_labels, label_sums, row_terms

Scores = np.ndarray | Sequence[np.ndarray]
MOST_RESAMPLED_ROWS = 20_000


def metric_interval(
    name: str,
    y: np.ndarray,
    scores: Scores,
    *,
    threshold: float | None = None,
    entity: np.ndarray | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Return a metric with its interval.

    Accuracy, and precision, recall and F1 of two classes, by Wilson (exact at 0 and 1 and below 40 trials), AUC by
    DeLong on the logit, the rest by the BCa bootstrap, average precision above 20,000 rows by its influence function on
    the logit; clustered by `entity` when given. `scores` as in `compute_metric`; a list of arrays are repeats, whose
    metric is averaged.
    NaN bounds where the metric is not defined (a ranking of one class).
    """
    name = find_metric(name).name
    views = _views(scores)
    _check_rows(y, views)
    if METRICS[name].needs == "ranks":
        return _ranking_interval(name, y, views, entity=entity, level=level, seed=seed)
    value = float(np.mean([compute_metric(name, y, view, threshold=threshold) for view in views]))
    if METRICS[name].needs == "labels":
        predicted = [decide_labels(view, threshold) for view in views]
        if len(views) == 1 and (name == "accuracy" or views[0].ndim == 1):
            return _proportion(name, y, predicted[0], entity=entity, level=level)
        average: Average = "positive" if views[0].ndim == 1 else "macro"
        draws = draw_labels(y, predicted, entity, classes=class_count(views[0]), seed=seed)
        bounds = bca_bounds(value, *draws.metric(name, average), level=level, counts=draws.counts)
        found = Interval(value, *bounds, level, _bootstrap_name(entity))
        return _widen_degenerate(found, y, entity=entity).clipped(name)
    terms = [row_terms(name, y, view) for view in views]
    bounds = bca_bounds(value, *bootstrap_metric(name, terms, entity, seed=seed), level=level)
    return Interval(value, *bounds, level, _bootstrap_name(entity)).clipped(name)


def average_interval(
    name: str,
    y: np.ndarray,
    predicted: np.ndarray,
    *,
    classes: int,
    average: Average,
    entity: np.ndarray | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Return precision, recall or F1 averaged over classes with its BCa interval; `predicted` are class codes."""
    value = float(combine_labels(name, label_sums(y, predicted, classes=classes), average=average))
    draws = draw_labels(y, [predicted], entity, classes=classes, seed=seed)
    bounds = bca_bounds(value, *draws.metric(name, average), level=level, counts=draws.counts)
    found = Interval(value, *bounds, level, _bootstrap_name(entity))
    return _widen_degenerate(found, y, entity=entity).clipped(name)


def paired_interval(
    name: str,
    y: np.ndarray,
    *,
    first: Scores,
    second: Scores,
    thresholds: tuple[float | None, float | None] = (None, None),
    entity: np.ndarray | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Return metric(first) - metric(second) on the same rows with its interval; arrays of repeats are averaged.

    AUC: the paired DeLong test's interval; average precision above 20,000 rows: its influence function; the rest: BCa
    bootstrap of the difference, drawing the same rows, or entities, for both.
    """
    name = find_metric(name).name
    sides = (_views(first), _views(second))
    for side in sides:
        _check_rows(y, side)
    if METRICS[name].needs == "ranks":
        return _ranking_difference(name, y, sides, entity=entity, level=level, seed=seed)
    values = [
        float(np.mean([compute_metric(name, y, view, threshold=threshold) for view in side]))
        for side, threshold in zip(sides, thresholds, strict=True)
    ]
    difference = values[0] - values[1]
    counts = None
    if METRICS[name].needs == "labels":
        (drawn, left), counts = _label_differences(name, y, sides, thresholds=thresholds, entity=entity, seed=seed)
    else:
        # The same seed and units draw the same rows for both sides.
        one, other = (
            bootstrap_metric(name, [row_terms(name, y, view) for view in side], entity, seed=seed) for side in sides
        )
        drawn, left = one[0] - other[0], one[1] - other[1]
    low, high = bca_bounds(difference, drawn, left, level=level, counts=counts)
    return Interval(difference, low, high, level, "paired " + _bootstrap_name(entity))


def _label_differences(
    name: str,
    y: np.ndarray,
    sides: tuple[list[np.ndarray], list[np.ndarray]],
    *,
    thresholds: tuple[float | None, float | None],
    entity: np.ndarray | None,
    seed: int,
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Return replicates and leave-one-out values of a difference, and how often each of the latter occurs."""
    views = [decide_labels(view, cut) for side, cut in zip(sides, thresholds, strict=True) for view in side]
    draws = draw_labels(y, views, entity, classes=class_count(sides[0][0]), seed=seed)
    average: Average = "positive" if sides[0][0].ndim == 1 else "macro"
    one = draws.metric(name, average, range(len(sides[0])))
    other = draws.metric(name, average, range(len(sides[0]), len(views)))
    return (one[0] - other[0], one[1] - other[1]), draws.counts


def simultaneous_level(level: float, count: int) -> float:
    """Return the level each of `count` intervals needs so that all hold together at `level` (Bonferroni)."""
    return 1 - (1 - level) / max(count, 1)


def metric_levels(names: Sequence[str], *, level: float = 0.95, pairs: int = 1) -> dict[str, float]:
    """Return the level of each metric's differences between `pairs` of models.

    The first metric decides, so its differences hold together at `level`, and so do those of all others.
    """
    first, *others = names
    return {first: simultaneous_level(level, pairs)} | dict.fromkeys(
        others, simultaneous_level(level, pairs * len(others))
    )


def _views(scores: Scores) -> list[np.ndarray]:
    return [scores] if isinstance(scores, np.ndarray) else list(scores)


def _check_rows(y: np.ndarray, views: list[np.ndarray]) -> None:
    if len(y) == 0 or not views or any(len(view) != len(y) for view in views):
        raise UserError(f"an interval needs one score for each of the {len(y):,} rows")


def _proportion(
    name: str, y: np.ndarray, predicted: np.ndarray, *, entity: np.ndarray | None, level: float
) -> Interval:
    """Accuracy, or precision, recall or F1 of class 1, as a share of the rows that it is about.

    F1 = 2 J / (1 + J) with J the hits among the rows that are positive or called so (the indirect Wilson interval of
    Lam, Gopal and Qian 2023).
    """
    hits = predicted == y
    among = {
        "accuracy": slice(None),
        "precision": predicted == 1,
        "recall": y == 1,
        "f1": (predicted == 1) | (y == 1),
    }[name]
    hits = hits[among]
    if len(hits) == 0:
        return Interval(0.0, 0.0, 1.0, level, "nothing to divide by")
    if entity is None:
        found = proportion_interval(int(hits.sum()), len(hits), level=level)
    else:
        found = clustered_proportion_interval(hits, entity[among], level=level)
    if name != "f1":
        return found
    value, low, high = (2 * share / (1 + share) for share in (found.value, found.low, found.high))
    return replace(found, value=value, low=low, high=high)


def _ranking(name: str, y: np.ndarray, views: list[np.ndarray]) -> tuple[float, np.ndarray, bool]:
    parts = [ranking_value(name, y, view) for view in views]
    value = float(np.mean([part[0] for part in parts]))
    return value, np.mean([part[1] for part in parts], axis=0), all(part[2] for part in parts)


def _ranking_interval(
    name: str, y: np.ndarray, views: list[np.ndarray], *, entity: np.ndarray | None, level: float, seed: int
) -> Interval:
    value, influence, binary = _ranking(name, y, views)
    if not np.isfinite(value):
        return Interval(value, float("nan"), float("nan"), level, "not defined with one class")
    error = np.sqrt(influence_variance(influence, y=y if binary else None, units=_unit_codes(entity)))
    if value in (0.0, 1.0) or error == 0:
        return _perfect_ranking(value, y, entity=entity, level=level)
    if name == "auc_pr" and len(y) <= MOST_RESAMPLED_ROWS:
        replicates, pulled = bootstrap_precision(y, views, entity, seed=seed)
        low, high = bca_bounds(value, replicates, value - pulled, level=level)
        return Interval(value, low, high, level, _bootstrap_name(entity))
    told = ("DeLong" if name == "auc_roc" else "infinitesimal jackknife") + " on the logit" + _clustered(entity)
    z = float(norm.ppf(0.5 + level / 2))
    centre, half = np.log(value / (1 - value)), z * error / (value * (1 - value))
    return Interval(value, _expit(centre - half), _expit(centre + half), level, told)


def _perfect_ranking(value: float, y: np.ndarray, *, entity: np.ndarray | None, level: float) -> Interval:
    """No pair is in the wrong order, so no variance can be estimated: exact bounds as if the rarer class voted."""
    counts = np.unique(y, return_counts=True)[1]
    trials = int(counts.min()) if entity is None else min(int(counts.min()), len(np.unique(entity)))
    exact = proportion_interval(round(value * trials), trials, level=level)
    return Interval(value, min(exact.low, value), max(exact.high, value), level, "exact, on the rarer class")


def _ranking_difference(
    name: str,
    y: np.ndarray,
    sides: tuple[list[np.ndarray], list[np.ndarray]],
    *,
    entity: np.ndarray | None,
    level: float,
    seed: int,
) -> Interval:
    first, second = (_ranking(name, y, side) for side in sides)
    difference = first[0] - second[0]
    if name == "auc_pr" and len(y) <= MOST_RESAMPLED_ROWS:
        drawn, pulled = zip(*(bootstrap_precision(y, side, entity, seed=seed) for side in sides), strict=True)
        low, high = bca_bounds(difference, drawn[0] - drawn[1], difference - (pulled[0] - pulled[1]), level=level)
        return Interval(difference, low, high, level, "paired " + _bootstrap_name(entity))
    variance = influence_variance(first[1] - second[1], y=y if first[2] else None, units=_unit_codes(entity))
    half = float(norm.ppf(0.5 + level / 2)) * float(np.sqrt(variance))
    told = ("paired DeLong" if name == "auc_roc" else "paired infinitesimal jackknife") + _clustered(entity)
    return Interval(difference, difference - half, difference + half, level, told)


def _unit_codes(entity: np.ndarray | None) -> np.ndarray | None:
    return None if entity is None else np.unique(entity, return_inverse=True)[1]


def _widen_degenerate(found: Interval, y: np.ndarray, *, entity: np.ndarray | None) -> Interval:
    """Where every resample gave the same value at the edge of the range, fall back on a proportion's interval."""
    if found.width > 0:
        return found
    trials = len(y) if entity is None else len(np.unique(entity))
    wide = wilson_interval(found.value * trials, trials, level=found.level)
    return Interval(found.value, wide.low, wide.high, found.level, "Wilson score, as no resample differed")


def _bootstrap_name(entity: np.ndarray | None) -> str:
    return "BCa bootstrap" + _clustered(entity)


def _clustered(entity: np.ndarray | None) -> str:
    return "" if entity is None else ", clustered by entity"


def _expit(value: float) -> float:
    return float(1 / (1 + np.exp(-value)))
