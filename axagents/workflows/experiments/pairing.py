"""The difference of two experiments on one metric, by the best evidence that both have."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from axagents.ml.intervals import Interval, metric_interval, paired_fold_interval, paired_interval
from axagents.ml.metrics import METRICS, compute_metric
from axagents.stores.tracking.predictions import OutOfFold
from axagents.stores.tracking.tags import SPLIT
from axagents.workflows.experiments.evidence import Side
from axagents.workflows.experiments.request import Difference

Evidence = Literal["paired", "folds", "unpaired", "points"]
Key = Literal["row", "entity"]


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
        better=_better(metric, first, second, interval=interval)
        if known and not claimed and not _predict_other_things(first, second)
        else None,
        claimed=claimed,
    )


def _predict_other_things(first: Side, second: Side) -> bool:
    """Figures of two targets can stand side by side, but neither is the better."""
    one, other = first.predictions, second.predictions
    return one is not None and other is not None and one.facts.target != other.facts.target


def _better(metric: str, first: Side, second: Side, *, interval: Interval) -> str | None:
    if metric not in METRICS:
        return None
    return {"first": first.name, "second": second.name, None: None}[interval.favours(metric)]


def _by_rows(metric: str, first: Side, second: Side, *, level: float, seed: int) -> Found | None:
    one, other = first.predictions, second.predictions
    if one is None or other is None or not _fits(metric, one):
        return None
    key = _common_key(one, other)
    if key is None:
        return None
    wanted = np.intersect1d(_complete(one, key), _complete(other, key))
    if len(wanted) == 0:
        return None
    views = [views_of(each, metric, wanted, key=key) for each in (one, other)]
    if not np.array_equal(views[0].y, views[1].y):
        return None
    threshold = 0.5 if METRICS[metric].needs == "labels" else None
    interval = paired_interval(
        metric,
        views[0].y,
        first=views[0].scores,
        second=views[1].scores,
        thresholds=(threshold, threshold),
        entity=views[0].entity if key == "row" else None,
        level=level,
        seed=seed,
    )
    values = [_value(metric, each, threshold=threshold) for each in views]
    return Found(interval, (values[0], values[1]), "paired")


def _common_key(one: OutOfFold, other: OutOfFold) -> Key | None:
    """By what rows of two sets can be told to be the same: their number in the same data, else a unique entity."""
    facts, against = one.facts, other.facts
    if any(getattr(facts, name) != getattr(against, name) for name in ("target", "task", "classes")):
        return None
    if facts.fingerprint == against.fingerprint:
        return "row"
    if facts.entity is None or facts.entity != against.entity:
        return None
    return "entity" if _is_unique(one) and _is_unique(other) else None


def _is_unique(predictions: OutOfFold) -> bool:
    first = predictions.repeat == predictions.repeat[0]
    return predictions.entity is not None and len(np.unique(predictions.entity[first])) == int(first.sum())


def _fits(metric: str, predictions: OutOfFold) -> bool:
    return metric in METRICS and predictions.facts.task in METRICS[metric].tasks


def _keys(predictions: OutOfFold, key: Key) -> np.ndarray:
    return predictions.row if key == "row" or predictions.entity is None else predictions.entity


def _complete(predictions: OutOfFold, key: Key) -> np.ndarray:
    """The keys that every repeat has a score for."""
    found, counts = np.unique(_keys(predictions, key), return_counts=True)
    return found[counts == len(np.unique(predictions.repeat))]


def views_of(predictions: OutOfFold, metric: str, wanted: np.ndarray, *, key: Key = "row") -> Views:
    """Return a metric's scores on the `wanted` keys, in their order, one array a repeat.

    A metric of labels gets each row's decision as its score, since the threshold differs from fold to fold.
    """
    scores, keys = predictions.scores, _keys(predictions, key)
    if METRICS[metric].needs == "labels" and predictions.labels is not None:
        labels = predictions.labels.astype(np.int64)
        scores = labels.astype(np.float64) if scores.ndim == 1 else np.eye(scores.shape[1])[labels]
    inside = np.isin(keys, wanted)
    views: list[np.ndarray] = []
    order = np.array([], dtype=np.int64)
    for repeat in np.unique(predictions.repeat):
        places = np.flatnonzero(inside & (predictions.repeat == repeat))
        order = places[np.argsort(keys[places], kind="stable")]
        views.append(scores[order])
    entity = None if predictions.entity is None else predictions.entity[order]
    return Views(predictions.y[order], views, entity)


def _value(metric: str, views: Views, *, threshold: float | None) -> float:
    return float(np.mean([compute_metric(metric, views.y, each, threshold=threshold) for each in views.scores]))


def _by_folds(metric: str, first: Side, second: Side, *, level: float) -> Found | None:
    one, other = first.fold_scores(metric), second.fold_scores(metric)
    split = first.run.tags.get(SPLIT)
    if len(one) < 2 or len(one) != len(other) or split is None or split != second.run.tags.get(SPLIT):
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
        views = views_of(predictions, metric, _complete(predictions, "row"))
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
