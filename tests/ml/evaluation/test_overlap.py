"""Rows, keys and times of one table in another, counted by hand."""

import numpy as np
import pandas as pd
import pytest

from axagents.ml.columns import infer_columns
from axagents.ml.evaluation.overlap import is_later, share_of_keys, share_of_rows

KNOWN = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": ["x", "y", None, "z"], "y": ["0", "1", "0", "1"]})


def test_share_of_rows_reads_values_and_label() -> None:
    rows = pd.DataFrame({"a": ["1", "2", "3", "9"], "b": ["x", "y", None, "z"], "y": ["0", "0", "0", "1"]})
    columns = infer_columns(KNOWN[["a", "b"]])
    assert share_of_rows(rows, KNOWN, columns) == 0.75
    assert share_of_rows(rows, KNOWN, columns, target="y") == 0.5


def test_share_of_keys() -> None:
    assert share_of_keys(np.array([1, 1, 2, 5]), np.array([1, 5, 7])) == 0.75


@pytest.mark.parametrize(("days", "later"), [([3, 4], True), ([2, 9], False)])
def test_is_later(days: list[int], later: bool) -> None:
    known = pd.DataFrame({"day": [f"2026-01-0{day}" for day in (1, 2)] * 10})
    rows = pd.DataFrame({"at": [f"2026-01-0{day}" for day in days] * 10})
    (here,), (there,) = infer_columns(rows), infer_columns(known)
    assert is_later((rows["at"], here), (known["day"], there)) is later
