"""Latency, by a clock that the model itself moves."""

import time

import numpy as np
import pandas as pd
import pytest
from scipy.stats import quantile_test

from axagents.errors import UserError
from axagents.ml.evaluation.latency import measure_latency


class Slow:
    """A model that takes, by its own clock, times drawn beforehand; it remembers what it was given."""

    def __init__(self, seconds: np.ndarray) -> None:
        self.seconds, self.now = list(seconds), 0.0
        self.batches: list[pd.DataFrame] = []

    def clock(self) -> float:
        return self.now

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        self.now += self.seconds[len(self.batches)]
        self.batches.append(frame)
        return np.zeros(len(frame))


def test_percentiles_of_known_times() -> None:
    seconds = np.random.default_rng(0).gamma(2.0, 0.001, 3000)
    model = Slow(seconds)
    (found,) = measure_latency(
        model.predict, pd.DataFrame({"x": range(10)}), batches=[1], seconds=2.0, clock=model.clock
    )
    # The first five calls warm up; then calls go on until two seconds are over.
    counted = seconds[5 : 5 + found.calls]
    assert counted[:-1].sum() < 2.0 <= counted.sum()
    assert (found.warm_calls, len(model.batches)) == (5, 5 + found.calls)
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        each = found.percentiles[name]
        assert each.value == pytest.approx(1000 * np.quantile(counted, share))
        theirs = quantile_test(1000 * counted, q=0, p=share).confidence_interval(0.95)
        assert (each.low, each.high) == pytest.approx((theirs.low, theirs.high))
    assert found.slowest == pytest.approx(1000 * counted.max())


def test_few_calls_leave_the_upper_end_open() -> None:
    model = Slow(np.full(100, 0.5))
    one, many = measure_latency(model.predict, pd.DataFrame({"x": range(30)}), seconds=3, clock=model.clock)
    assert (one.rows, many.rows, one.calls) == (1, 100, 20)
    assert one.percentiles["p99"].high == np.inf
    assert np.isfinite(one.percentiles["p50"].high)
    assert {len(each) for each in model.batches} == {1, 100}
    # Different rows each time: thirty are there, and five and twenty calls took them in turn.
    assert len({int(each["x"].iloc[0]) for each in model.batches if len(each) == 1}) == 20


def test_a_very_slow_model_is_not_waited_for() -> None:
    model = Slow(np.full(100, 10.0))
    (found,) = measure_latency(model.predict, pd.DataFrame({"x": [1]}), batches=[1], seconds=4, clock=model.clock)
    assert found.calls == 2


def test_real_time() -> None:
    (found,) = measure_latency(lambda frame: time.sleep(0.002), pd.DataFrame({"x": [1]}), batches=[1], seconds=0.2)
    assert 2.0 <= found.percentiles["p50"].value < 20


def test_bad_input() -> None:
    with pytest.raises(UserError, match="there are none"):
        measure_latency(lambda frame: np.zeros(0), pd.DataFrame({"x": []}))
    with pytest.raises(UserError, match="at least one row"):
        measure_latency(lambda frame: np.zeros(1), pd.DataFrame({"x": [1]}), batches=[0])
