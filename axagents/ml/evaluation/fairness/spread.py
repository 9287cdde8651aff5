"""The interval of the largest difference between groups, which is biased upward by having been looked for.

The difference of the largest and the smallest of k estimates is larger than that of the truths, and resampling adds
the bias once more: where all groups are equal a percentile bootstrap never covers zero. So the two ends are made apart.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from axagents.ml.intervals import Interval

DRAWS = 1000
_STEPS = 10
_AT_ONCE = 500
_FAR = 3.5  # a pair this many standard errors behind the first is never the largest of the draws
METHOD = "largest pair; lower end corrected for the search"

Bounds = Callable[[float], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Family:
    """One figure of each group, with what its uncertainty is.

    Attributes:
        values: the estimates, shape (groups,), finite.
        bounds: each group's two-sided bounds at a number of standard errors.
        errors_at: the standard errors that the estimates would have if these values were true.
        spread: the largest less the smallest; infinite between logarithms where a rate is zero.
    """

    values: np.ndarray
    bounds: Bounds
    errors_at: Callable[[np.ndarray], np.ndarray]
    spread: float


def rate_family(hits: np.ndarray, trials: np.ndarray, effective: np.ndarray) -> Family:
    """Return the family of rates hits / trials, as certain as `effective` independent trials would make them."""
    rates = hits / trials

    def errors_at(truth: np.ndarray) -> np.ndarray:
        pulled = (truth * effective + 0.5) / (effective + 1)
        return np.sqrt(pulled * (1 - pulled) / effective)

    return Family(rates, lambda z: _wilson(rates, effective, z), errors_at, float(np.ptp(rates)))


def log_rate_family(hits: np.ndarray, trials: np.ndarray, effective: np.ndarray) -> Family:
    """Return the family of the logarithms of rates, whose differences are those of ratios; a zero counts as half."""
    rates = np.maximum(hits / trials, 0.5 / (effective + 1))

    def bounds(z: float) -> tuple[np.ndarray, np.ndarray]:
        low, high = _wilson(hits / trials, effective, z)
        with np.errstate(divide="ignore"):
            return np.log(low), np.log(np.maximum(high, rates))

    def errors_at(truth: np.ndarray) -> np.ndarray:
        pulled = (np.exp(np.minimum(truth, 0.0)) * effective + 0.5) / (effective + 1)
        return np.sqrt((1 - pulled) / (effective * pulled))

    spread = float(np.ptp(np.log(rates))) if hits.min() > 0 else float("inf")
    return Family(np.log(rates), bounds, errors_at, spread)


def mean_family(means: np.ndarray, errors: np.ndarray) -> Family:
    """Return the family of means with their standard errors."""
    return Family(means, lambda z: (means - z * errors, means + z * errors), lambda _: errors, float(np.ptp(means)))


def spread_interval(families: Sequence[Family], *, level: float = 0.95, seed: int = 0) -> Interval:
    """Return the largest difference between two groups, over the families, with its interval.

    Upper end: the largest upper end of any pair of groups, by the method of variance estimates recovery (Newcombe
    1998; Zou and Donner 2008). It needs no correction: the largest difference is some pair's (Berger 1982). Lower end:
    the least spread from which so large a studentized difference comes often enough, the truth being the estimates
    drawn into a window of that width (hybrid resampling: Chuang and Lai 2000), so that groups that are close count as
    rivals and those far behind do not. Often enough is more than the part of 1 - level that the upper end leaves over:
    half of it where one pair stands out, all of it near zero, from where no upper end can be too low.
    """
    told = max((family.spread for family in families), default=float("nan"))
    if not families:
        return Interval(told, float("nan"), float("nan"), level, METHOD)
    z = float(norm.ppf(0.5 + level / 2))
    upper = max(_upper_ends(family, z) for family in families)
    rng = np.random.default_rng(seed)
    noise = [rng.standard_normal((DRAWS, len(family.values))) for family in families]
    if told <= 0 or _is_plausible(families, noise, 0.0, level=level):
        return Interval(told, 0.0, upper, level, METHOD)
    low, high = 0.0, max(float(np.ptp(family.values)) for family in families)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _is_plausible(families, noise, middle, level=level):
            high = middle
        else:
            low = middle
    return Interval(told, low, upper, level, METHOD)


def _upper_ends(family: Family, z: float) -> float:
    """The largest upper end of the difference of two groups."""
    low, high = family.bounds(z)
    values = family.values
    with np.errstate(invalid="ignore"):
        up, down = (high - values) ** 2, (values - low) ** 2
        ends = values[:, None] - values[None, :] + np.sqrt(up[:, None] + down[None, :])
    np.fill_diagonal(ends, -np.inf)
    return float(ends.max())


def _is_plausible(families: Sequence[Family], noise: Sequence[np.ndarray], spread: float, *, level: float) -> bool:
    """Say whether so large a studentized difference would be drawn often enough if the truth had this spread."""
    observed, pairs = -np.inf, [_pairs_under(family, spread) for family in families]
    for family, pair in zip(families, pairs, strict=True):
        gap = family.values[pair.above] - family.values[pair.below]
        observed = max(observed, float(((gap - spread) / pair.error).max()))
    first = max(float(pair.expected.max()) for pair in pairs)
    drawn = np.full(DRAWS, -np.inf)
    for pair, own in zip(pairs, noise, strict=True):
        moved = own * pair.errors
        near = np.flatnonzero(pair.expected > first - _FAR)
        for start in range(0, len(near), _AT_ONCE):
            some = near[start : start + _AT_ONCE]
            gaps = (moved[:, pair.above[some]] - moved[:, pair.below[some]]) / pair.error[some] + pair.expected[some]
            drawn = np.maximum(drawn, gaps.max(axis=1))
    too_low = float(np.mean(drawn < -norm.ppf(0.5 + level / 2)))
    return float(np.mean(drawn >= observed)) > 1 - level - too_low


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Ordered pairs of groups: their standard errors, by how many of them each is beyond a spread, and the groups'."""

    above: np.ndarray
    below: np.ndarray
    error: np.ndarray
    expected: np.ndarray
    errors: np.ndarray


