"""Explanations against definitions: all coalitions by brute force, closed forms, every value seen."""

import json
from collections.abc import Callable, Sequence
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from xgboost import DMatrix, XGBClassifier, XGBRegressor

from axagents.errors import UserError
from axagents.ml.calibration import Calibrator
from axagents.ml.evaluation.explaining import (
    column_effects,
    column_losses,
    explain_prediction,
    find_contributions,
    find_hints,
)
from axagents.ml.fitted import FittedModel
from axagents.ml.importance import permutation_importance
from axagents.ml.metrics import compute_metric
from axagents.ml.preprocessing import make_encoder, prepared_matrix
from axagents.ml.problem import Problem
from tests.ml.problems import churn_frame, make_problem


def fitted(problem: Problem, estimator: Any, *, style: Any = "tree", **more: Any) -> FittedModel:
    """A model of ours: an encoder, and an estimator behind it."""
    matrix = prepared_matrix(problem.features)
    encoder = make_encoder(matrix, problem.columns, style=style)
    pipeline = Pipeline([("encode", encoder), ("model", estimator)]).fit(matrix, problem.target.values)
    return FittedModel(
        problem.task, pipeline, "sklearn", problem.columns, problem.target.name, problem.target.classes, **more
    )


def churn(*columns: str, rows: int = 500) -> Problem:
    return make_problem(churn_frame(rows)[[*columns, "churned"]], "churned")


def shapley(columns: Sequence[str], worth: Callable[[frozenset[str]], np.ndarray]) -> dict[str, np.ndarray]:
    """Shapley's definition (1953): the weighted mean, over all coalitions without a column, of what it adds."""
    count = len(columns)
    values: dict[str, np.ndarray] = {}
    for column in columns:
        others = [each for each in columns if each != column]
        total: Any = 0.0
        for size in range(count):
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            for coalition in combinations(others, size):
                total = total + weight * (worth(frozenset({*coalition, column})) - worth(frozenset(coalition)))
        values[column] = total
    return values


def interventional(
    score: Callable[[pd.DataFrame], np.ndarray], row: pd.DataFrame, background: pd.DataFrame
) -> Callable[[frozenset[str]], np.ndarray]:
    """The mean score of the background rows with the coalition's columns taken from the explained row."""

    def worth(coalition: frozenset[str]) -> np.ndarray:
        mixed = background.copy()
        for column in coalition:
            mixed[column] = row[column].iloc[0]
        return score(mixed).mean(axis=0)

    return worth


def tree_worth(
    booster: Any, x: np.ndarray, columns: Sequence[str], *, groups: dict[str, str]
) -> Callable[[frozenset[str]], np.ndarray]:
    """What trees give when only a coalition is known: unknown splits go both ways by their share of rows (cover)."""
    table = booster.trees_to_dataframe()
    nodes = {row.ID: row for row in table.itertuples()}
    roots = [row.ID for row in table.itertuples() if row.Node == 0]
    at = {name: place for place, name in enumerate(columns)}

    def value(node: Any, coalition: frozenset[str]) -> float:
        if node.Feature == "Leaf":
            return float(node.Gain)
        yes, no, missing = (nodes[name] for name in (node.Yes, node.No, node.Missing))
        if groups[node.Feature] in coalition:
            known = x[at[node.Feature]]
            branch = missing if np.isnan(known) else yes if known < node.Split else no
            return value(branch, coalition)
        return (yes.Cover * value(yes, coalition) + no.Cover * value(no, coalition)) / (yes.Cover + no.Cover)

    return lambda coalition: np.array(sum(value(nodes[root], coalition) for root in roots))


def test_boosted_trees_by_all_coalitions() -> None:
    """XGBoost's own values against Shapley's definition on its tables of nodes."""
    problem = churn("tenure", "charge", "calls")
    matrix = prepared_matrix(problem.features)
    estimator = XGBClassifier(n_estimators=8, max_depth=3, learning_rate=0.4, n_jobs=1)
    model = FittedModel(
        "binary", estimator.fit(matrix, problem.target.values), "xgboost", problem.columns, "churned", ("No", "Yes")
    )
    found = find_contributions(model, problem.features, background=problem.features)
    assert (found.scale, found.errors) == ("log-odds", None)
    names = list(matrix.columns)
    for row in (0, 7, 31):
        x = matrix.iloc[row].to_numpy(dtype=np.float32)
        worth = tree_worth(estimator.get_booster(), x, names, groups={name: name for name in names})
        for place, value in enumerate(shapley(names, worth).values()):
            assert found.values[row, place, 0] == pytest.approx(float(value), abs=2e-5)
    chance = model.scores(problem.features)
    np.testing.assert_allclose(found.totals[:, 0], np.log(chance / (1 - chance)), atol=2e-5)


