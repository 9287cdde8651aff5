"""Performance, against scikit-learn, statsmodels and scipy, and by simulation."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import bootstrap, quantile_test
from sklearn import metrics as reference
from statsmodels.stats.proportion import proportion_confint

from axagents.errors import UserError
from axagents.ml.evaluation.answers import Answers
from axagents.ml.evaluation.performance import interval_of, measure_performance
from axagents.ml.intervals.quantiles import quantile_interval
from tests.ml.evaluation.samples import copy_rows, draw_binary, draw_classes, draw_values


def test_two_classes_like_the_references() -> None:
    answers = draw_binary(2000)
    called = answers.scores >= 0.5
    found = measure_performance(answers)
    y = answers.y
    assert {name: each.value for name, each in found.metrics.items()} == pytest.approx(
        {
            "accuracy": reference.accuracy_score(y, called),
            "precision": reference.precision_score(y, called),
            "recall": reference.recall_score(y, called),
            "f1": reference.f1_score(y, called),
            "auc_roc": reference.roc_auc_score(y, answers.scores),
            "auc_pr": reference.average_precision_score(y, answers.scores),
            "log_loss": reference.log_loss(y, answers.scores),
            "brier": reference.brier_score_loss(y, answers.scores),
        }
    )
    recall = found.metrics["recall"]
    expected = proportion_confint((called & (y == 1)).sum(), (y == 1).sum(), method="wilson")
    assert (recall.low, recall.high) == pytest.approx(expected)
    assert found.confusion is not None
    assert np.array_equal(found.confusion.counts, reference.confusion_matrix(y, called))
    shares = reference.confusion_matrix(y, called, normalize="true")
    assert np.allclose(found.confusion.shares, shares)


@pytest.mark.parametrize("answers", [draw_binary(800), draw_classes(800)], ids=["two", "four"])
def test_classes_and_averages_like_scikit_learn(answers: Answers) -> None:
    found = measure_performance(answers)
    parts = reference.precision_recall_fscore_support(answers.y, answers.labels)
    for place, name in enumerate(("precision", "recall", "f1")):
        assert [each.metrics[name].value for each in found.classes] == pytest.approx(list(parts[place]))
    assert [each.support for each in found.classes] == list(parts[3])
    for average in ("micro", "macro", "weighted"):
        expected = reference.precision_recall_fscore_support(answers.y, answers.labels, average=average)[:3]
        assert [each.value for each in found.averages[average].values()] == pytest.approx(list(expected))
        assert all(each.low < each.value < each.high for each in found.averages[average].values())
    if answers.task == "multiclass":
        areas = [reference.roc_auc_score(answers.y == code, answers.scores[:, code]) for code in range(4)]
        assert [each.metrics["auc_roc"].value for each in found.classes] == pytest.approx(areas)


def test_values_like_the_references() -> None:
    answers = draw_values(500)
    found = measure_performance(answers)
    assert found.metrics["r2"].value == pytest.approx(reference.r2_score(answers.y, answers.scores))
    assert found.residuals is not None
    gaps = answers.y - answers.scores
    for share, each in found.residuals.quantiles.items():
        theirs = quantile_test(gaps, q=0, p=share).confidence_interval(0.95)
        assert each.value == pytest.approx(np.quantile(gaps, share))
        # scipy puts NaN where we put infinity.
        assert np.nan_to_num([each.low, each.high], posinf=9, neginf=-9) == pytest.approx(
            [np.nan_to_num(theirs.low, nan=-9), np.nan_to_num(theirs.high, nan=9)]
        )
    spread = bootstrap((gaps,), np.mean, method="BCa", random_state=0).confidence_interval
    assert found.residuals.mean.low == pytest.approx(spread.low, abs=0.1 * found.residuals.mean.width)


def test_targets_of_zero_are_told() -> None:
    answers = draw_values(100)
    zeros = replace(answers, y=np.where(np.arange(100) < 10, 0.0, answers.y))
    found = measure_performance(zeros, metrics=["mape"])
    expected = reference.mean_absolute_percentage_error(zeros.y[10:], zeros.scores[10:])
    assert found.metrics["mape"].value == pytest.approx(expected)
    assert "10 of 100 rows have a target of zero" in found.notes[0]
    none = measure_performance(replace(answers, y=np.zeros(100)), metrics=["mape", "r2", "rmse"])
    assert list(none.metrics) == ["rmse"]
    assert any("every target is zero" in note for note in none.notes)


@pytest.mark.parametrize("draw", [draw_binary, draw_classes, draw_values])
def test_copies_of_a_row_add_nothing(draw: object) -> None:
    assert callable(draw)
    alone = draw(400)
    copies = copy_rows(alone, 5)
    first, second = measure_performance(alone), measure_performance(copies)
    assert second.entities == 400
    for name, one in first.metrics.items():
        assert second.metrics[name].value == pytest.approx(one.value), name
        assert second.metrics[name].width == pytest.approx(one.width, rel=0.15), name
    for average, figures in first.averages.items():
        for name, one in figures.items():
            assert second.averages[average][name].width == pytest.approx(one.width, rel=0.15)


NAMES = ("accuracy", "precision", "recall", "f1", "auc_roc")


@pytest.mark.parametrize(("shift", "share"), [(1.0, 0.3), (2.0, 0.2)])
def test_coverage_at_200_rows(shift: float, share: float) -> None:
    """Of 1,500 samples of 200 rows 93-97 % hold the truth (two standard errors are 1.1 %)."""
    large = draw_binary(1_000_000, shift=shift, share=share)
    truth = {name: interval_of(name, large).value for name in NAMES}
    held = dict.fromkeys(NAMES, 0)
    for seed in range(1500):
        answers = draw_binary(200, seed=10_000 + seed, shift=shift, share=share)
        for name in NAMES:
            found = interval_of(name, answers)
            held[name] += found.low <= truth[name] <= found.high
    assert all(0.93 <= count / 1500 <= 0.97 for count in held.values()), held


def test_coverage_of_a_clustered_quantile() -> None:
    """Of 1,000 samples of 100 entities with 4 rows each about 95 % hold the median, 0."""
    rng = np.random.default_rng(0)
    units = np.repeat(np.arange(100), 4)
    held = 0
    for _ in range(1000):
        found = quantile_interval(rng.normal(size=100)[units] + rng.normal(size=400), 0.5, units=units)
        held += found.low <= 0 <= found.high
    assert 0.93 <= held / 1000 <= 0.97


def test_bad_answers_are_told() -> None:
    good, values, classes = draw_binary(20), draw_values(20), draw_classes(20)
    gap = good.scores.copy()
    gap[[3, 7]] = np.nan
    bad = [
        (replace(good, y=good.y[:0], scores=good.scores[:0]), "no rows"),
        (replace(good, y=np.ones(20, dtype=np.int64)), "all 20 rows are of one class, 'yes'"),
        (replace(good, scores=gap), "2 of 20 rows have a score that is missing or infinite, the first in row 3"),
        (replace(good, scores=good.scores * 3), "probabilities lie between 0 and 1"),
        (replace(good, scores=good.scores[:5]), "20 labels and 5 scores"),
        (replace(good, entity=np.arange(3)), "3 entities"),
        (replace(good, y=good.y + 1), "is no class of the model"),
        (replace(good, scores=classes.scores), "one score a row"),
        (replace(values, y=np.where(np.arange(20) == 5, np.nan, values.y)), "label that is missing or infinite"),
        (replace(classes, scores=classes.scores[:, :3]), "4 classes gives 4 probabilities"),
        (replace(classes, scores=classes.scores / 2), "sum to 0.5, not to 1"),
    ]
    for answers, words in bad:
        with pytest.raises(UserError, match=words):
            measure_performance(answers)
    with pytest.raises(UserError, match="does not fit a binary task"):
        measure_performance(good, metrics=["rmse"])


def test_a_class_that_is_absent_or_rare_is_told() -> None:
    answers = draw_classes(300)
    kept = answers.take(answers.y != 2)
    notes = " ".join(measure_performance(kept).notes)
    assert "No row is 'c', though" in notes
    few = answers.take((answers.y != 1) | (np.cumsum(answers.y == 1) <= 5))
    assert "Only 5 rows are 'b'" in " ".join(measure_performance(few).notes)
