"""Conditions on columns that people can read: a category, a range of a number or date, or that the value is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from axagents.ml.problem import column_of

MOST_CATEGORIES = 20
FEW_VALUES = 10
_EDGE_ROWS = 100_000
_GLANCE = 1000
_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Condition:
    """One condition on a column.

    `value` for "is"; `low` and `high` for "range" (low included, high not; None where it is open), as dates for dates.
    """

    column: str
    kind: Literal["is", "range", "missing"]
    value: str | None = None
    low: float | str | None = None
    high: float | str | None = None

    @property
    def text(self) -> str:
        """The condition in words."""
        if self.kind == "missing":
            return f"{self.column} is missing"
        if self.kind == "is":
            return f"{self.column} is {self.value}"
        low, high = (f"{each:.6g}" if isinstance(each, float) else each for each in (self.low, self.high))
        if self.low is None:
            return f"{self.column} is below {high}"
        return (
            f"{self.column} is {low} or above" if self.high is None else f"{self.column} is from {low} to below {high}"
        )


@dataclass(frozen=True, eq=False)
class CodedColumn:
    """A column as codes (n,), int64: which of its conditions each row meets; the code len(conditions) is none."""

    name: str
    codes: np.ndarray
    conditions: tuple[Condition, ...]

    @property
    def size(self) -> int:
        """The number of codes."""
        return len(self.conditions) + 1


def code_columns(
    frame: pd.DataFrame, *, names: Sequence[str] | None = None, bins: int = 10, seed: int = 0
) -> list[CodedColumn]:
    """Code columns of a frame; those without two conditions to tell apart are left out.

    Numbers and dates by `bins` quantiles, by value when there are at most 10; texts and booleans by their 20 most
    frequent values. Quantiles of more than 100,000 rows are those of a sample.
    """
    found: list[CodedColumn] = []
    for name in frame.columns if names is None else names:
        coded = _code(str(name), column_of(frame, str(name)), bins=bins, seed=seed)
        if len(np.unique(coded.codes)) > 1:
            found.append(coded)
    return found


def _code(name: str, values: pd.Series, *, bins: int, seed: int) -> CodedColumn:
    dtype = values.dtype
    if pd.api.types.is_datetime64_any_dtype(dtype):
        days = (values.dt.tz_localize(None).to_numpy(dtype="datetime64[ns]") - np.datetime64(0, "ns")) / _DAY
        return _code_numbers(name, days, bins=bins, seed=seed, dates=True)
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype):
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        if _has_many(numbers[:_GLANCE]) or _has_many(numbers):
            return _code_numbers(name, numbers, bins=bins, seed=seed)
    return _code_categories(name, values)


def _has_many(numbers: np.ndarray) -> bool:
    return len(pd.unique(numbers[~np.isnan(numbers)])) > FEW_VALUES


def _code_numbers(name: str, numbers: np.ndarray, *, bins: int, seed: int, dates: bool = False) -> CodedColumn:
    known = ~np.isnan(numbers)
    looked = numbers[known]
    if len(looked) > _EDGE_ROWS:
        looked = np.random.default_rng(seed).choice(looked, _EDGE_ROWS, replace=False)
    edges = np.unique(np.quantile(looked, np.arange(1, bins) / bins, method="higher")) if len(looked) else np.array([])
    # An edge at the least value would leave nothing below it.
    edges = edges[edges > looked.min()] if len(looked) else edges
    codes = np.searchsorted(edges, numbers, side="right").astype(np.int64)
    codes[~known] = len(edges) + 1
    shown = [_show_day(edge) if dates else float(edge) for edge in edges]
    ranges = [
        Condition(name, "range", low=low, high=high) for low, high in zip([None, *shown], [*shown, None], strict=True)
    ]
    return CodedColumn(name, codes, (*ranges, Condition(name, "missing")))


def _code_categories(name: str, values: pd.Series) -> CodedColumn:
    codes, uniques = pd.factorize(values)
    counts = np.bincount(codes[codes >= 0], minlength=len(uniques))
    kept = np.argsort(-counts, kind="stable")[:MOST_CATEGORIES]
    renumbered = np.full(len(uniques) + 1, len(kept) + 1, dtype=np.int64)
    renumbered[kept] = np.arange(len(kept))
    renumbered[-1] = len(kept)  # missing values have the code -1
    conditions = [Condition(name, "is", value=_show(uniques[place])) for place in kept]
    return CodedColumn(name, renumbered[codes], (*conditions, Condition(name, "missing")))


def _show(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _show_day(days: float) -> str:
    return str((np.datetime64(0, "s") + np.timedelta64(round(days * 86_400), "s")).astype("datetime64[D]"))
