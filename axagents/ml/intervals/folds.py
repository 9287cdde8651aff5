"""Intervals of means over cross-validation folds, whose training parts overlap."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import t

from axagents.errors import UserError
from axagents.ml.intervals.interval import Interval


def fold_interval(scores: Sequence[float], *, test_ratio: float = 0.25, level: float = 0.95) -> Interval:
    """Return the mean of fold scores with the corrected resampled t interval (Nadeau and Bengio 2003).

    The variance of the mean is s^2 (1/J + n_test/n_train) with J - 1 degrees of freedom, J the number of folds over all
    repeats; `test_ratio` is n_test / n_train (.25 for five folds).
    """
    values = np.asarray(scores, dtype=np.float64)
    values = values[np.isfinite(values)]
    if len(values) == 0:
        raise UserError("no fold gave a score, so there is no mean over folds")
    mean = float(values.mean())
    if len(values) == 1:
        return Interval(mean, float("-inf"), float("inf"), level, "one fold only, no interval")
    spread = float(np.sqrt(values.var(ddof=1) * (1 / len(values) + test_ratio)))
    half = float(t.ppf(0.5 + level / 2, len(values) - 1)) * spread
    return Interval(mean, mean - half, mean + half, level, f"corrected resampled t over {len(values)} folds")


def paired_fold_interval(
    first: Sequence[float], second: Sequence[float], *, test_ratio: float = 0.25, level: float = 0.95
) -> Interval:
    """Return the mean of first - second over the same folds, by the corrected resampled t."""
    if len(first) != len(second):
        raise UserError(f"paired folds need equal numbers of scores, not {len(first)} and {len(second)}")
    return fold_interval(np.asarray(first) - np.asarray(second), test_ratio=test_ratio, level=level)  # type: ignore[arg-type]
