"""The interval of a quantile, whatever the distribution."""

import numpy as np
from scipy.stats import binom

from axagents.ml.intervals.interval import Interval
from axagents.ml.intervals.proportions import clustered_proportion_interval


def quantile_interval(
    values: np.ndarray, share: float, *, units: np.ndarray | None = None, level: float = 0.95
) -> Interval:
    """Return the quantile of values (n,) below which a share of them lies, with an interval.

    The ends are order statistics, whose ranks are binomial (Conover 1999, section 3.2); with `units`, the quantiles at
    the ends of the share's clustered interval (Woodruff 1952). An end beyond the values is infinite.
    """
    ordered = np.sort(values)
    value = float(np.quantile(ordered, share))
    if units is not None:
        found = clustered_proportion_interval(values <= value, units, level=level)
        low, high = np.quantile(ordered, [found.low, found.high])
        return Interval(value, float(low), float(high), level, "Woodruff, clustered by entity")
    alpha = 1 - level
    below = int(binom.ppf(alpha / 2, len(ordered), share))
    above = int(binom.ppf(1 - alpha / 2, len(ordered), share)) + 1
    low = float(ordered[below - 1]) if below >= 1 else float("-inf")
    high = float(ordered[above - 1]) if above <= len(ordered) else float("inf")
    return Interval(value, low, high, level, "order statistics")
