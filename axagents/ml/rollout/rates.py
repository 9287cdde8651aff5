"""Bounds on the difference of two rates, of a canary's requests and its baseline's."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from axagents.ml.rollout.evidence import RARE, Counts, Prior, log_evidence

_RATES = np.concatenate([[0.0], np.geomspace(1e-6, 0.02, 160), np.linspace(0.021, 0.979, 240), [1.0]])
_HALVINGS = 17
_MOST = 1 << 40


@dataclass(frozen=True)
class Bounds:
    """What is compared, with bounds each of which fails with a probability of at most alpha, however often one looks.

    The value is None where nothing was seen yet.
    """

    value: float | None
    low: float
    high: float


def compare_rates(canary: Counts, baseline: Counts, *, alpha: float, prior: Prior = RARE) -> Bounds:
    """Return the canary's rate less the baseline's.

    A difference is ruled out when the product of both arms' evidence (`log_evidence`) against each pair of rates that
    differ by it, or more, passes 1/alpha: the product of independent martingales is one.
    """
    if not canary.total or not baseline.total:
        return Bounds(None, -1.0, 1.0)
    value = canary.rate - baseline.rate
    enough = -math.log(alpha)

    against_baseline = log_evidence(baseline, _RATES, prior=prior)

    def ruled_out(difference: float) -> bool:
        rates = _RATES + difference
        pairs = (rates >= 0) & (rates <= 1)
        return bool(np.all(log_evidence(canary, rates[pairs], prior=prior) + against_baseline[pairs] > enough))

    return Bounds(value, _edge(value, -1.0, ruled_out), _edge(value, 1.0, ruled_out))


def requests_needed(rate: float, *, margin: float, alpha: float, prior: Prior = RARE) -> int:
    """Return how many requests an arm needs to show that two equal rates differ by less than `margin`, to 5 %."""

    def is_enough(total: int) -> bool:
        equal = Counts(rate * total, total)
        return compare_rates(equal, equal, alpha=alpha, prior=prior).high < margin

    most = 64
    while most < _MOST and not is_enough(most):
        most *= 4
    fewest = most // 4
    while most > 1.05 * fewest:
        middle = math.isqrt(fewest * most)
        fewest, most = (fewest, middle) if is_enough(middle) else (middle, most)
    return most


def _edge(value: float, end: float, ruled_out: Callable[[float], bool]) -> float:
    """Return the difference, from the observed one towards `end`, from which all are ruled out."""
    inner, outer = value, end
    for _ in range(_HALVINGS):
        middle = (inner + outer) / 2
        if ruled_out(middle):
            outer = middle
        else:
            inner = middle
    return outer
