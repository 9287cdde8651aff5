"""What a wrong request is told."""

from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from axagents.errors import UserError
from axagents.fields import RequiredText
from axagents.requests import parse_json, validate


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    data_drift_threshold: float = Field(0.1, gt=0, lt=1)


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")
    dataset: RequiredText
    task: Literal["binary", "regression"] = "binary"
    folds: int = Field(5, ge=2)
    config: Inner = Inner(data_drift_threshold=0.1)


def told(data: dict[str, object]) -> UserError:
    with pytest.raises(UserError) as caught:
        validate(Asked, data)
    return caught.value


def test_json_broken_at_the_40th_character_is_told_with_line_column_and_caret() -> None:
    text = '{"dataset": "telco", "folds": 5, "task" "binary"}'
    with pytest.raises(UserError) as caught:
        parse_json(text)
    assert "line 1, column 41" in caught.value.message
    *_, shown, caret = caught.value.message.splitlines()
    assert shown[caret.index("^")] == '"'
    assert caught.value.exit_code == 2


def test_the_caret_stands_under_the_place_in_a_long_line_and_in_a_later_line() -> None:
    text = '{\n  "a": "' + "x" * 300 + '" "b": 1}'
    with pytest.raises(UserError) as caught:
        parse_json(text)
    *_, shown, caret = caught.value.message.splitlines()
    assert shown[caret.index("^") :].startswith('"b"')


def test_json_that_is_no_object_is_refused() -> None:
    with pytest.raises(UserError, match="must be a JSON object"):
        parse_json("[1, 2]")


def test_an_unknown_field_names_the_nearest_legal_one() -> None:
    error = told({"datset": "telco", "dataset": "x"})
    assert "did you mean dataset?" in error.message
    assert error.field == "datset"


def test_an_unknown_field_deep_inside_is_told_with_its_path() -> None:
    error = told({"dataset": "x", "config": {"data_drift_treshold": 0.2}})
    assert error.field == "config.data_drift_treshold"
    assert "data_drift_threshold" in error.message


def test_a_missing_field_is_named() -> None:
    assert told({}).message == "dataset: is required"


def test_a_value_out_of_range_is_told_with_field_value_and_rule() -> None:
    message = told({"dataset": "x", "folds": 1}).message
    assert message.startswith("folds:")
    assert "greater than or equal to 2" in message
    assert "(got 1)" in message


def test_a_wrong_choice_lists_the_legal_ones() -> None:
    assert set(told({"dataset": "x", "task": "ranking"}).legal) == {"binary", "regression"}


@pytest.mark.parametrize("text", ["", "  ", "...", "…"])
def test_a_placeholder_is_refused_by_name(text: str) -> None:
    assert told({"dataset": text}).field == "dataset"
