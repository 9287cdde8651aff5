"""Intervals of a proportion."""

import math

from scipy.stats import beta, norm

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


def _check(successes: float, trials: float) -> None:
    if trials <= 0 or not 0 <= successes <= trials:
        raise UserError(f"a proportion needs 0 <= successes <= trials and trials > 0, not {successes} of {trials}")
