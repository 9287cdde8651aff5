"""Bounds on the difference of two rates, of a canary's requests and its baseline's."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from axagents.ml.rollout.evidence import RARE, Counts, Prior, log_evidence

_RATES = np.concatenate([[0.0], np.geomspace(1e-6, 0.02, 240), np.linspace(0.021, 0.979, 480), [1.0]])
_HALVINGS = 24
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

    def ruled_out(difference: float) -> bool:
        return _least_evidence(canary, baseline, difference, prior=prior) > enough

    return Bounds(value, _edge(value, -1.0, ruled_out), _edge(value, 1.0, ruled_out))


def requests_needed(rate: float, *, margin: float, alpha: float, prior: Prior = RARE) -> int:
    """Return how many requests an arm would show that two equal rates differ by less than `margin`."""
    total = 64
    while total < _MOST:
        equal = Counts(rate * total, total)
        if compare_rates(equal, equal, alpha=alpha, prior=prior).high < margin:
            return total
        total = math.ceil(total * 1.1)
    return total


def _least_evidence(canary: Counts, baseline: Counts, difference: float, *, prior: Prior) -> float:
    pairs = _RATES[(_RATES + difference >= 0) & (_RATES + difference <= 1)]
    against_canary = log_evidence(canary, pairs + difference, prior=prior)
    return float(np.min(against_canary + log_evidence(baseline, pairs, prior=prior)))


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
