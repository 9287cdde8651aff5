"""Distributions against numpy, pandas and scipy, and histograms that lose nobody."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from axagents.ml.profile.distributions import describe_dates, describe_numbers, find_top_values


@pytest.mark.parametrize("seed", [0, 1])
def test_numbers_agree_with_pandas_and_scipy(seed: int) -> None:
    numbers = np.random.default_rng(seed).lognormal(3, 1, 2_000)
    values = pd.Series(np.concatenate([numbers, [np.nan] * 5]))
    facts = describe_numbers(values)
    assert facts is not None
    assert facts.mean == pytest.approx(values.mean(), rel=1e-12)
    assert facts.std == pytest.approx(values.std(), rel=1e-12)
    assert facts.skew == pytest.approx(float(stats.skew(numbers, bias=False)), rel=1e-9)
    told = facts.quantiles.model_dump()
    for name, share in zip(told, (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99), strict=True):
        assert told[name] == pytest.approx(values.quantile(share), rel=1e-12)


def test_every_number_is_in_the_histogram_or_beside_it() -> None:
    rng = np.random.default_rng(2)
    for numbers in (
        rng.normal(size=997),
        rng.integers(0, 20, 500).astype(float),
        rng.integers(17, 91, 5_000).astype(float),
        np.append(rng.normal(size=5_000), [1e6, -1e6]),
        np.full(10, 3.0),
        np.array([1.0, 2.0]),
        np.array([0.0, 1e300]),
    ):
        facts = describe_numbers(pd.Series(numbers))
        assert facts is not None
        histogram = facts.histogram
        assert sum(histogram.counts) + histogram.below + histogram.above == numbers.size
        assert len(histogram.edges) == len(histogram.counts) + 1


def test_bins_of_whole_numbers_hold_equally_many() -> None:
    numbers = pd.Series(np.repeat(np.arange(17.0, 91.0), 10))
    facts = describe_numbers(numbers)
    assert facts is not None
    # 74 ages ten times each: every full bin counts the same, as no comb does.
    assert len(set(facts.histogram.counts[:-1])) == 1


def test_an_outlier_does_not_flatten_the_histogram() -> None:
    numbers = np.append(np.random.default_rng(3).normal(size=5_000), 1e6)
    facts = describe_numbers(pd.Series(numbers))
    assert facts is not None
    assert facts.maximum == 1e6
    assert facts.histogram.edges[-1] < 5
    assert max(facts.histogram.counts) < 2_500


def test_dates() -> None:
    days = pd.Series(pd.date_range("2026-01-01", "2026-01-31", freq="D")).astype("datetime64[ns]")
    facts = describe_dates(days)
    assert facts is not None
    assert (facts.first, facts.last, facts.days) == ("2026-01-01", "2026-01-31", 30.0)
    assert sum(facts.histogram.counts) == 31


def test_numbers_too_large_to_square() -> None:
    facts = describe_numbers(pd.Series([0.0, 1e300, 1.6e308]))
    assert facts is not None
    assert (facts.mean, facts.std, facts.skew) == (pytest.approx((1e300 + 1.6e308) / 3), None, None)


def test_nothing_to_describe() -> None:
    assert describe_numbers(pd.Series([np.nan], dtype=float)) is None
    assert describe_dates(pd.Series([None], dtype="datetime64[ns]")) is None


def test_a_value_that_occurs_once_is_not_shown() -> None:
    assert [(each.value, each.rows) for each in find_top_values({"a": 3, "b": 5, "lonely": 1})] == [("b", 5), ("a", 3)]
