"""Metrics, against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as reference

from axagents.errors import UserError
from axagents.ml.metrics import METRICS, compute_metric, find_metric, metrics_for, primary_metric

ROWS = 60


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.int64, ROWS, elements=st.integers(0, 1)).filter(lambda y: 0 < y.sum() < ROWS),
    arrays(np.float64, ROWS, elements=st.integers(1, 99).map(lambda x: x / 100)),
    st.sampled_from([0.2, 0.5, 0.8]),
)
def test_binary(y: np.ndarray, scores: np.ndarray, threshold: float) -> None:
    called = scores >= threshold
    expected = {
        "accuracy": reference.accuracy_score(y, called),
        "precision": reference.precision_score(y, called, zero_division=0),
        "recall": reference.recall_score(y, called, zero_division=0),
        "f1": reference.f1_score(y, called, zero_division=0),
        "auc_roc": reference.roc_auc_score(y, scores),
        "auc_pr": reference.average_precision_score(y, scores),
        "log_loss": reference.log_loss(y, scores),
        "brier": reference.brier_score_loss(y, scores),
    }
    for name, value in expected.items():
        assert compute_metric(name, y, scores, threshold=threshold) == pytest.approx(value, abs=1e-10), name


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_multiclass(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = np.append(rng.integers(0, 4, 80), [0, 1, 2, 3])
    scores = rng.dirichlet(np.ones(4), 84)
    called = scores.argmax(axis=1)
    expected = {
        "accuracy": reference.accuracy_score(y, called),
        "precision": reference.precision_score(y, called, average="macro", zero_division=0),
        "recall": reference.recall_score(y, called, average="macro", zero_division=0),
        "f1": reference.f1_score(y, called, average="macro", zero_division=0),
        "auc_roc": reference.roc_auc_score(y, scores, multi_class="ovr", average="macro"),
        "auc_pr": reference.average_precision_score(np.eye(4)[y], scores, average="macro"),
        "log_loss": reference.log_loss(y, scores),
        "brier": reference.brier_score_loss(y, scores, scale_by_half=False),
    }
    for name, value in expected.items():
        assert compute_metric(name, y, scores) == pytest.approx(value, abs=1e-10), name


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_regression(seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.normal(loc=1e6, size=50)
    predicted = y + rng.normal(size=50)
    expected = {
        "rmse": reference.root_mean_squared_error(y, predicted),
        "mae": reference.mean_absolute_error(y, predicted),
        "r2": reference.r2_score(y, predicted),
        "mape": reference.mean_absolute_percentage_error(y, predicted),
    }
    for name, value in expected.items():
        assert compute_metric(name, y, predicted) == pytest.approx(value, rel=1e-6), name


def test_a_target_of_zero_has_no_percentage_error() -> None:
    y, predicted = np.array([0.0, 2.0, -4.0, 0.0]), np.array([1.0, 3.0, -5.0, 9.0])
    # By hand: (1/2 + 1/4) / 2; scikit-learn would divide by the smallest number there is.
    assert compute_metric("mape", y, predicted) == pytest.approx(0.375)
    assert np.isnan(compute_metric("mape", np.zeros(4), predicted))


def test_names() -> None:
    assert [find_metric(name).name for name in ("f1_score", "roc_auc", "auc", "AUC-PR")] == [
        "f1", "auc_roc", "auc_roc", "auc_pr",
    ]  # fmt: skip
    assert metrics_for("regression") == ("rmse", "mae", "r2", "mape")
    assert all(find_metric(primary_metric(task), task) for task in ("binary", "multiclass", "regression"))
    with pytest.raises(UserError, match="did you mean accuracy"):
        find_metric("acuracy")
    with pytest.raises(UserError, match="does not fit a binary task") as caught:
        find_metric("rmse", "binary")
    assert "auc_roc" in caught.value.legal


def test_a_ranking_of_one_class_is_undefined() -> None:
    assert np.isnan(compute_metric("auc_roc", np.zeros(5, dtype=int), np.linspace(0, 1, 5)))
    assert {name for name, metric in METRICS.items() if metric.needs == "ranks"} == {"auc_roc", "auc_pr"}
