"""The walk finds what is wrong with a table, and every shipped table passes it."""

import pytest

from axagents.decisions.rules import Table
from axagents.decisions.table import shipped_names, shipped_table
from axagents.decisions.walk import combinations, domain_values, problems

DROP = {"kind": "number", "low": 0, "high": 1, "worse": "higher"}
BIG = {"row": "big", "when": {"drop": "> 0.10"}, "then": "ALERT", "because": "it fell {drop}"}
SMALL = {"row": "small", "when": {"drop": "> 0.05"}, "then": "WARN", "because": "it fell {drop}"}
LAST = {"row": "otherwise", "then": "OK", "because": "it did not fall"}


def table(*rows: object, severity: tuple[str, ...] = ("OK", "WARN", "ALERT"), **inputs: object) -> Table:
    return Table.model_validate({"inputs": inputs or {"drop": DROP}, "severity": list(severity), "rows": list(rows)})


@pytest.mark.parametrize("name", shipped_names())
def test_shipped_table(name: str) -> None:
    """Every row is reached, the last catches all, rows go worst first, and worse is never milder."""
    assert problems(shipped_table(name)) == []


def test_a_good_table_has_no_problems() -> None:
    assert problems(table(BIG, SMALL, LAST)) == []


def test_numbers_are_tried_at_and_around_every_threshold() -> None:
    tried = [value for value in domain_values(table(BIG, SMALL, LAST), "drop") if isinstance(value, float)]
    assert {0.0, 0.05, 0.10, 1.0} <= set(tried)
    assert any(0 < value < 0.05 for value in tried)
    assert any(0.05 < value < 0.10 for value in tried)
    assert any(0.10 < value < 1 for value in tried)


def test_every_combination_is_walked() -> None:
    flags = {name: {"kind": "boolean", "optional": True} for name in "abc"}
    assert len(list(combinations(table(LAST, severity=(), **flags)))) == 3**3


def test_a_row_that_nobody_reaches_is_found() -> None:
    hidden = {"row": "huge", "when": {"drop": "> 0.5"}, "then": "ALERT", "because": "x"}
    assert problems(table(BIG, hidden, SMALL, LAST)) == ["row 'huge' is never reached"]


def test_a_worse_input_with_a_milder_verdict_is_found() -> None:
    upside_down = {"row": "a", "when": {"drop": "> 0.5"}, "then": "OK", "because": "x"}
    found = problems(table(BIG | {"when": {"drop": "> 0.10, <= 0.5"}}, upside_down, SMALL, LAST | {"then": "WARN"}))
    assert any("is worse, yet ALERT (big) becomes OK (a)" in one for one in found)


def test_rows_out_of_order_are_found() -> None:
    found = problems(table(SMALL | {"when": {"drop": "> 0.05, <= 0.1"}}, BIG, LAST))
    assert found == ["row 'big' (ALERT) is worse than 'small' above it"]


def test_a_verdict_that_no_row_gives_is_found() -> None:
    assert problems(table(LAST, severity=("OK", "NEVER"))) == ["severity names 'NEVER', which no row gives"]


def test_too_many_combinations_are_refused() -> None:
    flags = {f"flag_{number}": {"kind": "boolean"} for number in range(21)}
    with pytest.raises(ValueError, match="too many"):
        problems(table(LAST, severity=(), **flags))
