"""Differences of experiments by the best evidence both have, checked against scipy and closed forms."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from axagents.errors import NotFound, UserError
from axagents.project import Project
from axagents.stores.tracking.entries import log_files, log_metrics, set_tags
from axagents.stores.tracking.experiments import open_experiment
from axagents.stores.tracking.predictions import FOLDER, OutOfFold, PredictionFacts, write_predictions
from axagents.stores.tracking.runs import finish_run, open_run
from axagents.stores.tracking.tags import CLAIMED, SPLIT
from axagents.workflows.experiments.comparison import compare_experiments
from axagents.workflows.experiments.evidence import FOLD
from axagents.workflows.experiments.request import Comparison, ComparisonRequest

ROWS = 400
GENERATOR = np.random.default_rng(3)
Y = (GENERATOR.random(ROWS) < 0.4).astype(np.int64)
GOOD = Y + GENERATOR.normal(0, 0.8, ROWS)
NOISE = GENERATOR.normal(0, 1, ROWS)


def predictions(scores: np.ndarray, **changed: Any) -> OutOfFold:
    facts = {"dataset": "d", "fingerprint": "f1", "target": "t", "task": "binary", "classes": ("no", "yes")}
    facts |= {name: changed.pop(name) for name in list(changed) if name in {"fingerprint", "target", "entity_name"}}
    entity_name = facts.pop("entity_name", None)
    rows = changed.pop("rows", np.arange(ROWS))
    return OutOfFold(
        facts=PredictionFacts(**facts, entity=entity_name),  # pyright: ignore[reportArgumentType]
        repeat=np.zeros(len(rows), dtype=np.int64),
        row=rows,
        fold=np.zeros(len(rows), dtype=np.int64),
        y=Y[: len(rows)],
        scores=1 / (1 + np.exp(-scores)),
        labels=(scores > 0.5).astype(np.int64),
        entity=changed.pop("entity", None),
    )


def track(project: Project, name: str, kept: OutOfFold | None = None, **metrics: Any) -> str:
    """Log a finished run the way a training does."""
    run = open_run(project, open_experiment(project, name), name=f"{name} run", owner=name)
    tags = {tag: metrics.pop(tag) for tag in (SPLIT, CLAIMED) if tag in metrics}
    log_metrics(project, run.run_id, metrics or {"auc_roc": 0.5})
    set_tags(project, run.run_id, tags)
    if kept is not None:
        log_files(project, run.run_id, [write_predictions(project.root, kept)], folder=FOLDER)
    finish_run(project, run.run_id)
    return run.run_id


def compare(project: Project, *names: str, **fields: Any) -> Comparison:
    return compare_experiments(ComparisonRequest(experiments=list(names), **fields), project)


def test_the_same_rows_are_paired(tracked: Project) -> None:
    track(tracked, "good", predictions(GOOD))
    track(tracked, "noise", predictions(NOISE))
    found = compare(tracked, "noise", "good", metrics=["recall", "precision"])
    assert found.best == {"recall": "good", "precision": "good"}
    difference = found.differences[0]
    # Closed form: recall is the share of positives that were called positive.
    recall = [(scores[Y == 1] > 0.5).mean() for scores in (GOOD, NOISE)]
    assert (difference.first, difference.second, difference.evidence) == ("good", "noise", "paired")
    assert difference.first_value == pytest.approx(recall[0])
    assert difference.difference == pytest.approx(recall[0] - recall[1])
    assert difference.low is not None
    assert difference.high is not None
    # McNemar's interval of a paired difference of proportions, by the normal approximation.
    each = (GOOD[Y == 1] > 0.5).astype(int) - (NOISE[Y == 1] > 0.5).astype(int)
    half = 1.96 * each.std(ddof=1) / np.sqrt(len(each))
    assert difference.low == pytest.approx(each.mean() - half, abs=0.02)
    assert difference.high == pytest.approx(each.mean() + half, abs=0.02)
    assert "good is better" in found.answer


def test_the_rest_of_the_metrics_share_their_error(tracked: Project) -> None:
    track(tracked, "good", predictions(GOOD))
    track(tracked, "noise", predictions(NOISE))
    found = compare(tracked, "good", "noise", metrics=["auc_roc", "recall", "precision"])
    # Bonferroni: two further metrics, 2.5 % each.
    assert [each.level for each in found.differences] == [0.95, pytest.approx(0.975), pytest.approx(0.975)]
    assert found.primary == "auc_roc"


def test_no_difference_is_not_called_one(tracked: Project) -> None:
    track(tracked, "one", predictions(GOOD))
    track(tracked, "other", predictions(GOOD + GENERATOR.normal(0, 0.01, ROWS)))
    found = compare(tracked, "one", "other", metrics=["auc_roc"])
    assert found.best == {"auc_roc": None}
    assert "no difference is shown" in found.answer


def test_other_data_with_the_same_customers_are_paired_by_them(tracked: Project) -> None:
    customers = np.arange(1000, 1000 + ROWS)
    shuffled = np.random.default_rng(0).permutation(ROWS)
    one = predictions(GOOD, entity=customers, entity_name="customer")
    other = predictions(NOISE, fingerprint="f2", entity=customers, entity_name="customer")
    moved = OutOfFold(
        other.facts,
        repeat=other.repeat,
        row=np.arange(ROWS),
        fold=other.fold,
        y=other.y[shuffled],
        scores=other.scores[shuffled],
        labels=None if other.labels is None else other.labels[shuffled],
        entity=customers[shuffled],
    )
    track(tracked, "one", one)
    track(tracked, "other", moved)
    (found,) = compare(tracked, "one", "other", metrics=["auc_roc"], baseline="other").differences
    assert found.evidence == "paired"
    # scipy's Mann-Whitney statistic over the number of pairs is the area under the ROC curve.
    area = [
        stats.mannwhitneyu(s[Y == 1], s[Y == 0]).statistic / ((Y == 1).sum() * (Y == 0).sum()) for s in (GOOD, NOISE)
    ]
    assert found.difference == pytest.approx(area[0] - area[1])


def test_other_data_without_anything_in_common_are_two_samples(tracked: Project) -> None:
    track(tracked, "one", predictions(GOOD))
    track(tracked, "other", predictions(NOISE, fingerprint="f2"))
    found = compare(tracked, "one", "other", metrics=["accuracy"])
    (difference,) = found.differences
    assert difference.evidence == "unpaired"
    assert "no rows in common" in found.notes[0]
    # Newcombe's hybrid score interval of a difference of two proportions, as statsmodels computes it.
    from statsmodels.stats.proportion import confint_proportions_2indep

    hits = [int(((scores > 0.5) == (Y == 1)).sum()) for scores in (NOISE, GOOD)]
    low, high = confint_proportions_2indep(hits[0], ROWS, hits[1], ROWS, method="newcomb", compare="diff")
    assert (difference.low, difference.high) == (pytest.approx(low, abs=1e-6), pytest.approx(high, abs=1e-6))


def test_fold_scores_use_the_corrected_resampled_t(tracked: Project) -> None:
    one, other = [0.80, 0.82, 0.81, 0.84, 0.83], [0.78, 0.79, 0.80, 0.80, 0.80]
    for name, scores in (("one", one), ("other", other)):
        curve = list(enumerate(scores))
        track(tracked, name, **{"auc_roc": float(np.mean(scores)), FOLD + "auc_roc": curve, SPLIT: "same"})
    (found,) = compare(tracked, "one", "other").differences
    # Nadeau and Bengio 2003: variance s^2 (1/J + n_test/n_train), here 1/5 + 1/4.
    differences = np.subtract(other, one)
    half = stats.t.ppf(0.975, 4) * np.sqrt(differences.var(ddof=1) * (1 / 5 + 1 / 4))
    assert found.evidence == "folds"
    assert found.difference == pytest.approx(differences.mean())
    assert (found.low, found.high) == (
        pytest.approx(differences.mean() - half),
        pytest.approx(differences.mean() + half),
    )


def test_folds_of_another_division_do_not_pair(tracked: Project) -> None:
    for name, split in (("one", "a"), ("other", "b")):
        track(tracked, name, **{"auc_roc": 0.8, FOLD + "auc_roc": [(0, 0.8), (1, 0.8)], SPLIT: split})
    found = compare(tracked, "one", "other")
    assert [each.evidence for each in found.differences] == ["points"]
    assert found.differences[0].low is None


def test_typed_figures_decide_nothing(tracked: Project) -> None:
    for name, value in (("one", 0.9), ("other", 0.5)):
        track(tracked, name, auc_roc=value, **{CLAIMED: "auc_roc"})
    found = compare(tracked, "one", "other")
    assert found.differences[0].claimed
    assert found.best == {"auc_roc": None}
    assert "claimed" in found.answer
    assert any("typed" in each for each in found.notes)


def test_three_are_compared_with_each_other_or_with_the_baseline(tracked: Project) -> None:
    track(tracked, "good", predictions(GOOD))
    track(tracked, "noise", predictions(NOISE))
    track(tracked, "worse", predictions(-NOISE))
    each = compare(tracked, "good", "noise", "worse", metrics=["auc_roc"])
    assert len(each.differences) == 3
    assert each.differences[0].level == pytest.approx(1 - 0.05 / 3)
    assert each.best == {"auc_roc": "good"}
    with_one = compare(tracked, "good", "worse", metrics=["auc_roc"], baseline="noise")
    assert [(each.first, each.second) for each in with_one.differences] == [("good", "noise"), ("worse", "noise")]


def test_metrics_by_their_other_names(tracked: Project) -> None:
    track(tracked, "one", f1_score=0.5)
    track(tracked, "other", F1=0.6)
    (found,) = compare(tracked, "one", "other", metrics=["f1"]).differences
    assert found.difference == pytest.approx(0.1)


def test_a_metric_of_ones_own_has_no_better(tracked: Project) -> None:
    track(tracked, "one", revenue=5.0)
    track(tracked, "other", revenue=6.0)
    (found,) = compare(tracked, "one", "other").differences
    assert (found.metric, found.better) == ("revenue", None)


@pytest.mark.parametrize(
    ("names", "fields", "match"),
    [
        (("one", "churn_v1"), {}, "no experiment called 'churn_v1'"),
        (("one", "one"), {}, "two different experiments"),
        (("one", "empty"), {}, "no finished run with a metric yet"),
        (("one", "other"), {"metrics": ["rmse"]}, "no metric that all of them have called 'rmse'"),
        (("one", "other"), {"metrics": ["recal"]}, r"did you mean recall\?"),
        (("one", "odd"), {}, "have no metric in common"),
    ],
)
def test_what_cannot_be_compared(tracked: Project, names: tuple[str, ...], fields: dict[str, Any], match: str) -> None:
    track(tracked, "one", predictions(GOOD))
    track(tracked, "other", predictions(NOISE))
    track(tracked, "odd", something=1.0)
    open_experiment(tracked, "empty")
    with pytest.raises(UserError, match=match):
        compare(tracked, *names, **fields)


def test_looking_makes_no_store(project: Project) -> None:
    with pytest.raises(NotFound, match="there is no experiment yet"):
        compare(project, "one", "other")
    assert not project.mlflow_path.exists()


def test_a_run_may_stand_for_itself(tracked: Project, tmp_path: Path) -> None:
    one, other = track(tracked, "one", predictions(GOOD)), track(tracked, "other", predictions(NOISE))
    found = compare(tracked, one, other, metrics=["auc_roc"])
    assert found.best == {"auc_roc": one}
    assert [each.experiment for each in found.experiments] == ["one", "other"]
