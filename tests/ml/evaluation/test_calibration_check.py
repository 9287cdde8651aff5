"""Calibration, against statsmodels, scikit-learn and simulation."""

import time
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit, logit
from sklearn.calibration import calibration_curve
from statsmodels.stats.proportion import proportion_confint

from axagents.errors import UserError
from axagents.ml.evaluation.answers import Answers
from axagents.ml.evaluation.calibration_check import check_calibration
from tests.ml.evaluation.samples import copy_rows, draw_binary, draw_classes, draw_values


def draw_calibrated(rows: int, *, seed: int = 0, slope: float = 1.0, intercept: float = 0.0) -> Answers:
    """Rows whose log-odds are slope * logit(score) + intercept."""
    rng = np.random.default_rng(seed)
    scores = rng.beta(2, 4, rows)
    y = (rng.random(rows) < expit(slope * logit(scores) + intercept)).astype(np.int64)
    return Answers("binary", y, scores, ("no", "yes"))


@pytest.mark.parametrize("clustered", [False, True])
def test_lines_like_statsmodels(clustered: bool) -> None:
    answers = draw_calibrated(900, slope=0.6, intercept=-0.3)
    groups = np.random.default_rng(1).integers(0, 120, 900)
    answers = replace(answers, entity=groups if clustered else None)
    (found,) = check_calibration(answers)
    x = logit(answers.scores)
    count = 120 if clustered else 900
    how: dict[str, object] = (
        {"cov_type": "cluster", "cov_kwds": {"groups": groups, "use_correction": False}}
        if clustered
        else {"cov_type": "HC0"}
    )
    line = sm.GLM(answers.y, sm.add_constant(x), family=sm.families.Binomial()).fit(**how)
    large = sm.GLM(answers.y, np.ones(900), family=sm.families.Binomial(), offset=x).fit(**how)
    expected = [(line.params[1], line.bse[1]), (line.params[0], line.bse[0]), (large.params[0], large.bse[0])]
    for ours, (value, error) in zip((found.slope, found.intercept, found.in_the_large), expected, strict=True):
        assert ours is not None
        assert ours.value == pytest.approx(value, abs=1e-7)
        assert ours.width == pytest.approx(2 * 1.959964 * error * np.sqrt(count / (count - 1)), rel=1e-5)


def test_values_like_statsmodels() -> None:
    answers = draw_values(400)
    shifted = replace(answers, y=1e6 + answers.y, scores=1e6 + 0.5 * answers.scores)
    (found,) = check_calibration(shifted)
    line = sm.OLS(shifted.y - 1e6, sm.add_constant(shifted.scores - 1e6)).fit(cov_type="HC0")
    assert found.slope is not None
    assert found.slope.value == pytest.approx(line.params[1], rel=1e-9)
    assert found.slope.width == pytest.approx(2 * 1.959964 * line.bse[1] * np.sqrt(400 / 399), rel=1e-6)
    assert found.intercept is not None
    assert found.intercept.value == pytest.approx(line.params[0] + 1e6 * (1 - line.params[1]), rel=1e-9)
    assert found.in_the_large is not None
    assert found.in_the_large.value == pytest.approx((shifted.y - shifted.scores).mean())
    assert sum(each.rows for each in found.bins) == 400


def test_bins_like_scikit_learn() -> None:
    answers = draw_calibrated(1000)
    (found,) = check_calibration(answers)
    observed, predicted = calibration_curve(answers.y, answers.scores, n_bins=10, strategy="quantile")
    assert [each.observed.value for each in found.bins] == pytest.approx(list(observed))
    assert [each.predicted for each in found.bins] == pytest.approx(list(predicted))
    first = found.bins[0]
    low, high = proportion_confint(round(first.observed.value * first.rows), first.rows, method="wilson")
    assert (first.observed.low, first.observed.high) == pytest.approx((low, high))
    assert found.error is not None
    sizes = np.array([each.rows for each in found.bins])
    assert found.error.value == pytest.approx(np.sum(sizes / 1000 * np.abs(observed - predicted)))


def test_what_chance_gives_by_simulation() -> None:
    """True probabilities exceed the limit in about one sample of twenty; the mean is that of the samples."""
    values, beyond, expected = [], 0, 0.0
    for seed in range(400):
        (found,) = check_calibration(draw_calibrated(500, seed=seed))
        assert found.error is not None
        values.append(found.error.value)
        beyond += found.error.value > found.error.chance_limit
        expected += found.error.by_chance / 400
    assert np.mean(values) == pytest.approx(expected, rel=0.05)
    assert 0.02 <= beyond / 400 <= 0.08


def test_coverage_of_the_slope() -> None:
    """Of 500 samples of 500 rows, 92-98 % hold the slope that drew them."""
    held = 0
    for seed in range(500):
        found = check_calibration(draw_calibrated(500, seed=seed, slope=0.7))[0].slope
        assert found is not None
        held += found.low <= 0.7 <= found.high
    assert 0.92 <= held / 500 <= 0.98


def test_each_class_against_the_others() -> None:
    answers = draw_classes(600)
    found = check_calibration(answers)
    assert [each.name for each in found] == list("abcd")
    for code, each in enumerate(found):
        alone = replace(answers, task="binary", y=(answers.y == code).astype(np.int64), scores=answers.scores[:, code])
        assert each.slope == check_calibration(alone)[0].slope


def test_copies_of_a_row_add_nothing() -> None:
    alone = draw_calibrated(400)
    (first,), (second,) = check_calibration(alone), check_calibration(copy_rows(alone, 5))
    assert first.slope is not None
    assert second.slope is not None
    assert second.slope.width == pytest.approx(first.slope.width, rel=0.01)
    assert first.error is not None
    assert second.error is not None
    assert second.error.by_chance == pytest.approx(first.error.by_chance, rel=0.1)


def test_what_has_no_slope_is_told() -> None:
    answers = draw_calibrated(100)
    (flat,) = check_calibration(replace(answers, scores=np.full(100, 0.3)))
    assert flat.slope is None
    assert "equal" in flat.notes[0]
    assert len(flat.bins) == 1
    assert flat.in_the_large is not None
    (apart,) = check_calibration(replace(answers, scores=np.where(answers.y == 1, 0.8, 0.1)))
    assert apart.slope is None
    assert "wholly apart" in apart.notes[0]
    (sure,) = check_calibration(replace(answers, scores=np.where(np.arange(100) < 3, 1.0, answers.scores)))
    assert "3 probabilities are 0 or 1" in sure.notes[0]
    (level,) = check_calibration(replace(draw_values(50), scores=np.full(50, 2.0)))
    assert level.slope is None
    with pytest.raises(UserError, match="one class"):
        check_calibration(replace(answers, y=np.ones(100, dtype=np.int64)))


def test_a_million_rows_take_seconds() -> None:
    answers = draw_binary(1_000_000)
    started = time.process_time()
    (found,) = check_calibration(answers)
    assert found.slope is not None
    assert time.process_time() - started < 10
