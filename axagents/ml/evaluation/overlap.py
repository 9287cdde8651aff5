"""How many rows of one table stand in another."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pandas.core.util.hashing import hash_pandas_object

from axagents.ml.columns import ColumnSpec, parse_column, prepare_frame
from axagents.ml.problem import column_of


def share_of_rows(
    rows: pd.DataFrame, known: pd.DataFrame, columns: Sequence[ColumnSpec], *, target: str | None = None
) -> float:
    """Return the share of `rows` whose values, and label, all stand in one row of `known`."""
    here, there = (_hash_rows(each, columns, target) for each in (rows, known))
    return float(np.isin(here, there).mean())


def share_of_keys(rows: np.ndarray, known: np.ndarray) -> float:
    """Return the share of the keys of `rows` that are among those of `known`."""
    return float(np.isin(rows, known).mean())


def is_later(rows: tuple[pd.Series, ColumnSpec], known: tuple[pd.Series, ColumnSpec]) -> bool:
    """Say whether every time of `rows` lies after every time of `known`; each is a column and its specification."""
    first, last = parse_column(*rows).min(), parse_column(*known).max()
    return bool(first > last)


def _hash_rows(frame: pd.DataFrame, columns: Sequence[ColumnSpec], target: str | None) -> np.ndarray:
    parsed = prepare_frame(frame, columns)
    if target is not None:
        parsed = parsed.assign(**{target: column_of(frame, target).astype(str)})
    return hash_pandas_object(parsed, index=False).to_numpy()
