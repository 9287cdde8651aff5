"""Bounds that hold however often one looks."""

import math

import numpy as np
import pytest

from axagents.ml.rollout import EDGES, Counts, compare_quantile, compare_rates, design_effect, requests_needed
from axagents.ml.rollout.evidence import RARE, log_evidence

ALPHA = 0.05


@pytest.mark.parametrize(("hits", "total", "rate"), [(0, 40, 0.01), (7, 900, 0.01), (60, 900, 0.01), (3, 3, 0.4)])
def test_the_evidence_is_the_mixture_of_likelihood_ratios(hits: int, total: int, rate: float) -> None:
    # The likelihood ratio to the rate, integrated over the prior by trapezoids in the root of p.
    root = np.linspace(0, 1, 400_001)[:-1]
    p = root**2
    over_beta = math.exp(math.lgamma(RARE.a + RARE.b) - math.lgamma(RARE.a) - math.lgamma(RARE.b))
    ratio = (p / rate) ** hits * ((1 - p) / (1 - rate)) ** (total - hits)
    mixture = np.trapezoid(ratio * 2 * over_beta * (1 - p) ** (RARE.b - 1), root)
    expected = math.log(mixture)
    assert log_evidence(Counts(hits, total), np.array([rate]), prior=RARE)[0] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize("rates", [(0.002, 0.002), (0.01, 0.004), (0.3, 0.35)])
def test_looked_at_a_hundred_times_bounds_fail_no_more_often_than_they_say(rates: tuple[float, float]) -> None:
    rng, failures, rollouts = np.random.default_rng(7), 0, 60
    for _ in range(rollouts):
        canary, baseline = (np.cumsum(rng.binomial(100, rate, 100)) for rate in rates)
        totals = 100.0 * np.arange(1, 101)
        found = (
            compare_rates(Counts(one, n), Counts(other, n), alpha=ALPHA)
            for one, other, n in zip(canary[::5], baseline[::5], totals[::5], strict=True)
        )
        failures += any(not each.low <= rates[0] - rates[1] <= each.high for each in found)
    # Two ends at 5 % each: 6 expected at the most, 14 or more with a probability below 0.1 % (binomial).
    assert failures <= 13


def test_nothing_seen_bounds_nothing() -> None:
    bounds = compare_rates(Counts(0, 0), Counts(3, 900), alpha=ALPHA)
    assert (bounds.value, bounds.low, bounds.high) == (None, -1.0, 1.0)
    none = np.zeros(len(EDGES) + 1)
    assert compare_quantile(none, none, quantile=0.99, alpha=ALPHA).high == math.inf


def test_the_requests_needed_are_enough_and_few_less_are_not() -> None:
    needed = requests_needed(0.002, margin=0.005, alpha=0.01)
    assert compare_rates(Counts(0.002 * needed, needed), Counts(0.002 * needed, needed), alpha=0.01).high < 0.005
    fewer = needed / 1.15
    assert compare_rates(Counts(0.002 * fewer, fewer), Counts(0.002 * fewer, fewer), alpha=0.01).high >= 0.005


def _histogram(latencies: np.ndarray) -> np.ndarray:
    return np.bincount(np.searchsorted(EDGES, latencies), minlength=len(EDGES) + 1).astype(float)


@pytest.mark.parametrize("ratio", [1.0, 2.0, 0.5])
def test_the_ratio_of_the_last_hundredths_is_inside_its_bounds(ratio: float) -> None:
    rng = np.random.default_rng(11)
    canary, baseline = ratio * rng.lognormal(2, 0.5, 20_000), rng.lognormal(2, 0.5, 20_000)
    bounds = compare_quantile(_histogram(canary), _histogram(baseline), quantile=0.99, alpha=0.01)
    assert bounds.low <= ratio <= bounds.high
    assert bounds.high / bounds.low < 1.8
    assert bounds.value == pytest.approx(np.quantile(canary, 0.99) / np.quantile(baseline, 0.99), rel=0.1)


def test_clumps_count_for_less() -> None:
    rng = np.random.default_rng(3)
    totals = np.full(400, 100)
    assert design_effect(rng.binomial(100, 0.1, 400), totals) < 1.25
    # A beta-binomial of correlation r has the design effect 1 + (n - 1) r: here 1 + 99 / 21 = 5.7.
    clumped = rng.binomial(100, rng.beta(2, 18, 400))
    assert design_effect(clumped, totals) == pytest.approx(1 + 99 / 21, rel=0.2)
    assert design_effect(np.zeros(400), totals) == 1
    assert design_effect(np.array([5, 0, 0]), np.array([100, 100, 0])) == 1
