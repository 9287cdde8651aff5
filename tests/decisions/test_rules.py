"""Conditions, rows and what a table refuses to be."""

import pytest
from pydantic import ValidationError

from axagents.decisions.rules import Condition, Table, Value, holds

DROP = {"kind": "number", "low": 0, "high": 1, "worse": "higher", "optional": True}


@pytest.mark.parametrize(
    ("condition", "value", "expected"),
    [
        ("> 0.05", 0.05, False),
        ("> 0.05", 0.0501, True),
        (">= 0.05", 0.05, True),
        ("> 0.05, <= 0.1", 0.1, True),
        ("> 0.05, <= 0.1", 0.11, False),
        ("> 0.05", None, False),
        (None, None, True),
        (None, 0, False),
        (0, False, False),
        (1, 1.0, True),
        (True, True, True),
        (True, 1, False),
        (["GO", None], None, True),
        (["GO", "NO_GO"], "GO", True),
        (["< 0.1", "> 0.9"], 0.95, True),
        ("GO", "NO_GO", False),
    ],
)
def test_condition(condition: Condition, value: Value, expected: bool) -> None:
    assert holds(condition, value) is expected


def table(rows: list[dict[str, object]], **inputs: object) -> Table:
    return Table.model_validate({"inputs": inputs or {"drop": DROP}, "rows": rows})


LAST = {"row": "otherwise", "then": "OK", "because": "nothing is wrong"}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"row": "a", "when": {"dorp": "> 1"}, "then": "BAD", "because": "x"}, "'dorp'"),
        ({"row": "a", "when": {"drop": "more"}, "then": "BAD", "because": "x"}, "comparison such as"),
        ({"row": "a", "when": {"drop": 3}, "then": "BAD", "because": "x"}, "cannot be 3"),
        ({"row": "otherwise", "when": {"drop": "> 0.5"}, "then": "BAD", "because": "x"}, "two rows"),
        ({"row": "a", "when": {"drop": "> 0.5"}, "then": "BAD"}, "because"),
    ],
)
def test_a_wrong_row_is_refused_by_name(row: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        table([row, LAST])


def test_the_last_row_must_match_everything() -> None:
    with pytest.raises(ValidationError, match="must match everything"):
        table([{"row": "a", "when": {"drop": "> 0.5"}, "then": "BAD", "because": "x"}])


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"drop": 2}, "from 0 to 1"),
        ({"drop": True}, "a number"),
        ({"fall": 1}, "inputs are drop"),
        ({"drop": "a"}, "a number"),
    ],
)
def test_inputs_outside_their_domain_are_refused(inputs: dict[str, Value], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        table([LAST]).check(inputs)


def test_an_optional_input_left_out_is_unknown() -> None:
    assert table([LAST]).check({}) == {"drop": None}
    with pytest.raises(ValueError, match="not optional"):
        table([LAST], fair={"kind": "boolean"}).check({})