def _pairs_under(family: Family, spread: float) -> _Pairs:
    truth = _draw_together(family, spread)
    errors = np.maximum(family.errors_at(truth), 1e-12)
    above, below = np.nonzero(~np.eye(len(truth), dtype=bool))
    error = np.hypot(errors[above], errors[below])
    return _Pairs(above, below, error, (truth[above] - truth[below] - spread) / error, errors)


def _draw_together(family: Family, spread: float) -> np.ndarray:
    """Return the values clipped into the window of this width that moves them least, by their precision.

    Those within a standard error of an edge are put on it: estimates of equal groups lie apart by chance, and would
    else be taken for weaker rivals than they are.
    """
    values = family.values
    room = np.ptp(values) - spread
    if room <= 0:
        return values
    errors = np.maximum(family.errors_at(values), 1e-12)
    starts = values.min() + room * np.linspace(0, 1, 61)[:, None]
    clipped = np.clip(values, starts, starts + spread)
    best = int((((clipped - values) / errors) ** 2).sum(axis=1).argmin())
    truth, low = clipped[best], float(starts[best, 0])
    from_edges = np.array([truth - low, low + spread - truth])
    nearest = from_edges.argmin(axis=0)
    return np.where(from_edges.min(axis=0) < errors, low + spread * nearest, truth)


def _wilson(rates: np.ndarray, trials: np.ndarray, z: float) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's bounds of many rates."""
    below = 1 + z * z / trials
    centre = (rates + z * z / (2 * trials)) / below
    half = z * np.sqrt(rates * (1 - rates) / trials + z * z / (4 * trials * trials)) / below
    return np.minimum(np.maximum(centre - half, 0.0), rates), np.maximum(np.minimum(centre + half, 1.0), rates)
