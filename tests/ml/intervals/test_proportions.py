"""Proportions, against statsmodels and printed tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from axagents.errors import UserError
from axagents.ml.intervals import clopper_pearson_interval, proportion_interval, wilson_interval

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
