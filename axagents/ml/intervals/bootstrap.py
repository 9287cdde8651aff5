"""The bootstrap, with the bias-corrected and accelerated interval (Efron 1987), of rows or of whole entities."""

from functools import lru_cache

import numpy as np
from scipy.stats import norm

from axagents.ml.intervals.influence import precision_influence
from axagents.ml.terms import combine_terms

RESAMPLES = 1000
MOST_UNITS = 5000


def resample_sums(terms: np.ndarray, units: np.ndarray | None, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return sums of terms over resampled units (RESAMPLES, d) and each unit's own sums (m, d), for the jackknife.

    Without `units` every row is one. More than MOST_UNITS of them are first pooled at random into MOST_UNITS groups:
    groups are as independent as their members, so the variance of the sums stays and the cost does not grow.
    """
    codes, count = pool_units(len(terms), units, seed=seed)
    own = np.column_stack([np.bincount(codes, weights=column, minlength=count) for column in terms.T])
    return draw_weights(count, seed) @ own, own


def pool_units(rows: int, units: np.ndarray | None, *, seed: int) -> tuple[np.ndarray, int]:
    """Return the unit of each row, numbered from 0, and their number, at most MOST_UNITS."""
    codes = np.arange(rows) if units is None else np.unique(units, return_inverse=True)[1]
    count = int(codes.max()) + 1
    if count <= MOST_UNITS:
        return codes, count
    groups = np.random.default_rng(seed).permutation(np.arange(count) % MOST_UNITS)
    return groups[codes], MOST_UNITS


def bca_bounds(
    value: float, replicates: np.ndarray, left_out: np.ndarray, *, level: float, counts: np.ndarray | None = None
) -> tuple[float, float]:
    """Return the BCa bounds from bootstrap replicates and the jackknife's leave-one-out values, each `counts` times."""
    replicates = replicates[np.isfinite(replicates)]
    if len(replicates) == 0 or np.ptp(replicates) == 0:
        return value, value
    below = np.mean(replicates < value) + np.mean(replicates == value) / 2
    bias = float(norm.ppf(np.clip(below, 1 / (2 * len(replicates)), 1 - 1 / (2 * len(replicates)))))
    times = np.ones(len(left_out)) if counts is None else counts
    pulled = np.average(left_out, weights=times) - left_out
    spread = float(np.sum(times * pulled**2))
    acceleration = float(np.sum(times * pulled**3)) / (6 * spread**1.5) if spread > 0 else 0.0
    shares = [_bca_share(z, bias, acceleration) for z in norm.ppf([(1 - level) / 2, (1 + level) / 2])]
    low, high = np.quantile(replicates, shares)
    return float(low), float(high)


def bootstrap_metric(
    name: str, views: list[np.ndarray], units: np.ndarray | None, *, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return replicates and leave-one-out values of a metric averaged over views, each given as its terms (n, d)."""
    width = views[0].shape[1]
    sums, own = resample_sums(np.hstack(views), units, seed=seed)
    total = own.sum(axis=0)
    left = total - own
    pieces = [slice(start, start + width) for start in range(0, width * len(views), width)]
    replicates = np.mean([combine_terms(name, sums[:, piece]) for piece in pieces], axis=0)
    left_out = np.mean([combine_terms(name, left[:, piece]) for piece in pieces], axis=0)
    return replicates, left_out


def bootstrap_precision(
    y: np.ndarray, views: list[np.ndarray], units: np.ndarray | None, *, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return replicates of the average precision, averaged over classes and views, and the jackknife's influences."""
    codes, count = pool_units(len(y), units, seed=seed)
    weights = draw_weights(count, seed)
    replicates = np.zeros(RESAMPLES)
    influence = np.zeros(len(y))
    for view in views:
        columns = [(y == 1, view)] if view.ndim == 1 else [(y == code, view[:, code]) for code in np.unique(y)]
        for positive, scores in columns:
            share = 1 / (len(columns) * len(views))
            replicates += share * _weighted_precisions(positive, scores, weights=weights, codes=codes)
            influence += share * precision_influence(positive, scores)[1]
    return replicates, np.bincount(codes, weights=influence, minlength=count)


def _weighted_precisions(
    positive: np.ndarray, scores: np.ndarray, *, weights: np.ndarray, codes: np.ndarray
) -> np.ndarray:
    """The average precision of each row of `weights` (B, units); rows weigh as their unit does."""
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    hit = positive[order].astype(np.float32)
    values = np.empty(len(weights))
    step = max(1, 2_000_000 // len(order))
    for start in range(0, len(weights), step):
        chunk = weights[start : start + step][:, codes[order]]
        called = np.cumsum(chunk, axis=1, dtype=np.float64)[:, last]
        found = np.cumsum(chunk * hit, axis=1, dtype=np.float64)[:, last]
        here = np.diff(found, axis=1, prepend=0.0)
        precision = np.divide(found, called, out=np.zeros_like(found), where=called > 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            values[start : start + step] = (here * precision).sum(axis=1) / found[:, -1]
    return values


@lru_cache(maxsize=2)
def draw_weights(count: int, seed: int) -> np.ndarray:
    """Return how often each unit is drawn in each resample, (RESAMPLES, count)."""
    rng = np.random.default_rng([seed, count])
    weights = np.empty((RESAMPLES, count), dtype=np.float32)
    for row in weights:
        row[:] = np.bincount(rng.integers(0, count, count), minlength=count)
    return weights


def _bca_share(z: float, bias: float, acceleration: float) -> float:
    moved = bias + z
    return float(norm.cdf(bias + moved / (1 - acceleration * moved)))
