"""Intervals of a proportion."""

import math
from dataclasses import replace

import numpy as np
from scipy.stats import beta, norm, t

from axagents.errors import UserError
from axagents.ml.intervals.interval import Interval


def wilson_interval(successes: float, trials: float, *, level: float = 0.95) -> Interval:
    """Return Wilson's score interval of successes / trials (Wilson 1927; Brown, Cai and DasGupta 2001, eq. 4)."""
    _check(successes, trials)
    z = float(norm.ppf(0.5 + level / 2))
    share = successes / trials
    below = 1 + z * z / trials
    centre = (share + z * z / (2 * trials)) / below
    half = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / below
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == trials else centre + half
    return Interval(share, max(low, 0.0), min(high, 1.0), level, "Wilson score")


def clopper_pearson_interval(successes: float, trials: float, *, level: float = 0.95) -> Interval:
    """Return the exact interval of Clopper and Pearson (1934): quantiles of beta distributions."""
    _check(successes, trials)
    alpha = 1 - level
    low = 0.0 if successes == 0 else float(beta.ppf(alpha / 2, successes, trials - successes + 1))
    high = 1.0 if successes == trials else float(beta.ppf(1 - alpha / 2, successes + 1, trials - successes))
    return Interval(successes / trials, low, high, level, "Clopper-Pearson exact")


def proportion_interval(successes: float, trials: float, *, level: float = 0.95) -> Interval:
    """Return the exact interval where all or none succeeded or trials are fewer than 40, else Wilson's."""
    if trials < 40 or successes in (0, trials):
        return clopper_pearson_interval(successes, trials, level=level)
    return wilson_interval(successes, trials, level=level)


def clustered_proportion_interval(hits: np.ndarray, units: np.ndarray, *, level: float = 0.95) -> Interval:
    """Return Wilson's interval of a share of rows of which those of one unit depend on each other.

    The rows are taken for as many as would give the variance between units (Korn and Graubard 1998): at most all, and
    fewer where there are few units, by Student's t.

    Args:
        hits: whether each row succeeded, shape (n,).
        units: which unit each row belongs to, shape (n,); of any type.
    """
    codes = np.unique(units, return_inverse=True)[1]
    count = int(codes.max(initial=-1)) + 1
    if count < 2:
        share = float(np.mean(hits)) if len(hits) else 0.0
        return Interval(share, 0.0, 1.0, level, "one entity only, no interval")
    share = float(np.mean(hits))
    gaps = np.bincount(codes, weights=hits - share)
    variance = float(np.sum(gaps**2)) * count / (count - 1) / len(hits) ** 2
    trials = min(share * (1 - share) / variance, len(hits)) if variance > 0 else float(count)
    trials *= float((norm.ppf(0.5 + level / 2) / t.ppf(0.5 + level / 2, count - 1)) ** 2)
    found = proportion_interval(share * trials, trials, level=level)
    return replace(found, value=share, method=f"{found.method}, clustered by entity")


def _check(successes: float, trials: float) -> None:
    if trials <= 0 or not 0 <= successes <= trials:
        raise UserError(f"a proportion needs 0 <= successes <= trials and trials > 0, not {successes} of {trials}")
