"""Curves keep the shape that scikit-learn gives while being thinned."""

import numpy as np
import pytest
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_auc_score

from axagents.ml.evaluation.answers import Answers
from axagents.ml.evaluation.curves import draw_curves

RNG = np.random.default_rng(0)


def test_the_thinned_roc_has_the_area_of_the_whole() -> None:
    y = RNG.integers(0, 2, 20_000)
    scores = np.clip(0.5 + 0.15 * (y - 0.5) + 0.2 * RNG.normal(size=len(y)), 0, 1)
    (curves,) = draw_curves(Answers("binary", y, scores, classes=("no", "yes"))).classes
    assert curves.auc_roc == pytest.approx(roc_auc_score(y, scores), abs=1e-12)
    assert curves.auc_pr == pytest.approx(average_precision_score(y, scores), abs=1e-12)
    across, up = np.array(curves.roc).T
    assert len(across) <= 165
    assert auc(across, up) == pytest.approx(curves.auc_roc, abs=1e-3)
    assert (across[[0, -1]], up[[0, -1]]) == (pytest.approx([0, 1]), pytest.approx([0, 1]))
    precision, recall, _ = precision_recall_curve(y, scores)
    drawn_recall, drawn_precision = np.array(curves.precision_recall).T
    inside = (drawn_recall > 0.05) & (drawn_recall < 0.95)
    expected = np.interp(drawn_recall[inside], recall[::-1], precision[::-1])
    assert drawn_precision[inside] == pytest.approx(expected, abs=0.01)


def test_several_classes_each_against_the_rest() -> None:
    y = RNG.integers(0, 12, 3000)
    scores = RNG.dirichlet(np.ones(12), 3000)
    found = draw_curves(Answers("multiclass", y, scores, classes=tuple("abcdefghijkl"))).classes
    assert len(found) == 8
    code = "abcdefghijkl".index(found[0].name)
    assert found[0].auc_roc == pytest.approx(roc_auc_score(y == code, scores[:, code]), abs=1e-12)


def test_values_are_a_sample_of_pairs() -> None:
    y = RNG.normal(size=5000)
    pairs = draw_curves(Answers("regression", y, y + 1)).scatter
    assert len(pairs) == 400
    assert all(up == pytest.approx(across + 1, abs=2e-5) for across, up in pairs)
