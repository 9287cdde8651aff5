"""Bounds on the ratio of two quantiles, from the histograms of a canary's latencies and its baseline's."""

import math

import numpy as np

from axagents.ml import bins
from axagents.ml.rollout.evidence import RARE, log_evidence_above, log_evidence_below
from axagents.ml.rollout.rates import Bounds

EDGES = np.array(bins.EDGES)
_WIDEST = 120


def compare_quantile(canary: np.ndarray, baseline: np.ndarray, *, quantile: float, alpha: float) -> Bounds:
    """Return the canary's quantile over the baseline's, to a bin of 5 %.

    A ratio is ruled out when it is for each bin in which the baseline's quantile may lie: by what both arms say of the
    share of requests beyond the ends of the bins (`log_evidence`).

    Args:
        canary, baseline: requests in each bin (len(EDGES) + 1,), as numbers of independent requests.
        quantile: between 0 and 1.
    """
    totals = float(canary.sum()), float(baseline.sum())
    if not all(totals):
        return Bounds(None, 0.0, math.inf)
    beyond, beyond_baseline = _beyond(canary), _beyond(baseline)
    share, enough = 1 - quantile, -math.log(alpha)
    is_below = log_evidence_below(beyond_baseline, totals[1], rate=share, prior=RARE)
    is_above = log_evidence_above(beyond_baseline, totals[1], rate=share, prior=RARE)
    # The quantile lies in bin j unless the share beyond its lower end is below, or that beyond its upper end above;
    # the mean of two evidences is one.
    elsewhere = np.maximum(is_below[:-1], is_above[1:]) - math.log(2)
    slower = log_evidence_above(beyond, totals[0], rate=share, prior=RARE)
    faster = log_evidence_below(beyond, totals[0], rate=share, prior=RARE)
    high = next((by for by in range(-_WIDEST, _WIDEST) if _least(elsewhere, faster[:-1], by) > enough), None)
    low = next((by for by in range(_WIDEST, -_WIDEST, -1) if _least(elsewhere, slower[1:], by) > enough), None)
    value = quantile_of(canary, quantile) / quantile_of(baseline, quantile)
    return Bounds(value, 0.0 if low is None else bins.STEP**low, math.inf if high is None else bins.STEP**high)


def quantile_of(histogram: np.ndarray, quantile: float) -> float:
    """Return the upper end of the bin in which the quantile lies, in milliseconds."""
    place = int(np.searchsorted(histogram.cumsum(), quantile * histogram.sum()))
    return float(EDGES[min(place, len(EDGES) - 1)])


def _beyond(histogram: np.ndarray) -> np.ndarray:
    """Return how many requests were slower than each end of the bins, 0 and infinity among them."""
    return np.concatenate([[histogram.sum()], histogram.sum() - histogram.cumsum()]).clip(min=0)


def _least(elsewhere: np.ndarray, evidence: np.ndarray, by: int) -> float:
    """Return the least evidence against a shift of `by` bins over all bins of the baseline's quantile."""
    places = np.clip(np.arange(len(elsewhere)) + by, 0, len(evidence) - 1)
    return float(np.min(elsewhere + evidence[places]))
