"""Calibration: it helps where it should, and stays away where it does not."""

import numpy as np
import pytest
from scipy.special import expit, logit, softmax
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from axagents.ml.calibration import Calibrator, choose_calibrator, fit_calibrator


def draw(rows: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """True probabilities and outcomes drawn from them."""
    rng = np.random.default_rng(seed)
    chance = expit(rng.normal(-1, 1.5, rows))
    return (rng.random(rows) < chance).astype(np.int64), chance


def test_sigmoid_like_scikit_learn() -> None:
    """With many rows Platt's smoothed targets hardly matter: the fit is an unpenalised logistic regression."""
    y, chance = draw(20_000)
    scores = expit(2 * logit(chance) + 1)
    found = fit_calibrator("sigmoid", y, scores)
    reference = LogisticRegression(C=np.inf).fit(logit(scores)[:, None], y)
    assert found.slope == pytest.approx(float(reference.coef_[0, 0]), rel=5e-3)
    assert found.intercept == pytest.approx(float(reference.intercept_[0]), abs=5e-3)


def test_isotonic_like_scikit_learn() -> None:
    y, scores = draw(3000)
    reference = IsotonicRegression(out_of_bounds="clip").fit(scores, y)
    asked = np.linspace(0.01, 0.99, 50)
    edge = 1 / 6000
    assert fit_calibrator("isotonic", y, scores).apply(asked) == pytest.approx(
        np.clip(reference.predict(asked), edge, 1 - edge), abs=1e-9
    )


def test_temperature_is_recovered() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 3))
    chance = softmax(logits, axis=1)
    y = (rng.random(20_000)[:, None] > chance.cumsum(axis=1)).sum(axis=1)
    found = choose_calibrator(y, softmax(logits * 2.5, axis=1))
    assert found is not None
    assert found.temperature == pytest.approx(2.5, rel=0.03)
    assert choose_calibrator(y, chance) is None


def test_distorted_scores_are_mended_and_good_ones_left_alone() -> None:
    y, chance = draw(4000)
    found = choose_calibrator(y, expit(2.5 * logit(chance) + 1.5))
    assert found is not None
    assert found.kind == "sigmoid"
    assert found.slope == pytest.approx(1 / 2.5, rel=0.12)
    false_alarms = [choose_calibrator(*draw(1500, seed=seed)) for seed in range(40)]
    # Two looks at 2.5 % each, and a gain that must be seen: few of 40 honest scores are touched.
    assert sum(each is not None for each in false_alarms) <= 3


def test_a_step_needs_isotonic() -> None:
    rng = np.random.default_rng(0)
    scores = rng.random(6000)
    y = (rng.random(6000) < np.where(scores > 0.4, 0.75, 0.08)).astype(np.int64)
    found = choose_calibrator(y, scores)
    assert found is not None
    assert found.kind == "isotonic"


def test_few_rows_missing_scores_and_one_class() -> None:
    y, chance = draw(60)
    assert choose_calibrator(y, chance**3) is None
    y, chance = draw(4000)
    scores = expit(3 * logit(chance))
    scores[::3] = np.nan
    assert choose_calibrator(y, scores) is not None
    assert choose_calibrator(np.zeros(500, dtype=np.int64), np.full(500, 0.2)) is None


def test_json_and_back() -> None:
    y, chance = draw(3000)
    for kind in ("sigmoid", "isotonic"):
        found = fit_calibrator(kind, y, chance)
        again = Calibrator.model_validate_json(found.model_dump_json())
        assert np.array_equal(again.apply(chance), found.apply(chance))
        assert np.all(np.diff(found.apply(np.linspace(0, 1, 200))) >= 0)
