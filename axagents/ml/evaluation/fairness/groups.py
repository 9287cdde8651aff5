"""Who belongs to which group: the values of a sensitive column, of two together, or bins of a number."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import pandas as pd

from axagents.errors import NotFound, UserError
from axagents.ml.preprocessing import MISSING
from axagents.ml.problem import column_of

MOST_VALUES = 200
_MOST_PLAIN_NUMBERS = 10
_BINS = 4


@dataclass(frozen=True, eq=False)
class Groups:
    """The groups of one sensitive column, or of two crossed.

    Attributes:
        columns: the columns that make them.
        names: what each group is called, by code; the rows without a value are the group "(missing)".
        codes: each row's group, shape (n,).
        binning: how a number was made into groups; empty where each value is one.
    """

    columns: tuple[str, ...]
    names: tuple[str, ...]
    codes: np.ndarray
    binning: str = ""

    @property
    def name(self) -> str:
        """What the attribute is called: `sex`, or `sex x race`."""
        return " x ".join(self.columns)

    def take(self, rows: np.ndarray) -> "Groups":
        """Return the groups of some rows, by number or by mask, with the same codes."""
        return Groups(self.columns, self.names, self.codes[rows], self.binning)


def sensitive_groups(
    frame: pd.DataFrame, columns: Sequence[str], *, edges: Mapping[str, Sequence[float]] | None = None
) -> list[Groups]:
    """Return the groups of each sensitive column.

    A number of more than 10 distinct values is binned at `edges`, else at its quartiles. UserError for a column that
    is not there or has more than 200 values.
    """
    for name in columns:
        if name not in frame.columns:
            raise NotFound("column", name, map(str, frame.columns), field="sensitive")
    return [_group_column(column_of(frame, name), name, (edges or {}).get(name)) for name in dict.fromkeys(columns)]


def pairs_of(groups: Sequence[Groups]) -> list[Groups]:
    """Return the groups of each two attributes crossed, only those that have rows."""
    return [_cross(first, second) for first, second in combinations(groups, 2)]


def _group_column(values: pd.Series, name: str, edges: Sequence[float] | None) -> Groups:
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        days = (values.to_numpy(dtype="datetime64[D]").astype("float64"), values.isna().to_numpy())
        return _bin_numbers(np.where(days[1], np.nan, days[0]), name, edges, show=_show_day)
    if pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype):
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        if edges is not None or len(np.unique(numbers[~np.isnan(numbers)])) > _MOST_PLAIN_NUMBERS:
            return _bin_numbers(numbers, name, edges, show=_show_number)
    codes, found = pd.factorize(values, sort=False)
    if len(found) > MOST_VALUES:
        raise UserError(
            f"the sensitive column {name!r} has {len(found):,} values; groups are compared up to {MOST_VALUES}",
            field="sensitive",
            hint="put its values into fewer groups in the data, or name another column",
        )
    return _tidy((name,), [_show_value(each) for each in found], codes)


def _bin_numbers(
    numbers: np.ndarray, name: str, edges: Sequence[float] | None, *, show: Callable[[float], str]
) -> Groups:
    known = ~np.isnan(numbers)
    if edges is None and not known.any():
        inner, told = np.array([]), ""
    elif edges is None:
        inner = np.unique(np.quantile(numbers[known], np.arange(1, _BINS) / _BINS, method="higher"))
        inner = inner[inner > numbers[known].min()]
        told = "at its quartiles: " + ", ".join(show(each) for each in inner)
    else:
        inner = np.unique(np.asarray(edges, dtype=np.float64))
        told = "at the edges given: " + ", ".join(show(each) for each in inner)
    codes = np.where(known, np.searchsorted(inner, numbers, side="right"), -1)
    names = [f"under {show(inner[0])}"] if len(inner) else ["all"]
    names += [f"{show(low)} to under {show(high)}" for low, high in pairwise(inner)]
    names += [f"{show(inner[-1])} and over"] if len(inner) else []
    return _tidy((name,), names, codes, binning=told)


def _cross(first: Groups, second: Groups) -> Groups:
    joined = first.codes * len(second.names) + second.codes
    names = [f"{one}, {other}" for one in first.names for other in second.names]
    told = "; ".join(f"{each.name} {each.binning}" for each in (first, second) if each.binning)
    return _tidy((*first.columns, *second.columns), names, joined, binning=told)


def _tidy(columns: tuple[str, ...], names: Sequence[str], codes: np.ndarray, *, binning: str = "") -> Groups:
    """Give missing values (-1) a group of their own, leave groups without rows out, and sort texts by name."""
    if (codes < 0).any():
        codes, names = np.where(codes < 0, len(names), codes), [*names, MISSING]
    used = np.bincount(codes, minlength=len(names)) > 0
    kept = [place for place, is_used in enumerate(used) if is_used]
    if not binning:
        kept.sort(key=lambda place: names[place])
    place_of = np.zeros(len(names), dtype=np.int64)
    place_of[kept] = np.arange(len(kept))
    return Groups(columns, tuple(names[place] for place in kept), place_of[codes], binning)


def _show_value(value: object) -> str:
    return _show_number(value) if isinstance(value, float) else str(value)


def _show_number(value: float) -> str:
    return f"{value:.6g}"


def _show_day(value: float) -> str:
    return str(np.datetime64(int(value), "D"))
