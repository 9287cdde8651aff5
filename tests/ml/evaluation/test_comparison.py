"""Paired comparison, against scikit-learn, statsmodels and resampled rows."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn import metrics as reference
from statsmodels.stats.contingency_tables import mcnemar

from axagents.errors import UserError
from axagents.ml.evaluation.answers import Answers
from axagents.ml.evaluation.comparison import compare_answers
from axagents.ml.intervals import metric_levels
from tests.ml.evaluation.samples import copy_rows, draw_binary, draw_classes, draw_values


def disturb(answers: Answers, scale: float, seed: int = 9) -> Answers:
    """A worse model of the same rows."""
    noise = np.random.default_rng(seed).normal(scale=scale, size=answers.scores.shape)
    if answers.task == "regression":
        return replace(answers, scores=answers.scores + noise)
    scores = np.clip(answers.scores + noise, 0.001, 0.999)
    return replace(answers, scores=scores / scores.sum(axis=1, keepdims=True) if scores.ndim == 2 else scores)


def test_every_metric_like_scikit_learn() -> None:
    first = draw_binary(1500)
    second = replace(disturb(first, 0.2), threshold=0.4)
    found = compare_answers(first, second)
    each = {one.metric: one for one in found.differences}
    assert found.primary == found.differences[0].metric == "auc_roc"
    assert each["auc_roc"].difference.value == pytest.approx(
        reference.roc_auc_score(first.y, first.scores) - reference.roc_auc_score(first.y, second.scores)
    )
    assert each["f1"].difference.value == pytest.approx(
        reference.f1_score(first.y, first.scores >= 0.5) - reference.f1_score(first.y, second.scores >= 0.4)
    )
    assert each["brier"].second == pytest.approx(reference.brier_score_loss(first.y, second.scores))
    assert found.better == "first"
    assert each["log_loss"].better == "first"
    assert found.changed == int(((first.scores >= 0.5) != (second.scores >= 0.4)).sum())
    assert compare_answers(second, first).better == "second"


def test_accuracy_agrees_with_mcnemar() -> None:
    """Where McNemar's exact test is far from 5 %, the paired interval of the accuracy tells the same."""
    agreed = 0
    for seed in range(30):
        first = draw_binary(300, seed=seed, shift=1.5)
        second = disturb(first, 0.25, seed)
        right = [each.labels == first.y for each in (first, second)]
        table = [[0, (right[0] & ~right[1]).sum()], [(~right[0] & right[1]).sum(), 0]]
        chance = mcnemar(table, exact=True).pvalue
        better = compare_answers(first, second, metrics=["accuracy"]).better
        if chance < 0.02 or chance > 0.1:
            agreed += 1
            assert (better is not None) == (chance < 0.05), seed
    assert agreed > 15


def test_the_others_hold_together() -> None:
    first = draw_binary(400)
    found = compare_answers(first, disturb(first, 0.1), primary="f1")
    assert [each.difference.level for each in found.differences[:2]] == [0.95, pytest.approx(1 - 0.05 / 7)]
    # Bonferroni by hand: three pairs, and three pairs of two other metrics.
    assert metric_levels(["a", "b", "c"], pairs=3) == pytest.approx(
        {"a": 1 - 0.05 / 3, "b": 1 - 0.05 / 6, "c": 1 - 0.05 / 6}
    )


@pytest.mark.parametrize("answers", [draw_classes(500), draw_values(500)], ids=["classes", "values"])
def test_other_tasks_and_equal_models(answers: Answers) -> None:
    found = compare_answers(answers, disturb(answers, 0.3))
    assert found.better == "first"
    same = compare_answers(answers, answers)
    assert same.better is None
    assert all((each.difference.low, each.difference.high) == (0, 0) for each in same.differences)


def test_copies_of_a_row_add_nothing() -> None:
    first = draw_binary(400)
    second = disturb(first, 0.15)
    alone = compare_answers(first, second)
    copies = compare_answers(copy_rows(first, 4), copy_rows(second, 4))
    for one, other in zip(alone.differences, copies.differences, strict=True):
        assert other.difference.width == pytest.approx(one.difference.width, rel=0.15), one.metric


def test_coverage_of_the_difference() -> None:
    """Two models of equal worth: of 400 comparisons of 200 rows each metric's interval leaves out zero in 2-8 %."""
    names = ("auc_roc", "accuracy", "f1", "log_loss")
    beyond = dict.fromkeys(names, 0)
    for seed in range(400):
        rng = np.random.default_rng(seed)
        y = (rng.random(200) < 0.4).astype(np.int64)
        shared = rng.normal(size=200) + y
        scores = [1 / (1 + np.exp(-(shared + 0.7 * rng.normal(size=200) - 0.5))) for _ in range(2)]
        first, second = (Answers("binary", y, each, ("no", "yes")) for each in scores)
        for name in names:
            beyond[name] += compare_answers(first, second, metrics=[name]).better is not None
    assert all(0.02 <= count / 400 <= 0.085 for count in beyond.values()), beyond


def test_what_cannot_be_paired() -> None:
    first = draw_binary(100)
    with pytest.raises(UserError, match="not on the same rows"):
        compare_answers(first, draw_binary(100, seed=4))
    with pytest.raises(UserError, match="the same classes"):
        compare_answers(first, replace(first, classes=("nein", "ja")))
    with pytest.raises(UserError, match="does not fit"):
        compare_answers(first, first, primary="rmse")
    zeros = replace(draw_values(50), y=np.zeros(50))
    assert "mape" not in {each.metric for each in compare_answers(zeros, zeros).differences}
    with pytest.raises(UserError, match="cannot decide"):
        compare_answers(zeros, zeros, primary="mape")
