"""The difference of two experiments on one metric, by the best evidence that both have."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from axagents.ml.intervals import Interval, metric_interval, paired_fold_interval, paired_interval
from axagents.ml.metrics import METRICS, compute_metric
from axagents.stores.tracking.predictions import OutOfFold
from axagents.workflows.experiments.evidence import SPLIT, Side
from axagents.workflows.experiments.request import Difference

Evidence = Literal["paired", "folds", "unpaired", "points"]


@dataclass(frozen=True, eq=False)
class Views:
    """One array of scores for each repeat of the folds, over the same rows, whose truth is `y`."""

    y: np.ndarray
    scores: Sequence[np.ndarray]
    entity: np.ndarray | None


@dataclass(frozen=True)
class Found:
    """A difference with its interval, the two values, and what it rests on."""

    interval: Interval
    values: tuple[float, float]
    evidence: Evidence


def measure_difference(metric: str, first: Side, second: Side, *, level: float, seed: int = 0) -> Difference:
    """Return metric(first) - metric(second): paired by rows, else by folds, else of two samples, else bare.

    Raises:
        KeyError: one of the two has no value of this metric.
    """
    found = (
        _by_rows(metric, first, second, level=level, seed=seed)
        or _by_folds(metric, first, second, level=level)
        or _by_samples(metric, first, second, level=level, seed=seed)
        or _by_points(metric, first, second, level=level)
    )
    interval = found.interval
    known = found.evidence != "points" and bool(np.isfinite([interval.low, interval.high]).all())
    claimed = metric in first.claimed | second.claimed and found.evidence in ("folds", "points")
    return Difference(
        metric=metric,
        first=first.name,
        second=second.name,
        first_value=found.values[0],
        second_value=found.values[1],
        difference=interval.value,
        low=interval.low if known else None,
        high=interval.high if known else None,
        level=level,
        method=interval.method,
        evidence=found.evidence,
        better=_better(metric, first, second, interval=interval) if known and not claimed else None,
        claimed=claimed,
    )


def _better(metric: str, first: Side, second: Side, *, interval: Interval) -> str | None:
    if metric not in METRICS or interval.low <= 0 <= interval.high:
        return None
    return first.name if (interval.low > 0) == METRICS[metric].greater_is_better else second.name


def _by_rows(metric: str, first: Side, second: Side, *, level: float, seed: int) -> Found | None:
    one, other = first.predictions, second.predictions
    if one is None or other is None or not _same_rows(one, other) or not _fits(metric, one):
        return None
    rows = np.intersect1d(_complete_rows(one), _complete_rows(other))
    if len(rows) == 0:
        return None
    views = [views_of(each, metric, rows) for each in (one, other)]
    if not np.array_equal(views[0].y, views[1].y):
        return None
    threshold = 0.5 if METRICS[metric].needs == "labels" else None
    interval = paired_interval(
        metric,
        views[0].y,
        first=views[0].scores,
        second=views[1].scores,
        thresholds=(threshold, threshold),
        entity=views[0].entity,
        level=level,
        seed=seed,
    )
    values = [_value(metric, each, threshold=threshold) for each in views]
    return Found(interval, (values[0], values[1]), "paired")


def _same_rows(one: OutOfFold, other: OutOfFold) -> bool:
    facts, against = one.facts, other.facts
    same = ("fingerprint", "target", "task", "classes")
    return all(getattr(facts, name) == getattr(against, name) for name in same)


def _fits(metric: str, predictions: OutOfFold) -> bool:
    return metric in METRICS and predictions.facts.task in METRICS[metric].tasks


def _complete_rows(predictions: OutOfFold) -> np.ndarray:
    rows, counts = np.unique(predictions.row, return_counts=True)
    return rows[counts == len(np.unique(predictions.repeat))]


def views_of(predictions: OutOfFold, metric: str, rows: np.ndarray) -> Views:
    """Return a metric's scores on `rows` (sorted), one array a repeat.

    A metric of labels gets each row's decision as its score, since the threshold differs from fold to fold.
    """
    scores = predictions.scores
    if METRICS[metric].needs == "labels" and predictions.labels is not None:
        labels = predictions.labels.astype(np.int64)
        scores = labels.astype(np.float64) if scores.ndim == 1 else np.eye(scores.shape[1])[labels]
    wanted = np.isin(predictions.row, rows)
    views: list[np.ndarray] = []
    order = np.array([], dtype=np.int64)
    for repeat in np.unique(predictions.repeat):
        places = np.flatnonzero(wanted & (predictions.repeat == repeat))
        order = places[np.argsort(predictions.row[places], kind="stable")]
        views.append(scores[order])
    entity = None if predictions.entity is None else predictions.entity[order]
    return Views(predictions.y[order], views, entity)


def _value(metric: str, views: Views, *, threshold: float | None) -> float:
    return float(np.mean([compute_metric(metric, views.y, each, threshold=threshold) for each in views.scores]))


def _by_folds(metric: str, first: Side, second: Side, *, level: float) -> Found | None:
    one, other = first.fold_scores(metric), second.fold_scores(metric)
    if len(one) < 2 or len(one) != len(other) or first.run.tags.get(SPLIT) != second.run.tags.get(SPLIT):
        return None
    interval = paired_fold_interval(one, other, level=level)
    return Found(interval, (float(np.mean(one)), float(np.mean(other))), "folds")


def _by_samples(metric: str, first: Side, second: Side, *, level: float, seed: int) -> Found | None:
    """Two samples, by the method of variance estimates recovery (Zou and Donner 2008): told, not decisive."""
    intervals: list[Interval] = []
    for side in (first, second):
        predictions = side.predictions
        if predictions is None or not _fits(metric, predictions):
            return None
        views = views_of(predictions, metric, _complete_rows(predictions))
        threshold = 0.5 if METRICS[metric].needs == "labels" else None
        intervals.append(
            metric_interval(
                metric, views.y, views.scores, threshold=threshold, entity=views.entity, level=level, seed=seed
            )
        )
    one, other = intervals
    difference = one.value - other.value
    low = difference - np.hypot(one.value - one.low, other.high - other.value)
    high = difference + np.hypot(one.high - one.value, other.value - other.low)
    told = f"two samples ({one.method}), variances recovered from the single intervals"
    return Found(Interval(difference, float(low), float(high), level, told), (one.value, other.value), "unpaired")


def _by_points(metric: str, first: Side, second: Side, *, level: float) -> Found:
    one, other = first.metrics[metric], second.metrics[metric]
    nothing = Interval(one - other, float("-inf"), float("inf"), level, "two bare numbers, no interval")
    return Found(nothing, (one, other), "points")
