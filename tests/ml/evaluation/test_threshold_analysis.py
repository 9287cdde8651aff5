"""Threshold options, against scikit-learn, resampled rows and decision theory."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import f1_score, precision_score, recall_score, roc_curve

from axagents.errors import UserError
from axagents.ml.evaluation.answers import Answers
from axagents.ml.evaluation.threshold_analysis import analyse_thresholds
from axagents.ml.thresholds import ThresholdRule
from tests.ml.evaluation.samples import copy_rows, draw_binary, draw_classes


def draw_true(rows: int, seed: int) -> Answers:
    """Scores that are the true probabilities."""
    rng = np.random.default_rng(seed)
    scores = expit(rng.normal(-1.5, 1.5, rows))
    return Answers("binary", (rng.random(rows) < scores).astype(np.int64), scores, ("no", "yes"), 0.5)


def test_options_are_reported_on_other_rows() -> None:
    chosen_on, holdout = draw_binary(3000, seed=1, shift=1.5), draw_binary(2000, seed=2, shift=1.5)
    rules = [
        ThresholdRule(kind="recall-at-least", level=0.8),
        ThresholdRule(kind="precision-at-least", level=0.6),
        ThresholdRule(kind="alerts-at-most", alerts_per_thousand=100),
    ]
    found = analyse_thresholds(chosen_on, holdout, rules=rules)
    names = [each.name for each in found.options]
    assert names == [
        "current (0.5)", "recall at least 0.8", "precision at least 0.6", "at most 100 alerts per 1,000", "highest F1",
        "Youden's J",
    ]  # fmt: skip
    for option in found.options:
        called = holdout.scores >= option.chosen.threshold
        assert option.metrics["recall"].value == pytest.approx(recall_score(holdout.y, called))
        assert option.metrics["precision"].value == pytest.approx(precision_score(holdout.y, called))
        assert option.metrics["f1"].value == pytest.approx(f1_score(holdout.y, called))
        assert option.alerts.value == pytest.approx(1000 * called.mean())
        assert option.cost.value == pytest.approx(1000 * (called != holdout.y).mean())
        assert option.metrics["recall"].low < option.metrics["recall"].value < option.metrics["recall"].high
    options = {each.name: each for each in found.options}
    assert options["recall at least 0.8"].chosen.recall >= 0.8
    assert 1000 * options["at most 100 alerts per 1,000"].chosen.share_positive <= 100
    assert (options["current (0.5)"].cost_change, found.notes) == (None, ())


def test_costs_and_their_change_like_resampling_the_rows() -> None:
    holdout = draw_true(1500, 2)
    rule = ThresholdRule(kind="cost", cost_false_negative=5, cost_true_positive=0.5)
    found = analyse_thresholds(draw_true(100_000, 1), holdout, rules=[rule])
    option = next(each for each in found.options if each.name == "lowest cost")
    # Elkan (2001): with true probabilities the best threshold is c10 / (c10 + c01 - c11) = 1 / 5.5.
    assert option.chosen.threshold == pytest.approx(1 / 5.5, abs=0.03)

    def costs(cut: float) -> np.ndarray:
        return np.array([[0, 1], [5, 0.5]])[holdout.y, (holdout.scores >= cut).astype(int)]

    own, current = costs(option.chosen.threshold), costs(0.5)
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 1500, (2000, 1500))
    for interval, values in ((option.cost, own), (option.cost_change, own - current)):
        assert interval is not None
        low, high = np.quantile(1000 * values[rows].mean(axis=1), [0.025, 0.975])
        assert interval.value == pytest.approx(1000 * values.mean())
        assert interval.low == pytest.approx(low, abs=0.1 * (high - low))
        assert interval.high == pytest.approx(high, abs=0.1 * (high - low))
    assert option.cost_change is not None
    assert option.cost_change.high < 0


def test_whether_a_demand_is_kept() -> None:
    chosen_on = draw_binary(20_000, seed=1, shift=1.5)
    rules = [ThresholdRule(kind="recall-at-least", level=0.8), ThresholdRule(kind="precision-at-least", level=0.999)]
    same = {
        each.name: each
        for each in analyse_thresholds(chosen_on, draw_binary(500, seed=3, shift=1.5), rules=rules).options
    }
    assert same["recall at least 0.8"].kept is None
    worse = draw_binary(5000, seed=2, shift=0.3)
    found = analyse_thresholds(chosen_on, worse, rules=rules)
    options = {each.name: each for each in found.options}
    assert options["recall at least 0.8"].kept is False
    easy = analyse_thresholds(chosen_on, draw_binary(5000, seed=2, shift=3), rules=rules)
    assert easy.options[1].kept is True


def test_the_curve_is_the_roc_curve_thinned() -> None:
    answers = draw_binary(20_000)
    curve = analyse_thresholds(draw_binary(500, seed=1), answers).curve
    assert 50 < len(curve) <= 200
    false, true, cuts = roc_curve(answers.y, answers.scores, drop_intermediate=False)
    at = {cut: (one, other) for cut, one, other in zip(cuts, false, true, strict=True)}
    for point in curve:
        assert (point.false_positive_rate, point.recall) == pytest.approx(at[point.threshold])
    assert curve[-1].recall == 1.0
    assert np.all(np.diff([point.threshold for point in curve]) < 0)


def test_copies_of_a_row_add_nothing() -> None:
    chosen_on, alone = draw_binary(1000, seed=1), draw_binary(500, seed=2)
    first = analyse_thresholds(chosen_on, alone).options[1]
    second = analyse_thresholds(chosen_on, copy_rows(alone, 4)).options[1]
    assert second.cost.width == pytest.approx(first.cost.width, rel=0.1)
    assert second.alerts.width == pytest.approx(first.alerts.width, rel=0.05)


def test_what_cannot_be_chosen_is_told() -> None:
    answers = draw_binary(300)
    same = analyse_thresholds(answers, answers)
    assert "too good" in same.notes[-1]
    noise = replace(answers, scores=np.full(300, 0.5))
    rules = [ThresholdRule(kind="precision-at-least", level=0.9)]
    assert "No threshold gives precision at least 0.9" in analyse_thresholds(noise, answers, rules=rules).notes[0]
    with pytest.raises(UserError, match="binary task"):
        analyse_thresholds(draw_classes(50), draw_classes(50))
    with pytest.raises(UserError, match="one class"):
        analyse_thresholds(answers, replace(answers, y=np.zeros(300, dtype=np.int64)))
