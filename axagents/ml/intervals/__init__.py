"""Intervals: of a proportion, a ranking, any metric, a mean over folds, and of paired differences."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Interval:
    """A value with its interval, at a confidence level, by a named method."""

    value: float
    low: float
    high: float
    level: float = 0.95
    method: str = ""


def metric_interval(
    name: str,
    y: np.ndarray,
    scores: np.ndarray | Sequence[np.ndarray],
    *,
    threshold: float | None = None,
    entity: np.ndarray | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Return a metric with its interval (Wilson, DeLong on the logit, else BCa bootstrap; clustered by `entity`)."""
    raise NotImplementedError


def paired_interval(
    name: str,
    y: np.ndarray,
    *,
    first: np.ndarray | Sequence[np.ndarray],
    second: np.ndarray | Sequence[np.ndarray],
    thresholds: tuple[float | None, float | None] = (None, None),
    entity: np.ndarray | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Return metric(first) - metric(second) on the same rows with its interval; arrays of repeats are averaged."""
    raise NotImplementedError


def fold_interval(scores: Sequence[float], *, test_ratio: float = 0.25, level: float = 0.95) -> Interval:
    """Return the mean of fold scores with Nadeau and Bengio's corrected t interval; `test_ratio` is n_test/n_train."""
    raise NotImplementedError


def paired_fold_interval(
    first: Sequence[float], second: Sequence[float], *, test_ratio: float = 0.25, level: float = 0.95
) -> Interval:
    """Return the mean of first - second over the same folds, by the corrected resampled t."""
    raise NotImplementedError


def simultaneous_level(level: float, count: int) -> float:
    """Return the level each of `count` intervals needs so that all hold together at `level` (Bonferroni)."""
    return 1 - (1 - level) / max(count, 1)
