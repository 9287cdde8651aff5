"""Rows that do not fit a model are one clear line; single values that do not are told."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from axagents.errors import UserError
from axagents.ml.columns import infer_columns
from axagents.ml.evaluation.labelled import Labelled, check_columns, check_repeats, read_labelled
from axagents.ml.fitted import FittedModel

ROWS = 60
FRAME = pd.DataFrame(
    {
        "age": np.arange(ROWS) % 50 + 0.5,
        "plan": ["basic", "premium", "free"] * (ROWS // 3),
        "who": [f"C{number:03d}" for number in range(ROWS)],
        "day": pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(ROWS) % 5, unit="D"),
        "left": ["yes", "no"] * (ROWS // 2),
    }
)


def model(task: Any = "binary", **fields: Any) -> FittedModel:
    columns = tuple(spec for spec in infer_columns(FRAME, target="left") if spec.name in ("age", "plan"))
    classes = ("no", "yes") if task == "binary" else ()
    return FittedModel(task, None, "sklearn", columns, "left", **{"classes": classes, **fields})


def read(frame: pd.DataFrame, fitted: FittedModel | None = None) -> Labelled:
    return read_labelled(frame, infer_columns(frame, target="left"), fitted or model(), target="left")


def test_the_model_s_own_classes_are_the_codes() -> None:
    found = read(FRAME)
    assert found.y.tolist() == [1, 0] * (ROWS // 2)
    assert list(found.features) == ["age", "plan"]
    assert found.notes == ()


def test_every_missing_column_is_named() -> None:
    with pytest.raises(UserError, match="'new' lacks what the model reads: age, plan") as error:
        check_columns(["left"], model(), source="new")
    assert error.value.legal == ("age", "plan")


def test_ten_thousand_columns_are_checked_and_the_missing_ones_cut_short() -> None:
    many = [spec.model_copy(update={"name": f"c{number}"}) for number in range(10_000) for spec in model().columns[:1]]
    wide = FittedModel("binary", None, "sklearn", tuple(many), "left")
    with pytest.raises(UserError, match="c0, c1, c2, c3, c4, c5, c6, c7 and 9,992 more"):
        check_columns([], wide, source="new")


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"age": ["old", "young"] * (ROWS // 2)}, "age .the model reads numbers, here it is text."),
        ({"plan": np.linspace(0, 1, ROWS)}, "plan .the model reads text, here it is numbers."),
        ({"left": [None] * ROWS}, "no label in any row of the target 'left'"),
        ({"left": ["yes", "no", "perhaps"] * (ROWS // 3)}, "'perhaps', which is none of its classes"),
    ],
)
def test_what_cannot_be_judged(changed: dict[str, Any], match: str) -> None:
    with pytest.raises(UserError, match=match) as error:
        read(FRAME.assign(**changed))
    assert "\n" not in error.value.message


def test_values_that_are_all_the_same_cannot_be_predicted() -> None:
    with pytest.raises(UserError, match="all 60 rows have the same 'left', 7: there is nothing to predict"):
        read(FRAME.assign(left=7.0), model("regression"))
    with pytest.raises(UserError, match="'left' holds text, and the model predicts numbers"):
        read(FRAME.assign(left=FRAME["plan"]), model("regression"))


def test_rows_without_a_label_are_left_out_and_told() -> None:
    found = read(FRAME.assign(left=[None, *FRAME["left"][1:]]))
    assert found.notes == ("1 of 60 rows have no label and were left out.",)
    assert found.numbers.tolist() == list(range(1, ROWS))
    assert len(found.frame) == len(found.features) == len(found.y) == ROWS - 1


def test_single_values_that_cannot_be_read_are_counted() -> None:
    ages = FRAME["age"].astype(str).tolist()
    found = read(FRAME.assign(age=["about 30", "?", *ages[2:]]))
    assert found.notes == ("1 values of age cannot be read as numbers and count as missing.",)
    assert read(FRAME.assign(age=np.nan)).notes == ("age, which the model reads, has no value in any row.",)


def test_an_entity_of_two_labels_at_one_time_is_refused() -> None:
    twice = pd.concat([FRAME, FRAME.head(3)], ignore_index=True)
    columns = infer_columns(twice, target="left")
    told = check_repeats(read(twice), columns, entity="who", time="day")
    assert told == "3 rows repeat a who at the same day."
    assert check_repeats(read(twice), columns, entity=None, time=None) == "3 rows stand there more than once."
    other = twice.assign(left=[*FRAME["left"], "no", "no", "yes"])
    with pytest.raises(UserError, match="a who has two different labels at the same day; row 61 contradicts"):
        check_repeats(read(other), columns, entity="who", time="day")
    assert check_repeats(read(FRAME), columns, entity="who", time="day") == ""