def test_categories_are_one_column_again() -> None:
    """One-hot columns behind XGBoost: their values are summed, and all sum to the log-odds of each class."""
    problem = churn("tenure", "contract", "region")
    estimator = XGBClassifier(n_estimators=20, max_depth=3, n_jobs=1)
    model = fitted(problem, estimator)
    found = find_contributions(model, problem.features, background=problem.features)
    assert set(found.columns) == {"tenure", "contract", "region"}
    chance = model.scores(problem.features)
    np.testing.assert_allclose(found.totals[:, 0], np.log(chance / (1 - chance)), atol=2e-5)
    encoded = model.estimator["encode"].transform(prepared_matrix(problem.features))
    raw = estimator.get_booster().predict(DMatrix(encoded), pred_contribs=True)
    names = model.estimator["encode"].get_feature_names_out()
    own = [place for place, name in enumerate(names) if name.startswith("contract")]
    assert len(own) == 3
    place = found.columns.index("contract")
    np.testing.assert_allclose(found.values[:, place, 0], raw[:, own].sum(axis=1), atol=1e-5)


@pytest.mark.parametrize(
    "calibrator",
    [None, Calibrator(kind="sigmoid", slope=0.7, intercept=-0.2)],
    ids=["uncalibrated", "calibrated"],
)
def test_linear_models_by_all_coalitions(calibrator: Calibrator | None) -> None:
    problem = churn("tenure", "charge", "contract", "calls", rows=200)
    model = fitted(problem, LogisticRegression(), style="linear", calibrator=calibrator)
    background = problem.features.iloc[:50]
    found = find_contributions(model, problem.features.iloc[:3], background=background)

    def log_odds(rows: pd.DataFrame) -> np.ndarray:
        chance = model.scores(rows)
        return np.log(chance / (1 - chance))

    for row in range(3):
        own = problem.features.iloc[[row]]
        expected = shapley(found.columns, interventional(log_odds, own, background))
        for place, column in enumerate(found.columns):
            assert found.values[row, place, 0] == pytest.approx(float(expected[column]), abs=1e-6), column
    np.testing.assert_allclose(found.totals[:, 0], log_odds(problem.features.iloc[:3]), atol=1e-9)


def test_sampled_values_lie_within_their_error_of_all_coalitions() -> None:
    """A forest on numbers and categories: 95 % of the estimates lie within two errors of the exact value."""
    problem = churn("tenure", "contract", "charge", "calls", rows=300)
    forest = RandomForestClassifier(n_estimators=15, max_depth=5, random_state=0)
    model = fitted(problem, forest, calibrator=Calibrator(kind="sigmoid", slope=1.3))
    background = problem.features.iloc[:30]
    rows = problem.features.iloc[40:46]
    found = find_contributions(model, rows, background=background, most_evaluations=36_000, seed=1)
    assert found.scale == "probability"
    assert found.errors is not None
    away = []
    for row in range(len(rows)):
        expected = shapley(found.columns, interventional(model.scores, rows.iloc[[row]], background))
        exact = np.array([float(expected[column]) for column in found.columns])
        away.append((found.values[row, :, 0] - exact) / np.maximum(found.errors[row, :, 0], 1e-9))
    assert np.abs(np.array(away)).max() < 4.5
    assert np.mean(np.abs(np.array(away)) < 2) > 0.9
    assert found.errors.max() < 0.02
    np.testing.assert_allclose(found.totals[:, 0], model.scores(rows), atol=1e-9)
    assert found.base[0] == pytest.approx(model.scores(background).mean())


