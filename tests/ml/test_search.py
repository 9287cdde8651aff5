"""Search inside outer folds: honest, repeatable, within its time, for every task."""

import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from axagents.errors import UserError
from axagents.ml.candidates import CANDIDATES, choose_candidates, row_weights
from axagents.ml.problem import Problem
from axagents.ml.search import Budget, CandidateRun, evaluate_candidates, pack_runs, unpack_runs
from axagents.ml.splits import SplitPlan, plan_splits
from tests.ml.problems import bundled, churn_frame, make_problem

TWO = Budget(trials=2)


def run(problem: Problem, plan: SplitPlan, *names: str, primary: str = "auc_roc", seed: int = 0) -> list[CandidateRun]:
    return evaluate_candidates(problem, plan, names, primary=primary, budget=TWO, seed=seed)


@pytest.fixture(scope="module")
def churn() -> Problem:
    return make_problem(churn_frame(400), "churned")


def first_fold(problem: Problem) -> SplitPlan:
    plan = plan_splits(problem, repeats=1)
    return replace(plan, folds=plan.folds[:1])


def test_labels_of_tested_rows_change_nothing(churn: Problem) -> None:
    """Whoever learned from the tested rows would answer otherwise when their labels are turned round."""
    plan = first_fold(churn)
    (fold,) = plan.folds
    turned = churn.target.values.copy()
    turned[fold.test] = 1 - turned[fold.test]
    liar = replace(churn, target=replace(churn.target, values=turned))
    honest, lied = (run(each, plan, "linear", "boosting-tuned") for each in (churn, liar))
    for one, other in zip(honest, lied, strict=True):
        assert np.array_equal(one.raw, other.raw, equal_nan=True)
        assert np.array_equal(one.calibrated, other.calibrated, equal_nan=True)
        assert np.array_equal(one.thresholds, other.thresholds)
        assert one.configs == other.configs
        assert one.fold_scores[0] != other.fold_scores[0]


def test_values_of_tested_rows_teach_no_encoder(churn: Problem) -> None:
    plan = first_fold(churn)
    (fold,) = plan.folds
    features = churn.features.copy()
    features.loc[fold.test, "tenure"] = 1e6
    features.loc[fold.test, "contract"] = "unheard of"
    strange = replace(churn, features=features)
    honest, other = (run(each, plan, "linear", "boosting-tuned") for each in (churn, strange))
    for one, two in zip(honest, other, strict=True):
        assert np.array_equal(one.thresholds, two.thresholds)
        assert one.configs == two.configs
        assert np.isfinite(two.raw[0, fold.test]).all()


def test_the_seed_decides(churn: Problem) -> None:
    plan = first_fold(churn)
    first, again, other = (run(churn, plan, "boosting-tuned", seed=seed)[0] for seed in (1, 1, 2))
    assert np.array_equal(first.raw, again.raw, equal_nan=True)
    assert not np.array_equal(first.raw, other.raw, equal_nan=True)


def test_every_row_is_scored_once_a_repeat_and_the_signal_is_found(churn: Problem) -> None:
    plan = plan_splits(churn, repeats=2)
    dummy, linear, small = run(churn, plan, "boosting-small", "dummy", "linear")
    assert [each.name for each in (dummy, linear, small)] == ["dummy", "linear", "boosting-small"]
    for each in (dummy, linear, small):
        assert each.raw.shape == (2, 400)
        assert np.isfinite(each.raw).all()
        assert each.folds == len(each.thresholds) == len(each.configs) == 10
    assert dummy.fold_scores == pytest.approx(np.full(10, 0.5))
    assert linear.fold_scores.mean() > 0.75
    assert small.fold_scores.mean() > 0.72


def test_packed_and_unpacked(churn: Problem, tmp_path) -> None:  # type: ignore[no-untyped-def]
    runs = run(churn, first_fold(churn), "linear", "boosting-tuned")
    arrays, facts = pack_runs(runs)
    np.savez(tmp_path / "runs.npz", **arrays)
    with np.load(tmp_path / "runs.npz") as stored:
        again = unpack_runs(stored, facts)
    for one, other in zip(runs, again, strict=True):
        assert np.array_equal(one.raw, other.raw, equal_nan=True)
        assert (one.name, one.order, one.configs, one.calibrators) == (
            other.name, other.order, other.configs, other.calibrators,
        )  # fmt: skip
        assert [each.config for each in one.trials] == [each.config for each in other.trials]


