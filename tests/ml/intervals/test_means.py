"""Means, against statsmodels."""

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.stats import t
from statsmodels.stats.weightstats import DescrStatsW

from axagents.errors import UserError
from axagents.ml.intervals import mean_interval


def test_a_plain_mean_like_statsmodels() -> None:
    values = np.random.default_rng(0).exponential(size=60)
    found = mean_interval(values)
    assert (found.low, found.high) == pytest.approx(DescrStatsW(values).tconfint_mean())


def test_a_clustered_mean_like_statsmodels() -> None:
    rng = np.random.default_rng(1)
    units = rng.integers(0, 50, 600)
    values = rng.normal(size=50)[units] + rng.normal(size=600)
    error = sm.OLS(values, np.ones(600)).fit(cov_type="cluster", cov_kwds={"groups": units}).bse[0]
    assert mean_interval(values, units).width == pytest.approx(2 * t.ppf(0.975, 49) * error)


def test_too_few() -> None:
    assert mean_interval(np.array([1.0])).low == -np.inf
    assert "one entity" in mean_interval(np.arange(5.0), np.zeros(5)).method
    with pytest.raises(UserError, match="no rows"):
        mean_interval(np.array([]))
