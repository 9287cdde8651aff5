"""Decision thresholds, against scikit-learn's curves and by trying every one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score, precision_score, recall_score, roc_curve

from axagents.errors import UserError
from axagents.ml.thresholds import ThresholdRule, choose_threshold, rule_for


def draw(seed: int, rows: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = np.append(rng.integers(0, 2, rows - 2), [0, 1])
    return y, np.round(np.clip(rng.normal(0.3 + 0.3 * y, 0.25), 0, 1), 1)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000))
def test_f1_is_the_best_of_all(seed: int) -> None:
    y, scores = draw(seed)
    best = max(f1_score(y, scores >= cut) for cut in np.unique(scores))
    found = choose_threshold(y, scores)
    called = scores >= found.threshold
    assert found.f1 == pytest.approx(best)
    assert found.f1 == pytest.approx(f1_score(y, called))
    assert found.precision == pytest.approx(precision_score(y, called))
    assert found.recall == pytest.approx(recall_score(y, called))
    assert found.share_positive == pytest.approx(called.mean())


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000))
def test_youden_like_the_roc_curve(seed: int) -> None:
    y, scores = draw(seed)
    false, true, _ = roc_curve(y, scores)
    called = scores >= choose_threshold(y, scores, ThresholdRule(kind="youden")).threshold
    reached = called[y == 1].mean() - called[y == 0].mean()
    assert reached == pytest.approx((true - false).max())


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 10))
def test_cost_is_the_lowest_of_all(seed: int, missed: float) -> None:
    y, scores = draw(seed)

    def cost(cut: float) -> float:
        called = scores >= cut
        return float((called & (y == 0)).sum() + missed * (~called & (y == 1)).sum())

    found = choose_threshold(y, scores, ThresholdRule(kind="cost", cost_false_negative=missed))
    assert found.cost == pytest.approx(min(cost(cut) for cut in [*np.unique(scores), 2.0]))
    assert cost(found.threshold) == pytest.approx(found.cost)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.3, 0.95))
def test_demands_are_kept_at_the_best_of_the_other(seed: int, level: float) -> None:
    y, scores = draw(seed)
    cuts = np.unique(scores)
    precision = {cut: precision_score(y, scores >= cut) for cut in cuts}
    recall = {cut: recall_score(y, scores >= cut) for cut in cuts}
    found = choose_threshold(y, scores, ThresholdRule(kind="recall-at-least", level=level))
    assert found.met
    assert found.recall >= level
    assert found.precision == pytest.approx(max(precision[cut] for cut in cuts if recall[cut] >= level))
    found = choose_threshold(y, scores, ThresholdRule(kind="precision-at-least", level=level))
    reachable = [recall[cut] for cut in cuts if precision[cut] >= level]
    assert found.met == bool(reachable)
    if reachable:
        assert found.recall == pytest.approx(max(reachable))
    else:
        assert found.precision == pytest.approx(max(precision.values()))


def test_fixed_thresholds_gaps_and_one_class() -> None:
    y, scores = draw(1)
    fixed = choose_threshold(y, scores, ThresholdRule(kind="fixed", level=0.5))
    assert (fixed.threshold, fixed.recall) == (0.5, pytest.approx(recall_score(y, scores >= 0.5)))
    nobody = choose_threshold(y, scores, ThresholdRule(kind="fixed", level=1.0))
    assert nobody.recall == pytest.approx(recall_score(y, scores >= 1.0))
    gaps = np.where(np.arange(60) % 4 == 0, np.nan, scores)
    assert np.isfinite(choose_threshold(y, gaps).threshold)
    with pytest.raises(UserError, match="both classes"):
        choose_threshold(np.zeros(10, dtype=np.int64), np.linspace(0, 1, 10))
    assert (rule_for("accuracy").kind, rule_for("auc_roc").kind) == ("cost", "f1")


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.floats(20, 900))
def test_alerts_stay_within_their_number(seed: int, alerts: float) -> None:
    y, scores = draw(seed)
    found = choose_threshold(y, scores, ThresholdRule(kind="alerts-at-most", alerts_per_thousand=alerts))
    called = scores >= found.threshold
    assert 1000 * called.mean() <= alerts
    allowed = [cut for cut in [*np.unique(scores), 2.0] if 1000 * (scores >= cut).mean() <= alerts]
    assert found.recall == pytest.approx(max(recall_score(y, scores >= cut) for cut in allowed))
    assert found.share_positive == pytest.approx(called.mean())


def test_a_hit_may_gain_and_a_contact_may_cost() -> None:
    y, scores = draw(3)
    # Elkan (2001), eq. 2: call a row positive from p = (c10 - c00) / (c10 - c00 + c01 - c11); here all four are known.
    rule = ThresholdRule(
        kind="cost", cost_true_positive=-8, cost_false_positive=2, cost_false_negative=1, cost_true_negative=0.5
    )

    def cost(cut: float) -> float:
        called, positive = scores >= cut, y == 1
        counts = [(called & positive).sum(), (called & ~positive).sum(), (~called & positive).sum()]
        return float(np.dot([-8, 2, 1], counts) + 0.5 * (~called & ~positive).sum())

    found = choose_threshold(y, scores, rule)
    assert found.cost == pytest.approx(min(cost(cut) for cut in [*np.unique(scores), 2.0]))
    large = np.random.default_rng(0).random(400_000)
    drawn = (np.random.default_rng(1).random(400_000) < large).astype(np.int64)
    assert choose_threshold(drawn, large, rule).threshold == pytest.approx(1.5 / (1.5 + 9), abs=0.02)
