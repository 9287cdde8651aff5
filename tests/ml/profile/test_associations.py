"""Associations against scipy and scikit-learn."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from axagents.ml.columns import choose_task, infer_columns
from axagents.ml.profile.associations import (
    associate_categories,
    associate_mixed,
    associate_target,
    correlate,
    correlate_numbers,
    correlate_ranks,
    find_strong_pairs,
)


@pytest.fixture
def pair() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=500)
    y = np.exp(x) + rng.normal(size=500)
    y[::17] = np.nan
    return x, y


def test_correlations_over_complete_pairs(pair: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = pair
    known = ~np.isnan(y)
    assert correlate(x, y) == pytest.approx(stats.pearsonr(x[known], y[known]).statistic, abs=1e-12)
    assert correlate_ranks(x, y) == pytest.approx(stats.spearmanr(x[known], y[known]).statistic, abs=1e-12)


def test_a_constant_has_no_correlation() -> None:
    assert correlate(np.ones(50), np.arange(50.0)) is None


def test_the_matrix_is_that_of_pandas(pair: tuple[np.ndarray, np.ndarray]) -> None:
    frame = pd.DataFrame({"x": pair[0], "y": pair[1], "z": pair[0] ** 2})
    matrix = correlate_numbers(frame, infer_columns(frame))
    assert matrix is not None
    np.testing.assert_allclose(np.array(matrix.pearson, dtype=float), frame.corr(), atol=1e-12)
    np.testing.assert_allclose(np.array(matrix.spearman, dtype=float), frame.corr("spearman"), atol=1e-12)


def test_cramers_v_is_bergsmas() -> None:
    rng = np.random.default_rng(1)
    one = rng.integers(0, 4, 800)
    other = np.where(rng.random(800) < 0.5, one % 3, rng.integers(0, 3, 800))
    table = pd.crosstab(one, other).to_numpy()
    # Bergsma (2013), eq. 7 and below, on scipy's chi-square without Yates' correction.
    n, (r, c) = table.sum(), table.shape
    phi2 = stats.chi2_contingency(table, correction=False).statistic / n
    corrected = max(0.0, phi2 - (r - 1) * (c - 1) / (n - 1))
    expected = np.sqrt(corrected / min(r - (r - 1) ** 2 / (n - 1) - 1, c - (c - 1) ** 2 / (n - 1) - 1))
    assert associate_categories(one, other) == pytest.approx(float(expected), abs=1e-12)
    assert associate_categories(one, one) == pytest.approx(1.0, abs=1e-9)
    assert associate_categories(one, rng.permutation(other)) == pytest.approx(0.0, abs=0.06)
    assert associate_categories(one, np.zeros(800, dtype=int)) is None


def test_the_correlation_ratio_is_that_of_an_analysis_of_variance() -> None:
    rng = np.random.default_rng(2)
    codes = rng.integers(0, 3, 600)
    numbers = codes * 0.7 + rng.normal(size=600)
    # eta^2 = F (k - 1) / (F (k - 1) + n - k), with scipy's one-way F.
    f = stats.f_oneway(*[numbers[codes == level] for level in range(3)]).statistic
    expected = np.sqrt(f * 2 / (f * 2 + 597))
    assert associate_mixed(codes, numbers) == pytest.approx(float(expected), abs=1e-12)


def test_a_binary_target() -> None:
    rng = np.random.default_rng(3)
    y = rng.random(700) < 0.3
    frame = pd.DataFrame(
        {
            "y": np.where(y, "Yes", "No"),
            "x": y + rng.normal(size=700),
            "plan": np.where(rng.random(700) < 0.2 + 0.5 * y, "gold", "silver"),
            "user_id": [f"u{i}" for i in range(700)],
        }
    )
    columns = infer_columns(frame, target="y")
    choice = choose_task(frame["y"], columns[0])
    found = {
        each.column: each
        for each in associate_target(
            frame.assign(y=y.astype(float)), columns, frame["y"], spec=columns[0], choice=choice
        )
    }
    assert set(found) == {"x", "plan"}
    assert found["x"].auc == pytest.approx(roc_auc_score(y, frame["x"]), abs=1e-12)
    straight = stats.pearsonr(frame["x"], y.astype(float)).statistic
    ranked = stats.spearmanr(frame["x"], y).statistic
    assert found["x"].value == pytest.approx(max(straight, ranked), abs=1e-12)
    assert found["plan"].measure == "cramers_v"


def test_strong_pairs_are_sorted() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=300)
    frame = pd.DataFrame({"a": x, "b": x + 0.1 * rng.normal(size=300), "c": -x + 0.5 * rng.normal(size=300)})
    columns = infer_columns(frame)
    pairs = find_strong_pairs(frame, columns, correlate_numbers(frame, columns))
    assert [(pair.one, pair.other) for pair in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert pairs[1].value < -0.8
