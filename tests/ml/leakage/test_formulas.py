"""Formulas that give a target exactly are found; those that only nearly do are not."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from axagents.ml.leakage.class_formulas import find_class_formulas
from axagents.ml.leakage.value_formulas import find_value_formulas, rounding_of

ROWS = 400
CLASSES = ("No", "Yes")


def numbers(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {name: rng.normal(10, 3, ROWS) for name in "abc"} | {"count": rng.integers(0, 5, ROWS).astype(float)}


def found(features: dict[str, object], y: np.ndarray) -> list[tuple[str, tuple[str, ...]]]:
    frame = pd.DataFrame(features)
    if y.dtype == np.int64:
        classes = CLASSES if y.max() == 1 else tuple("abcdefgh"[: y.max() + 1])
        return [(each.name, each.columns) for each in find_class_formulas(frame, y, classes)]
    return [(each.name, each.columns) for each in find_value_formulas(frame, y)]


def coin(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2, ROWS)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("copy", lambda y: np.where(y == 1, "left", "stayed").astype(object)),
        ("copy", lambda y: 1.0 - y),
        ("recode", lambda y: np.array([f"reason {i % 3}" if one else "none" for i, one in enumerate(y)], dtype=object)),
        ("presence", lambda y: pd.Series(np.where(y == 1, np.arange(ROWS).astype(str), None), dtype=object)),
        ("presence", lambda y: np.where(y == 1, np.arange(ROWS), np.nan)),
        ("threshold", lambda y: y * 5 + np.random.default_rng(2).random(ROWS)),
        ("threshold", lambda y: np.where(y == 1, 1, np.resize([-3, 3], ROWS)) + np.random.default_rng(2).random(ROWS)),
        ("threshold", lambda y: pd.Timestamp("2024-01-01") + pd.to_timedelta(y * 90 + np.arange(ROWS) % 80, unit="D")),
    ],
)  # fmt: skip
def test_one_column_gives_the_class(name: str, column: object) -> None:
    y = coin()
    assert callable(column)
    assert found({**numbers(), "leak": column(y)}, y) == [(name, ("leak",))]


def test_threshold_with_gaps_of_one_class() -> None:
    y = coin()
    days = np.where(y == 1, 100 + np.arange(ROWS), 50 - np.arange(ROWS) / 10)
    days[np.flatnonzero(y == 0)[:50]] = np.nan
    assert found({**numbers(), "leak": days}, y) == [("threshold", ("leak",))]


def test_sum_of_two_and_a_threshold() -> None:
    features = numbers()
    y = (features["a"] - features["b"] > 1).astype(np.int64)
    assert found(features, y) == [("sum and threshold", ("a", "b"))]


@pytest.mark.parametrize(("name", "combine"), [("any of", np.any), ("all of", np.all)])
def test_flags_together(name: str, combine: object) -> None:
    rng = np.random.default_rng(3)
    share = 0.3 if name == "any of" else 0.8
    flags = {f"flag{i}": (rng.random(ROWS) < share).astype(float) for i in range(3)}
    assert callable(combine)
    y = combine(list(flags.values()), axis=0).astype(np.int64)
    assert found({**numbers(), **flags}, y) == [(name, tuple(flags))]


def test_bins_of_a_column_give_several_classes() -> None:
    features = numbers()
    y = np.digitize(features["b"], [8.0, 11.0]).astype(np.int64)
    assert found(features, y) == [("threshold", ("b",))]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_one_row_off_is_no_formula(seed: int) -> None:
    y = coin(seed)
    leak = y.astype(float) + np.random.default_rng(seed).random(ROWS) / 2
    leak[np.flatnonzero(y == 1)[0]] = 0.0
    leak[np.flatnonzero(y == 0)[0]] = 1.2
    codes = np.where(y == 1, "x", "y").astype(object)
    codes[0] = "x" if y[0] == 0 else "y"
    assert found({**numbers(seed), "leak": leak, "codes": codes}, y) == []


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_chance_is_no_formula(seed: int) -> None:
    rng = np.random.default_rng(seed)
    features = {f"x{i}": rng.normal(size=60) for i in range(20)} | {
        "rare": np.where(rng.random(60) < 0.05, "a", "b").astype(object)
    }
    assert found(features, rng.permutation(np.arange(60) < 6).astype(np.int64)) == []
    assert found(features, rng.normal(size=60)) == []


@pytest.mark.parametrize(
    ("name", "columns", "formula"),
    [
        ("copy", ("a",), lambda f: f["a"]),
        ("recode", ("a",), lambda f: 1.8 * f["a"] + 32),
        ("recode", ("a",), lambda f: np.exp(f["a"])),
        ("recode", ("count",), lambda f: np.array([5.0, 1.0, 7.0, 2.0, 9.0])[f["count"].astype(int)]),
        ("sum", ("a", "b"), lambda f: f["a"] + f["b"]),
        ("difference", ("a", "b"), lambda f: f["b"] - f["a"]),
        ("product", ("a", "count"), lambda f: np.round(f["a"] * f["count"], 2)),
        ("ratio", ("a", "b"), lambda f: f["a"] / f["b"]),
        ("sum", ("a", "b", "c"), lambda f: np.round(f["a"] + f["b"] - f["c"], 3)),
        ("sum", ("a", "b", "c", "count"), lambda f: f["a"] + f["b"] + f["c"] - f["count"] + 4),
    ],
)  # fmt: skip
def test_columns_give_the_value(name: str, columns: tuple[str, ...], formula: object) -> None:
    features = numbers()
    assert callable(formula)
    assert found(features, formula(features)) == [(name, columns)]


def test_a_fitted_combination_or_a_little_noise_is_no_formula() -> None:
    features = numbers()
    rng = np.random.default_rng(77)
    assert found(features, 0.3 * features["a"] + 0.7 * features["b"]) == []
    assert found(features, features["a"] + rng.normal(scale=0.05, size=ROWS)) == []
    # Telco's total is nearly, not exactly, tenure times the monthly charge.
    assert found(features, features["a"] * features["b"] * (1 + rng.normal(scale=0.02, size=ROWS))) == []


def test_rounding_is_what_the_target_shows() -> None:
    y = np.random.default_rng(0).normal(100, 80, 200)
    assert rounding_of(np.round(y)) == pytest.approx(0.5001 * 1)
    assert rounding_of(np.round(y, 2)) == pytest.approx(0.5001 * 0.01)
    assert rounding_of(np.round(y / 80)) < 1e-4
    assert rounding_of(y) < 1e-4