@pytest.mark.parametrize("name", [name for name in CANDIDATES if name != "dummy"])
def test_several_classes(name: str) -> None:
    problem = bundled(datasets.load_wine, classes=("a", "b", "c"))
    plan = first_fold(problem)
    (found,) = run(problem, plan, name)
    scores = found.calibrated[0, plan.folds[0].test]
    assert scores.shape == (len(plan.folds[0].test), 3)
    assert scores.sum(axis=1) == pytest.approx(np.ones(len(scores)))
    assert found.fold_scores[0] > 0.95


@pytest.mark.parametrize("name", list(CANDIDATES))
def test_values(name: str) -> None:
    problem = bundled(datasets.load_diabetes)
    plan = first_fold(problem)
    (found,) = run(problem, plan, name, primary="r2")
    assert np.isnan(found.thresholds).all()
    assert found.calibrators == (None,)
    # scikit-learn's own example reaches R2 of about .45 on this set.
    assert found.fold_scores[0] > (-0.1 if name == "dummy" else 0.25)


def test_a_class_that_a_fold_has_not_seen() -> None:
    frame = churn_frame(300).assign(customer_id=np.repeat(np.arange(30), 10))
    frame["churned"] = np.select([frame["customer_id"] < 3, frame["churned"] == "Yes"], ["Rare", "Yes"], "No")
    problem = make_problem(frame, "churned", entity="customer_id")
    for found in run(problem, plan_splits(problem, repeats=1), "linear", "boosting-tuned"):
        assert np.isfinite(found.raw).all()


def test_times_are_obeyed_inside() -> None:
    frame = churn_frame(500).assign(day=pd.date_range("2024-01-01", periods=500))
    problem = make_problem(frame, "churned", time="day")
    plan = plan_splits(problem)
    (found,) = run(problem, plan, "boosting-small")
    scored = np.flatnonzero(np.isfinite(found.raw[0]))
    assert plan.holdout is not None
    assert set(scored).isdisjoint(plan.holdout)
    assert set(scored) == set(np.concatenate([fold.test for fold in plan.folds]))


def test_rare_classes_are_weighted_too() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1500, 3))
    frame = pd.DataFrame(x, columns=list("abc")).assign(
        fraud=np.where(x[:, 0] + rng.normal(size=1500) > 2.2, "yes", "no")
    )
    problem = make_problem(frame, "fraud")
    (found,) = run(problem, first_fold(problem), "linear")
    assert {trial.config.get("balance", 0) for trial in found.trials} == {0, 0.5}
    # Weights by class: n / (k n_class), here 10 / (2 * 8) and 10 / (2 * 2).
    assert row_weights(np.array([0] * 8 + [1] * 2), 1.0) == pytest.approx([0.625] * 8 + [2.5] * 2)


def test_seconds_are_kept_and_told() -> None:
    problem = make_problem(churn_frame(1500), "churned")
    told: list[tuple[float, float, str]] = []
    started = time.monotonic()
    runs = evaluate_candidates(
        problem,
        plan_splits(problem),
        ("boosting-tuned",),
        primary="auc_roc",
        budget=Budget(seconds=6),
        progress=lambda done, total, text: told.append((done, total, text)),
    )
    assert time.monotonic() - started < 14
    assert runs[0].folds in (5, 10, 15)
    assert told[-1][1] == 6
    assert "outer fold 15 of 15" in told[-1][2]
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)


def test_names_of_models() -> None:
    assert choose_candidates("auto") == ("dummy", "linear", "boosting-small", "boosting-tuned")
    assert choose_candidates("XGBoost") == ("dummy", "linear", "boosting-tuned")
    assert choose_candidates("logistic") == ("dummy", "linear")
    with pytest.raises(UserError, match="did you mean random-forest"):
        choose_candidates("random-forst")
