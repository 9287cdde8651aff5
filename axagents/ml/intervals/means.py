"""The interval of a mean over rows, of which those of one entity depend on each other."""

import numpy as np
from scipy.stats import t

from axagents.errors import UserError
from axagents.ml.intervals.interval import Interval


def mean_interval(values: np.ndarray, units: np.ndarray | None = None, *, level: float = 0.95) -> Interval:
    """Return the mean of values (n,) with Student's t interval, between `units` (n,) when given.

    The variance with units is the sum of squares of their summed deviations, times m / (m - 1) (Liang and Zeger 1986).
    """
    if len(values) == 0:
        raise UserError("there are no rows to take a mean of")
    mean = float(np.mean(values))
    error, count = mean_error(values, units)
    if count < 2:
        told = "one row only, no interval" if units is None else "one entity only, no interval"
        return Interval(mean, float("-inf"), float("inf"), level, told)
    half = float(t.ppf(0.5 + level / 2, count - 1)) * error
    return Interval(mean, mean - half, mean + half, level, "t" + ("" if units is None else ", clustered by entity"))


def mean_error(values: np.ndarray, units: np.ndarray | None = None) -> tuple[float, int]:
    """Return the standard error of a mean and the number of independent units; NaN for fewer than two."""
    gaps = values - np.mean(values)
    if units is not None:
        gaps = np.bincount(np.unique(units, return_inverse=True)[1], weights=gaps)
    count = len(gaps)
    if count < 2:
        return float("nan"), count
    return float(np.sqrt(np.sum(gaps**2) * count / (count - 1)) / len(values)), count
