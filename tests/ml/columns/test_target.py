"""What a target asks for: its task, its classes, its positive class, and what is no target."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from axagents.errors import UserError
from axagents.ml.columns import TargetChoice, choose_task, encode_target, infer_column


def choose(values: list[object] | pd.Series, **asked: str) -> TargetChoice:
    column = pd.Series(values, name="y")
    return choose_task(column, infer_column(column, is_target=True), **asked)


@pytest.mark.parametrize(
    ("values", "task", "classes", "why"),
    [
        (["Yes", "No", "No"], "binary", ("No", "Yes"), "by its meaning"),
        (["good", "bad"], "binary", ("good", "bad"), "by its meaning"),
        (["Not churned", "Churned"], "binary", ("Not churned", "Churned"), "by its meaning"),
        ([1.0, 0.0, None], "binary", ("0", "1"), "by its meaning"),
        ([True, False, False], "binary", ("False", "True"), "by its meaning"),
        (["a", "b", "b"], "binary", ("b", "a"), "the rarer class (1 of 3)"),
        (["a", "b"], "binary", ("a", "b"), "both classes are equally frequent, the last by name"),
        (["setosa", "versicolor", "virginica"] * 5, "multiclass", ("setosa", "versicolor", "virginica"), "3 classes"),
        ([0, 1, 2] * 5, "multiclass", ("0", "1", "2"), "3 classes numbered without a gap"),
        ([3, 5, 8] * 5, "regression", (), "numbers of 3 different values"),
        (np.linspace(0, 1, 50).tolist(), "regression", (), "numbers of 50 different values"),
        (["1,5", "2,5", "3,75"] * 3, "regression", (), "numbers of 3 different values"),
    ],
)
def test_tasks(values: list[object], task: str, classes: tuple[str, ...], why: str) -> None:
    found = choose(values)
    assert (found.task, found.classes) == (task, classes)
    assert why in found.because
    assert found.positive == (classes[1] if task == "binary" else None)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["x"] * 5, "one class only in 5 rows"),
        (["", None], "no value in any row"),
        (["2026-01-01", "2026-01-02"], "is a date"),
        ([f"text {i}" for i in range(1000)], "text of 1,000 different values in 1,000 rows"),
    ],
)
def test_no_targets(values: list[object], message: str) -> None:
    with pytest.raises(UserError, match=message) as caught:
        choose(values)
    assert caught.value.exit_code == 2
    assert caught.value.field == "target"


def test_the_task_can_be_asked_for() -> None:
    assert choose([0, 1, 2] * 5, task="regression").task == "regression"
    assert choose([3, 5, 8] * 5, task="multiclass").classes == ("3", "5", "8")
    assert choose(["Yes", "No"], positive="no").positive == "No"
    with pytest.raises(UserError, match="a binary task needs two"):
        choose([0, 1, 2] * 5, task="binary")
    with pytest.raises(UserError, match="no regression is possible"):
        choose(["a", "b", "c"] * 5, task="regression")
    with pytest.raises(UserError, match="'maybe' is no class of the target"):
        choose(["Yes", "No"], positive="maybe")


def test_german_credit_is_bad_when_it_is_two(data_dir: Path) -> None:
    frame = pd.read_csv(data_dir / "german/german.csv", header=None)
    found = choose(frame[20])
    # german.names: 1 = good, 2 = bad; data/README.md: 300 of them.
    assert (found.classes, found.counts, found.positive) == (("1", "2"), (700, 300), "2")


def test_adults_test_labels_are_those_of_the_training_set(data_dir: Path) -> None:
    train = pd.read_csv(data_dir / "adult/adult-train.csv", header=None, dtype=str)[14]
    test = pd.read_csv(data_dir / "adult/adult-test.csv", header=None, dtype=str)[14]
    spec = infer_column(train, is_target=True)
    choice = choose_task(train, spec)
    # adult.names: 24.78 % and 23.93 % (train) over 50K without unknowns; the counts are those of `grep -c '>50K'`.
    assert (choice.classes, choice.counts) == (("<=50K", ">50K"), (24720, 7841))
    assert int(encode_target(test, spec, choice).sum()) == 3846


def test_labels_are_coded_by_meaning() -> None:
    column = pd.Series(["Yes", "No", None], name="y")
    spec = infer_column(column, is_target=True)
    choice = choose_task(column, spec)
    np.testing.assert_array_equal(encode_target(column, spec, choice), [1.0, 0.0, np.nan])
    np.testing.assert_array_equal(encode_target(pd.Series([1, 0, True]), spec, choice), [1.0, 0.0, 1.0])
    np.testing.assert_array_equal(encode_target(pd.Series(["no", "YES"]), spec, choice), [0.0, 1.0])


def test_an_unknown_label_is_named() -> None:
    column = pd.Series(["red", "blue", "green"] * 5, name="y")
    spec = infer_column(column, is_target=True)
    with pytest.raises(UserError, match="'violet', which is none of its classes") as caught:
        encode_target(pd.Series(["red", "violet"]), spec, choose_task(column, spec))
    assert caught.value.legal == ("blue", "green", "red")
