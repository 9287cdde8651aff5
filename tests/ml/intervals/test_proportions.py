"""Proportions, against statsmodels and printed tables."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from axagents.errors import UserError
from axagents.ml.intervals import (
    clopper_pearson_interval,
    clustered_proportion_interval,
    proportion_interval,
    wilson_interval,
)

COUNTS = st.integers(1, 500).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))


@given(COUNTS)
def test_wilson_like_statsmodels(counts: tuple[int, int]) -> None:
    low, high = proportion_confint(*counts, method="wilson")
    found = wilson_interval(*counts)
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-9), pytest.approx(high, abs=1e-9))


@given(COUNTS)
def test_exact_like_statsmodels(counts: tuple[int, int]) -> None:
    low, high = proportion_confint(*counts, method="beta")
    found = clopper_pearson_interval(*counts)
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-9), pytest.approx(high, abs=1e-9))


def test_forty_of_forty() -> None:
    # FACTS: percentile bootstrap gives [1, 1]; exact is [.912, 1].
    assert proportion_interval(40, 40).low == pytest.approx(0.912, abs=5e-4)


def test_nothing_tried_is_an_error() -> None:
    with pytest.raises(UserError, match="trials > 0"):
        wilson_interval(0, 0)


def test_clustered_like_the_cluster_robust_variance_of_statsmodels() -> None:
    rng = np.random.default_rng(0)
    units = rng.integers(0, 400, 4000)
    hits = rng.random(4000) < rng.beta(2, 2, 400)[units]
    # The intercept's robust error; Wilson's interval is the normal one but for terms of 1/n, and t but for 1/m.
    error = sm.OLS(hits.astype(float), np.ones(4000)).fit(cov_type="cluster", cov_kwds={"groups": units}).bse[0]
    found = clustered_proportion_interval(hits, units)
    assert found.value == hits.mean()
    assert found.width == pytest.approx(2 * 1.96 * error, rel=0.01)
    assert found.width > 1.3 * wilson_interval(int(hits.sum()), 4000).width


def test_clustered_coverage() -> None:
    """Of 2,000 samples of 40 entities with 5 rows each, 93-97 % hold the truth; careless ones far fewer."""
    rng = np.random.default_rng(1)
    units = np.repeat(np.arange(40), 5)
    held = careless = 0
    for _ in range(2000):
        hits = rng.random(200) < rng.beta(1.4, 0.6, 40)[units]
        found = clustered_proportion_interval(hits, units)
        held += found.low <= 0.7 <= found.high
        plain = wilson_interval(int(hits.sum()), 200)
        careless += plain.low <= 0.7 <= plain.high
    assert 0.93 <= held / 2000 <= 0.97
    assert careless / 2000 < 0.88


def test_clustered_edges() -> None:
    alone = clustered_proportion_interval(np.ones(50, dtype=bool), np.zeros(50, dtype=int))
    assert (alone.low, alone.high) == (0.0, 1.0)
    # Twenty entities that never fail are twenty trials at the most, not fifty times as many.
    sure = clustered_proportion_interval(np.ones(1000, dtype=bool), np.arange(1000) % 20)
    assert sure.low <= 0.025 ** (1 / 20)
    assert sure.high == 1.0