def test_several_classes_and_values() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 3)), columns=["a", "b", "c"])
    frame["kind"] = np.array(["x", "y", "z"])[
        np.clip((frame["a"] + 0.3 * rng.normal(size=300)).round() + 1, 0, 2).astype(int)
    ]
    frame["price"] = 3 * frame["a"] - 2 * frame["b"] + 10
    kinds = make_problem(frame[["a", "b", "c", "kind"]], "kind")
    prices = make_problem(frame[["a", "b", "c", "price"]], "price")
    for problem, estimator, style in (
        (kinds, XGBClassifier(n_estimators=10, max_depth=3, n_jobs=1), "tree"),
        (kinds, LogisticRegression(), "linear"),
        (kinds, RandomForestClassifier(n_estimators=10, random_state=0), "linear"),
        (prices, XGBRegressor(n_estimators=10, max_depth=3, n_jobs=1), "tree"),
        (prices, Ridge(alpha=1e-9), "linear"),
        (prices, RandomForestRegressor(n_estimators=10, random_state=0), "linear"),
    ):
        model = fitted(problem, estimator, style=style)
        rows = problem.features.iloc[:4]
        found = find_contributions(model, rows, background=problem.features, most_evaluations=4000)
        scores = model.scores(rows)
        totals = found.totals
        if found.scale == "log-odds":
            totals = np.exp(totals) / np.exp(totals).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(totals.reshape(scores.shape), scores, atol=1e-4)
        assert found.values.shape == (4, 3, 3 if problem is kinds else 1)
    exact = fitted(prices, Ridge(alpha=1e-9), style="linear")
    effects = column_effects(exact, prices.features)
    assert [each.column for each in effects.effects] == ["a", "b", "c"]
    mean = float(np.abs(3 * (frame["a"] - frame["a"].mean())).mean())
    assert effects.effects[0].effect.value == pytest.approx(mean, abs=1e-4 + 0.1 * mean)  # against drawn rows


def test_one_prediction_adds_up_and_says_on_which_scale() -> None:
    problem = churn("tenure", "contract", "charge", "region")
    model = fitted(problem, XGBClassifier(n_estimators=30, max_depth=3, n_jobs=1), threshold=0.4)
    told = explain_prediction(model, problem.features, 5)
    assert told.base + sum(part.amount for part in told.contributions) == pytest.approx(told.total, abs=1e-9)
    assert 1 / (1 + np.exp(-told.total)) == pytest.approx(told.score, abs=1e-5)
    assert (told.scale, told.explained) == ("log-odds", "Yes")
    assert told.label == model.predict(problem.features.iloc[[5]])[0]
    assert [abs(part.amount) for part in told.contributions] == sorted(
        (abs(part.amount) for part in told.contributions), reverse=True
    )
    shown = {part.column: part.value for part in told.contributions}
    assert shown["contract"] == problem.features["contract"].iloc[5]
    with pytest.raises(UserError, match="there is no row 500: rows are numbered from 0 to 499"):
        explain_prediction(model, problem.features, 500)
    with pytest.raises(UserError, match="'Maybe' cannot be explained"):
        explain_prediction(model, problem.features, 5, explained="Maybe")


def test_hints_are_the_nearest_values_seen_that_flip() -> None:
    """Every value seen is tried by brute force: none that flips the label is nearer."""
    problem = churn("tenure", "contract", "charge", "calls")
    model = fitted(problem, LogisticRegression(), style="linear", threshold=0.5)
    scores = model.scores(problem.features)
    row = int(np.argsort(np.abs(scores - 0.55))[0])
    hints = find_hints(model, problem.features, row, most=10)
    assert hints
    assert [hint.distance for hint in hints] == sorted(hint.distance for hint in hints)
    own = problem.features.iloc[[row]]
    before = model.predict(own)[0]
    for hint in hints:
        assert hint.value == own[hint.column].iloc[0]
        moved = own.copy()
        moved[hint.column] = hint.instead
        assert model.predict(moved)[0] == hint.label != before
        assert hint.score == pytest.approx(1 - model.scores(moved)[0])
        seen = problem.features[hint.column].dropna()
        if hint.column == "contract":
            continue
        here, there = float(hint.value), float(hint.instead)
        between = [each for each in seen.unique() if min(here, there) < each < max(here, there)]
        for value in between:
            moved[hint.column] = value
            assert model.predict(moved)[0] == before
        passed = seen[(seen > here) & (seen <= there)] if there > here else seen[(seen < here) & (seen >= there)]
        assert hint.distance == pytest.approx(len(passed) / len(seen))
    assert not {hint.column for hint in find_hints(model, problem.features, row, fixed=["tenure"])} & {"tenure"}


