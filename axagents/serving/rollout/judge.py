"""Judge a canary beside a fresh baseline of equal size: PASS, HOLD or ABORT, with the bounds that decided."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from axagents.decisions.table import Decision, decide
from axagents.ml.rollout import (
    EDGES,
    NOTHING,
    Bounds,
    Counts,
    compare_quantile,
    compare_rates,
    design_effect,
    requests_needed,
)
from axagents.ml.rollout.evidence import ANY
from axagents.project import Project

ALPHA = 0.005
"""How often one bound may fail; the four that abort together condemn an equal canary at most once in fifty."""

_QUANTILE = 0.99
_BURST = 20

Measure = Literal["errors", "slow", "p99", "predictions", "outcomes"]
Standing = Literal["as_good", "unclear", "worse"]


@dataclass(frozen=True)
class Limit:
    """Worse than `harm` by a bound is condemned, below `margin` by a bound is as good."""

    harm: float
    margin: float


LIMITS: Mapping[Measure, Limit] = {
    "errors": Limit(0.002, 0.005),
    "slow": Limit(0.01, 0.02),
    "p99": Limit(1.25, 1.5),
    "predictions": Limit(0.05, 0.1),
    "outcomes": Limit(0.02, 0.05),
}
"""Differences of shares of all requests, the canary's less the baseline's; for `p99` the ratio of latencies."""


@dataclass(frozen=True)
class Arm:
    """What one arm answered, in blocks of time of equal length.

    Attributes:
        requests, errors: of each block (n,).
        latencies: requests of each block in the bins of `axagents.ml.rollout.EDGES` (n, len(EDGES) + 1).
        answers: positive answers among all; for a regression those above the median of the reference.
        outcomes: wrong answers among those whose outcome has matured.
    """

    requests: np.ndarray
    errors: np.ndarray
    latencies: np.ndarray
    answers: Counts = NOTHING
    outcomes: Counts = NOTHING

    def failed(self) -> Counts:
        """Return failed requests among all, as numbers of independent ones."""
        return _independent(self.errors, self.requests)

    def slower_than(self, milliseconds: float) -> Counts:
        """Return answers slower than an objective, rounded to a bin of the histogram, among all."""
        first = int(np.searchsorted(EDGES, milliseconds)) + 1
        return _independent(self.latencies[:, first:].sum(axis=1), self.latencies.sum(axis=1))

    def histogram(self) -> np.ndarray:
        """Return the latencies of all blocks, as numbers of independent requests (len(EDGES) + 1,)."""
        whole = self.latencies.sum(axis=0)
        if not whole.any():
            return whole
        tail = int(np.searchsorted(whole.cumsum(), _QUANTILE * whole.sum()))
        return whole / design_effect(self.latencies[:, tail:].sum(axis=1), self.latencies.sum(axis=1))


@dataclass(frozen=True)
class Health:
    """What is known at once: whether the process answers, and how many of the newest requests failed in a row."""

    alive: bool = True
    failures_in_a_row: int = 0


@dataclass(frozen=True)
class Judgement:
    """The row of the table `canary` that decided, with the bounds it read and the requests that an arm still needs."""

    decision: Decision
    bounds: Mapping[Measure, Bounds]
    needed: int = 0

    @property
    def verdict(self) -> str:
        return self.decision.verdict

    @property
    def scope(self) -> str:
        """Say whether outcomes were looked at: "operational" where none has matured."""
        return "whole" if self.bounds["outcomes"].value is not None else "operational"


def judge(
    project: Project | None,
    arms: tuple[Arm, Arm],
    *,
    objective_ms: float,
    shadow: Counts | None = None,
    health: Health | None = None,
) -> Judgement:
    """Decide by the table `canary`.

    Args:
        arms: the canary's and the baseline's.
        objective_ms: the latency that an answer should not exceed.
        shadow: positive answers of the new version to control traffic that it only saw as a shadow.
    """
    canary, baseline = arms
    state = health or Health()
    bounds: dict[Measure, Bounds] = {
        "errors": compare_rates(canary.failed(), baseline.failed(), alpha=ALPHA),
        "slow": compare_rates(canary.slower_than(objective_ms), baseline.slower_than(objective_ms), alpha=ALPHA),
        "p99": compare_quantile(canary.histogram(), baseline.histogram(), quantile=_QUANTILE, alpha=ALPHA),
        "predictions": _distance(compare_rates(canary.answers, shadow or NOTHING, alpha=ALPHA, prior=ANY)),
        "outcomes": compare_rates(canary.outcomes, baseline.outcomes, alpha=ALPHA, prior=ANY),
    }
    standing = {name: _standing(bounds[name], LIMITS[name]) for name in LIMITS}
    inputs = {
        "alive": state.alive,
        "burst": state.failures_in_a_row >= _BURST,
        **{name: standing[name] for name in ("errors", "slow", "p99")},
        **{name: standing[name] if bounds[name].value is not None else None for name in ("predictions", "outcomes")},
    }
    decision = decide(project, "canary", inputs)
    return Judgement(decision, bounds, _still_needed(canary, baseline) if decision.verdict == "HOLD" else 0)


def _standing(bounds: Bounds, limit: Limit) -> Standing:
    if bounds.low > limit.harm:
        return "worse"
    return "as_good" if bounds.high < limit.margin else "unclear"


def _independent(hits: np.ndarray, totals: np.ndarray) -> Counts:
    return Counts(float(hits.sum()), float(totals.sum())).thinned(design_effect(hits, totals))


def _distance(bounds: Bounds) -> Bounds:
    """Return the bounds of the absolute value."""
    if bounds.value is None:
        return bounds
    nearest = 0.0 if bounds.low <= 0 <= bounds.high else min(abs(bounds.low), abs(bounds.high))
    return Bounds(abs(bounds.value), nearest, max(abs(bounds.low), abs(bounds.high)))


def _still_needed(canary: Arm, baseline: Arm) -> int:
    """Return how many more requests an arm needs to pass if both fail as often as the baseline does now."""
    seen = baseline.failed()
    effect = float(baseline.requests.sum()) / seen.total if seen.total else 1.0
    rate = (seen.hits + 0.5) / (seen.total + 1) if seen.total else 0.0
    wanted = requests_needed(min(rate, 0.5), margin=LIMITS["errors"].margin, alpha=ALPHA) * effect
    return max(1, math.ceil(wanted - float(min(canary.requests.sum(), baseline.requests.sum()))))
