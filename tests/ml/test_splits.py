"""Splits: what may never be on both sides is not."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from axagents.errors import UserError
from axagents.ml.splits import plan_splits, split_inside
from tests.ml.problems import churn_frame, make_problem


def test_three_times_five_stratified() -> None:
    problem = make_problem(churn_frame(500), "churned")
    plan = plan_splits(problem)
    assert (plan.kind, plan.assessment, len(plan.folds)) == ("stratified", "nested", 15)
    share = problem.target.values.mean()
    for repeat in range(3):
        tested = np.concatenate([fold.test for fold in plan.folds if fold.repeat == repeat])
        assert sorted(tested) == list(range(500))
    for fold in plan.folds:
        assert set(fold.train).isdisjoint(fold.test)
        assert problem.target.values[fold.test].mean() == pytest.approx(share, abs=0.011)
    assert plan.test_ratio == pytest.approx(0.25, abs=0.01)


def test_the_same_seed_gives_the_same_plan() -> None:
    problem = make_problem(churn_frame(300), "churned")
    first, again, other = (plan_splits(problem, seed=seed) for seed in (3, 3, 4))
    assert all(np.array_equal(a.test, b.test) for a, b in zip(first.folds, again.folds, strict=True))
    assert not np.array_equal(first.folds[0].test, other.folds[0].test)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.integers(6, 60))
def test_no_entity_on_both_sides(seed: int, entities: int) -> None:
    frame = churn_frame(300, seed=seed)
    frame["customer_id"] = np.random.default_rng(seed).integers(0, entities, 300)
    problem = make_problem(frame, "churned", entity="customer_id")
    plan = plan_splits(problem, seed=seed)
    assert problem.entity is not None
    for fold in plan.folds:
        assert set(problem.entity[fold.train]).isdisjoint(problem.entity[fold.test])
        for train, test in split_inside(problem, fold.train, folds=3, seed=seed):
            assert set(problem.entity[train]).isdisjoint(problem.entity[test])
            assert set(train) | set(test) <= set(fold.train)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([3, 5, 40, 400]))
def test_the_past_teaches_and_the_future_tests(seed: int, days: int) -> None:
    frame = churn_frame(400, seed=seed)
    frame["as_of"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(
        np.random.default_rng(seed).integers(0, days, 400), unit="D"
    )
    problem = make_problem(frame, "churned", time="as_of")
    plan = plan_splits(problem)
    assert problem.time is not None
    assert plan.holdout is not None
    assert problem.time[plan.development].max() < problem.time[plan.holdout].min()
    for fold in plan.folds:
        assert problem.time[fold.train].max() < problem.time[fold.test].min()
        assert set(fold.test) <= set(plan.development)
        for train, test in split_inside(problem, fold.train, folds=3, seed=0):
            one_snapshot = len(np.unique(problem.time[fold.train])) == 1
            assert one_snapshot or problem.time[train].max() < problem.time[test].min()


@pytest.mark.parametrize("per_entity", [1, 12])
def test_time_and_entity(per_entity: int) -> None:
    frame = churn_frame(1200)
    frame["as_of"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.repeat(np.arange(12), 100), unit="D")
    frame["customer_id"] = np.arange(1200) if per_entity == 1 else np.tile(np.arange(100), 12)
    problem = make_problem(frame, "churned", time="as_of", entity="customer_id")
    plan = plan_splits(problem)
    assert plan.kind == "time+entity"
    assert problem.time is not None
    assert problem.entity is not None
    assert plan.holdout is not None
    pairs = [(fold.train, fold.test) for fold in plan.folds] + [(plan.development, plan.holdout)]
    for train, test in pairs:
        assert problem.time[train].max() < problem.time[test].min()
        assert set(problem.entity[train]).isdisjoint(problem.entity[test])
    assert bool(plan.notes) == (per_entity > 1)


def test_many_rows_are_held_out_and_rare_classes_are_not() -> None:
    frame = pd.DataFrame({"x": np.arange(40_000) % 7 + 0.5, "target": np.tile(["a", "b", "b", "b"], 10_000)})
    plan = plan_splits(make_problem(frame, "target"))
    assert (plan.assessment, len(plan.folds)) == ("holdout", 5)
    assert plan.holdout is not None
    assert len(plan.holdout) == 8_000
    assert set(plan.holdout).isdisjoint(plan.development)
    rare = frame.assign(target=np.where(np.arange(40_000) % 400 == 0, "b", "a"))
    assert plan_splits(make_problem(rare, "target")).assessment == "nested"


def test_what_cannot_be_split_is_told() -> None:
    frame = churn_frame(60)
    with pytest.raises(UserError, match="too few to train"):
        plan_splits(make_problem(frame.head(19), "churned"))
    with pytest.raises(UserError, match="do not fill 40 folds"):
        plan_splits(make_problem(frame, "churned"), folds=40)
    rare = frame.assign(churned=["Maybe"] * 3 + ["No"] * 30 + ["Yes"] * 27)
    with pytest.raises(UserError, match="'Maybe' of 'churned' has 3 rows, fewer than the 5 folds"):
        plan_splits(make_problem(rare, "churned"))
    few = frame.assign(customer_id=np.arange(60) % 3)
    with pytest.raises(UserError, match="3 different entities"):
        plan_splits(make_problem(few, "churned", entity="customer_id"))
    late = frame.assign(day=pd.date_range("2024-01-01", periods=60), churned=["No"] * 50 + ["Yes"] * 10)
    with pytest.raises(UserError, match="only late"):
        plan_splits(make_problem(late, "churned", time="day"))