def test_hints_look_closer_than_the_values_first_tried() -> None:
    """5,000 distinct values: the model's step at 1234.5 is found exactly, though 200 are tried at first."""
    rng = np.random.default_rng(0)
    x = rng.permutation(5000).astype(float)
    frame = pd.DataFrame({"x": x, "other": rng.normal(size=5000), "y": np.where(x > 1234.5, "high", "low")})
    problem = make_problem(frame, "y")
    stump = XGBClassifier(n_estimators=1, max_depth=1, learning_rate=1.0, n_jobs=1, tree_method="exact")
    model = fitted(problem, stump, threshold=0.5)
    row = int(np.flatnonzero(x == 3000)[0])
    (hint,) = find_hints(model, problem.features, row)
    assert (hint.column, hint.value, hint.instead) == ("x", 3000.0, 1234.0)
    assert hint.distance == pytest.approx((3000 - 1234) / 5000)


def test_dates_and_yes_and_no_are_told_plainly() -> None:
    """Accounts opened since July answer yes, and those that pay by card."""
    rng = np.random.default_rng(2)
    opened = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 360, 400), unit="D")
    card = rng.integers(0, 2, 400) == 1
    frame = pd.DataFrame({"opened": opened.astype(str), "card": card, "noise": rng.normal(size=400)})
    frame["answer"] = np.where((opened >= "2024-07-01") | card, "yes", "no")
    problem = make_problem(frame, "answer")
    model = fitted(problem, XGBClassifier(n_estimators=30, max_depth=2, n_jobs=1), threshold=0.5)
    row = int(np.flatnonzero((opened < "2024-05-01") & ~card)[0])
    told = explain_prediction(model, frame, row)
    hints = {hint.column: hint for hint in told.hints}
    assert told.label == "no"
    after = opened[opened >= "2024-07-01"].min()
    assert hints["opened"].instead == after.strftime("%Y-%m-%dT00:00:00")
    assert hints["opened"].value == opened[row].strftime("%Y-%m-%dT00:00:00")
    assert (bool(hints["card"].value), bool(hints["card"].instead)) == (False, True)
    assert json.loads(json.dumps([part.value for part in told.contributions]))


def test_permutation_importance_has_an_interval_of_rows() -> None:
    """The losses are those of the plain importance with the same shuffles; region has no effect by construction."""
    problem = churn("tenure", "contract", "charge", "region", rows=800)
    train, test = problem.take(np.arange(400)), problem.take(np.arange(400, 800))
    model = fitted(train, LogisticRegression(), style="linear", threshold=0.4)
    for metric in ("auc_roc", "log_loss", "f1"):
        losses = column_losses(model, test.features, test.target.values, metric=metric)
        plain = {each.column: each.loss for each in permutation_importance(model, test, primary=metric)}
        for each in losses:
            assert each.loss.value == pytest.approx(plain[each.column], abs=1e-9)
            assert each.loss.low < each.loss.value < each.loss.high
        by_column = {each.column: each.loss for each in losses}
        assert by_column["tenure"].low > 0
        assert by_column["region"].high < by_column["tenure"].value
    entity = np.repeat(np.arange(100), 4)
    clustered = column_losses(model, test.features, test.target.values, metric="auc_roc", entity=entity)
    assert "clustered" in clustered[0].loss.method
    nobody = np.zeros(400, dtype=np.int64)
    assert column_losses(model, test.features, nobody, metric="auc_roc") == []


def test_effects_of_the_whole_model() -> None:
    problem = churn("tenure", "contract", "charge", "region")
    exact = column_effects(fitted(problem, XGBClassifier(n_estimators=30, n_jobs=1)), problem.features)
    assert (exact.rows, exact.scale, exact.method) == (500, "log-odds", "TreeSHAP")
    forest = RandomForestClassifier(n_estimators=10, max_depth=5, random_state=0)
    sampled = column_effects(fitted(problem, forest), problem.features, most_evaluations=20_000)
    assert (sampled.rows, sampled.scale) == (100, "probability")
    assert sampled.effects[0].column in ("tenure", "contract", "charge")
    for each in (*exact.effects, *sampled.effects):
        assert 0 <= each.effect.low <= each.effect.value <= each.effect.high
    y = problem.target.values
    assert compute_metric("auc_roc", y, fitted(problem, forest).scores(problem.features)) > 0.8
