"""The intervals of metrics, against closed forms, reference libraries and simulation."""

import time
from typing import Literal

import numpy as np
import pytest
from scipy.stats import bootstrap, norm
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score, log_loss, roc_auc_score

from axagents.ml.intervals import average_interval, metric_interval, paired_interval, simultaneous_level
from axagents.ml.intervals.influence import precision_influence


def draw(rows: int, *, seed: int, shift: float = 1.0, share: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Binormal scores, as probabilities: their true AUC is Phi(shift / sqrt 2)."""
    rng = np.random.default_rng(seed)
    y = (rng.random(rows) < share).astype(np.int64)
    return y, norm.cdf(rng.normal(size=rows) + shift * y - shift / 2)


def delong_by_definition(y: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    """AUC and variance by the double sums of DeLong, DeLong and Clarke-Pearson (1988), eq. 2-5."""
    ones, zeros = scores[y == 1], scores[y == 0]
    pairs = (ones[:, None] > zeros[None, :]) + 0.5 * (ones[:, None] == zeros[None, :])
    return pairs.mean(), pairs.mean(axis=1).var(ddof=1) / len(ones) + pairs.mean(axis=0).var(ddof=1) / len(zeros)


def test_auc_is_delong_on_the_logit() -> None:
    y, scores = draw(300, seed=1)
    scores = scores.round(1)  # with ties
    auc, variance = delong_by_definition(y, scores)
    half = 1.959964 * np.sqrt(variance) / (auc * (1 - auc))
    centre = np.log(auc / (1 - auc))
    found = metric_interval("auc_roc", y, scores)
    assert found.value == pytest.approx(roc_auc_score(y, scores), abs=1e-12)
    assert found.low == pytest.approx(1 / (1 + np.exp(-(centre - half))), abs=1e-6)
    assert found.high == pytest.approx(1 / (1 + np.exp(-(centre + half))), abs=1e-6)


def test_paired_auc_is_the_paired_delong() -> None:
    y, first = draw(400, seed=2)
    second = np.clip(first + np.random.default_rng(3).normal(scale=0.1, size=400), 0, 1)
    ones = [s[y == 1] for s in (first, second)]
    zeros = [s[y == 0] for s in (first, second)]
    pairs = [(a[:, None] > b[None, :]) + 0.5 * (a[:, None] == b[None, :]) for a, b in zip(ones, zeros, strict=True)]
    gap = pairs[0] - pairs[1]
    variance = gap.mean(axis=1).var(ddof=1) / len(ones[0]) + gap.mean(axis=0).var(ddof=1) / len(zeros[0])
    found = paired_interval("auc_roc", y, first=first, second=second)
    assert found.value == pytest.approx(roc_auc_score(y, first) - roc_auc_score(y, second), abs=1e-12)
    assert found.width == pytest.approx(2 * 1.959964 * np.sqrt(variance), abs=1e-7)


@pytest.mark.parametrize(("name", "reference"), [("log_loss", log_loss), ("brier", brier_score_loss)])
def test_means_are_bca_like_scipy(name: str, reference: object) -> None:
    y, scores = draw(400, seed=4)
    assert callable(reference)
    found = metric_interval(name, y, scores)
    own = -np.log(np.where(y == 1, scores, 1 - scores)) if name == "log_loss" else (scores - y) ** 2
    theirs = bootstrap((own,), np.mean, method="BCa", n_resamples=9999, random_state=0).confidence_interval
    assert found.value == pytest.approx(reference(y, scores), abs=1e-9)
    # 1,000 resamples place a bound within a few hundredths of the width (Monte Carlo error).
    assert found.low == pytest.approx(theirs.low, abs=0.08 * found.width)
    assert found.high == pytest.approx(theirs.high, abs=0.08 * found.width)


def test_average_precision_like_a_plain_bootstrap() -> None:
    y, scores = draw(500, seed=5)
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(1000):
        rows = rng.integers(0, 500, 500)
        drawn.append(average_precision_score(y[rows], scores[rows]))
    found = metric_interval("auc_pr", y, scores)
    assert found.value == pytest.approx(average_precision_score(y, scores), abs=1e-12)
    assert found.width == pytest.approx(float(np.subtract(*np.quantile(drawn, [0.975, 0.025]))), rel=0.12)


def test_influence_of_a_row_on_average_precision_is_its_derivative() -> None:
    y, scores = draw(200, seed=6)
    scores = scores.round(2)
    value, influence = precision_influence(y == 1, scores)
    base = average_precision_score(y, scores)
    assert value == pytest.approx(base, abs=1e-12)
    for row in (0, 7, 100, 199):
        weights = np.ones(200)
        weights[row] += 1e-6
        moved = average_precision_score(y, scores, sample_weight=weights)
        assert influence[row] == pytest.approx((moved - base) / 1e-6, abs=1e-4)


def test_forty_of_forty_is_exact() -> None:
    # Clopper-Pearson by its closed form at n of n: .025 ** (1 / 40).
    y = np.ones(40, dtype=np.int64)
    found = metric_interval("accuracy", y, np.full(40, 0.9))
    assert (found.low, found.high) == (pytest.approx(0.025 ** (1 / 40)), 1.0)


def test_f1_by_the_interval_of_its_proportion() -> None:
    # 8 hits, 1 false alarm, 1 missed: J = 8 / 10, whose exact interval is [.4439, .9748] in the printed tables of
    # Clopper and Pearson; F1 = 2 J / (1 + J).
    y = np.array([1] * 9 + [0] * 21)
    scores = np.array([1.0] * 8 + [0.0] + [1.0] + [0.0] * 20)
    found = metric_interval("f1", y, scores)
    assert found.value == pytest.approx(f1_score(y, scores > 0.5), abs=1e-12)
    assert found.low == pytest.approx(2 * 0.4439 / 1.4439, abs=1e-4)
    assert found.high == pytest.approx(2 * 0.9748 / 1.9748, abs=1e-4)


@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_averages_like_resampling_the_rows(average: Literal["macro", "weighted"]) -> None:
    rng = np.random.default_rng(3)
    y = rng.choice(4, 600, p=[0.5, 0.3, 0.15, 0.05])
    predicted = np.where(rng.random(600) < 0.7, y, rng.integers(0, 4, 600))
    drawn = []
    for _ in range(1000):
        rows = rng.integers(0, 600, 600)
        drawn.append(f1_score(y[rows], predicted[rows], average=average, zero_division=0))
    low, high = np.quantile(drawn, [0.025, 0.975])
    found = average_interval("f1", y, predicted, classes=4, average=average)
    clustered = average_interval("f1", y, predicted, classes=4, average=average, entity=np.arange(600))
    assert found.value == pytest.approx(f1_score(y, predicted, average=average), abs=1e-12)
    for each in (found, clustered):
        assert (each.low, each.high) == (
            pytest.approx(low, abs=0.12 * (high - low)),
            pytest.approx(high, abs=0.12 * (high - low)),
        )


def test_paired_labels_like_resampling_the_rows() -> None:
    y, first = draw(500, seed=21)
    second = np.clip(first + np.random.default_rng(1).normal(scale=0.2, size=500), 0, 1)
    third = np.clip(first + np.random.default_rng(2).normal(scale=0.2, size=500), 0, 1)
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(1000):
        rows = rng.integers(0, 500, 500)
        one, *others = (f1_score(y[rows], scores[rows] >= 0.4) for scores in (first, second, third))
        drawn.append(one - np.mean(others))
    low, high = np.quantile(drawn, [0.025, 0.975])
    found = paired_interval("f1", y, first=first, second=[second, third], thresholds=(0.4, 0.4))
    assert found.low == pytest.approx(low, abs=0.12 * (high - low))
    assert found.high == pytest.approx(high, abs=0.12 * (high - low))


def test_perfect_ranking_is_not_certain() -> None:
    y = np.array([0] * 30 + [1] * 10)
    found = metric_interval("auc_roc", y, y.astype(float))
    assert found.value == found.high == 1.0
    assert found.low == pytest.approx(0.025 ** (1 / 10))


def test_repeats_are_averaged() -> None:
    y, first = draw(300, seed=7)
    second = np.clip(first + np.random.default_rng(1).normal(scale=0.05, size=300), 0, 1)
    both = metric_interval("auc_roc", y, [first, second])
    assert both.value == pytest.approx((roc_auc_score(y, first) + roc_auc_score(y, second)) / 2)
    same = metric_interval("auc_roc", y, [first, first])
    assert same.low == pytest.approx(metric_interval("auc_roc", y, first).low)


def test_copies_of_a_row_do_not_narrow_a_clustered_interval() -> None:
    y, scores = draw(300, seed=8)
    rows = np.repeat(np.arange(300), 4)
    for name in ("auc_roc", "log_loss", "f1", "accuracy", "auc_pr"):
        alone = metric_interval(name, y, scores)
        clustered = metric_interval(name, y[rows], scores[rows], entity=rows)
        careless = metric_interval(name, y[rows], scores[rows])
        assert clustered.width == pytest.approx(alone.width, rel=0.15), name
        assert careless.width == pytest.approx(alone.width / 2, rel=0.15), name


def test_equal_models_do_not_differ() -> None:
    y, scores = draw(200, seed=9)
    for name in ("auc_roc", "log_loss", "f1"):
        found = paired_interval(name, y, first=scores, second=scores)
        assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_regression_and_classes() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=400)
    predicted = y + rng.normal(scale=0.5, size=400)
    for name in ("rmse", "mae", "r2", "mape"):
        found = metric_interval(name, y, predicted)
        assert found.low < found.value < found.high
    codes = rng.integers(0, 3, 300)
    chances = rng.dirichlet(np.ones(3), 300)
    chances[np.arange(300), codes] += 0.3
    chances /= chances.sum(axis=1, keepdims=True)
    for name in ("accuracy", "f1", "auc_roc", "auc_pr", "log_loss", "brier"):
        found = metric_interval(name, codes, chances)
        assert found.low < found.value < found.high, name


@pytest.mark.parametrize(("name", "least"), [("auc_roc", 0.92), ("f1", 0.92), ("auc_pr", 0.92), ("recall", 0.92)])
def test_coverage(name: str, least: float) -> None:
    """Of 200 samples of 200 rows at least 92 % hold the truth: 95 % less two standard errors of 200 trials."""
    big_y, big_scores = draw(400_000, seed=0)
    truth = metric_interval(name, big_y, big_scores).value
    held = 0
    for seed in range(200):
        y, scores = draw(200, seed=1000 + seed)
        found = metric_interval(name, y, scores, seed=0)
        held += found.low <= truth <= found.high
    assert held / 200 >= least


def test_a_million_rows_take_seconds() -> None:
    y, scores = draw(1_000_000, seed=10)
    started = time.process_time()
    for name in ("accuracy", "f1", "auc_roc", "auc_pr", "log_loss", "brier"):
        found = metric_interval(name, y, scores)
        assert 0 < found.width < 0.02, name
    assert time.process_time() - started < 20


def test_bonferroni() -> None:
    assert simultaneous_level(0.95, 5) == pytest.approx(0.99)
