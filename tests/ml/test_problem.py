"""Learning problems: what is learned from what, and what cannot be learned."""

import numpy as np
import pandas as pd
import pytest

from axagents.errors import NotFound, UserError
from tests.ml.problems import churn_frame, make_problem


def test_features_target_and_what_is_left_out() -> None:
    frame = churn_frame(200).assign(
        customer_id=[f"C{place:05d}" for place in range(200)], constant=1, empty=np.nan, note=["a b c d e f"] * 200
    )
    problem = make_problem(frame, "churned")
    assert list(problem.features.columns) == ["tenure", "contract", "charge", "calls", "discount", "region"]
    assert (problem.task, problem.target.classes, problem.target.positive) == ("binary", ("No", "Yes"), "Yes")
    assert problem.target.values.tolist() == [int(each == "Yes") for each in frame["churned"]]
    assert {each.column for each in problem.left_out} == {"customer_id", "constant", "empty", "note"}


def test_entity_and_time_are_no_features() -> None:
    frame = churn_frame(100).assign(
        customer_id=np.repeat(np.arange(50), 2), day=pd.date_range("2024-01-01", periods=100)
    )
    problem = make_problem(frame, "churned", entity="customer_id", time="day")
    assert {"customer_id", "day"}.isdisjoint(problem.features.columns)
    assert problem.entity is not None
    assert len(np.unique(problem.entity)) == 50
    assert problem.time is not None
    assert problem.time.dtype == np.dtype("datetime64[ns]")


def test_rows_without_an_entity_are_nobody_elses() -> None:
    frame = churn_frame(60).assign(customer_id=["a", None, None] * 20)
    problem = make_problem(frame, "churned", entity="customer_id")
    assert problem.entity is not None
    assert len(np.unique(problem.entity)) == 41


def test_some_rows_and_some_columns() -> None:
    problem = make_problem(churn_frame(80), "churned")
    part = problem.take(np.array([5, 3])).without(["tenure"])
    assert part.features["charge"].tolist() == pytest.approx(
        problem.features["charge"].iloc[[5, 3]].tolist(), nan_ok=True
    )
    assert part.target.values.tolist() == problem.target.values[[5, 3]].tolist()
    assert part.left_out[-1].column == "tenure"


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"churned": "Yes"}, "one class only"),
        ({"churned": [None, *["Yes", "No"] * 29, "Yes"]}, "missing in 1 of 60 rows"),
        ({"churned": None}, "no value in any row"),
        ({"churned": [f"text {place}" for place in range(60)]}, "text of 60 different values"),
    ],
)  # fmt: skip
def test_targets_that_cannot_be_learned(change: dict[str, object], match: str) -> None:
    with pytest.raises(UserError, match=match):
        make_problem(churn_frame(60).assign(**change), "churned")


def test_nothing_to_learn_from() -> None:
    with pytest.raises(UserError, match="no usable feature is left"):
        make_problem(pd.DataFrame({"only": [1] * 30, "target": [0, 1] * 15}), "target")


def test_unknown_columns_have_near_names() -> None:
    with pytest.raises(NotFound, match="did you mean tenure"):
        make_problem(churn_frame(60), "churned", features=["tenur"])
    with pytest.raises(NotFound, match="did you mean churned"):
        make_problem(churn_frame(60), "churnd")
