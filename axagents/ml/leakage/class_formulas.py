"""Formulas by which columns give a class exactly, for every row: copy, recode, presence, threshold, any of, sum."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import pandas as pd

from axagents.ml.problem import column_of

# A column that maps its values to classes must repeat them, or every unique number would "determine" the target.
LEAST_ROWS_PER_VALUE = 10
LEAST_ROWS = 20
# Two rows of a class lie side by side by chance; five do not.
LEAST_OF_A_CLASS = 5
_MOST_PAIRED = 40
_PROBE_ROWS = 300


@dataclass(frozen=True)
class Formula:
    """A named formula over columns that gives the target exactly, written out."""

    name: str
    columns: tuple[str, ...]
    written: str


def find_class_formulas(features: pd.DataFrame, y: np.ndarray, classes: tuple[str, ...]) -> Iterator[Formula]:
    """Yield the formulas that give class codes exactly; a column found once is not looked at again.

    `features` are prepared columns: float64, datetime64 or texts with None.
    """
    counts = np.bincount(y)
    if len(y) < LEAST_ROWS or (counts > 0).sum() < 2 or counts[counts > 0].min() < LEAST_OF_A_CLASS:
        return
    found: set[str] = set()
    for name in features.columns:
        formula = _of_one_column(str(name), column_of(features, name), y=y, classes=classes)
        if formula is not None:
            found.add(str(name))
            yield formula
    if len(classes) != 2:
        return
    rest = features.drop(columns=list(found))
    yield from _any_or_all(rest, y)
    yield from _threshold_of_two(rest, y)


def numeric_values(column: pd.Series) -> np.ndarray | None:
    """Return a numeric or date column as float64 with NaN, None for texts."""
    if column.dtype == object:
        return None
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        values = column.to_numpy(dtype="datetime64[ns]")
        days = (values - np.datetime64(0, "ns")) / np.timedelta64(1, "D")
        return np.asarray(days, dtype=np.float64)
    return column.to_numpy(dtype=np.float64)


def _of_one_column(name: str, column: pd.Series, *, y: np.ndarray, classes: tuple[str, ...]) -> Formula | None:
    return _presence(name, column, y=y) or _recode(name, column, y=y, classes=classes) or _threshold(name, column, y=y)


def _presence(name: str, column: pd.Series, *, y: np.ndarray) -> Formula | None:
    missing = column.isna().to_numpy()
    if y.max() > 1 or not missing.any() or missing.all():
        return None
    if np.array_equal(missing, y == 1):
        return Formula("presence", (name,), f"positive exactly where {name} is missing")
    if np.array_equal(missing, y == 0):
        return Formula("presence", (name,), f"positive exactly where {name} has a value")
    return None


def _recode(name: str, column: pd.Series, *, y: np.ndarray, classes: tuple[str, ...]) -> Formula | None:
    codes, uniques = pd.factorize(column, use_na_sentinel=False)
    if len(uniques) < 2 or len(y) / len(uniques) < LEAST_ROWS_PER_VALUE:
        return None
    table = np.bincount(codes * len(classes) + y, minlength=len(uniques) * len(classes))
    table = table.reshape(len(uniques), len(classes))
    if ((table > 0).sum(axis=1) != 1).any():
        return None
    kind = "copy" if len(uniques) == len(np.unique(y)) else "recode"
    pairs = [f"{value} -> {classes[int(table[place].argmax())]}" for place, value in enumerate(uniques)]
    return Formula(kind, (name,), ", ".join(pairs[:6]) + (", ..." if len(pairs) > 6 else ""))


def _threshold(name: str, column: pd.Series, *, y: np.ndarray) -> Formula | None:
    values = numeric_values(column)
    if values is None:
        return None
    known = np.isfinite(values)
    # Rows without a value may only be of one class, or the column does not decide them.
    if known.sum() < LEAST_ROWS or len(np.unique(y[~known])) > 1 or len(np.unique(y[known])) < 2:
        return None
    ends = sorted(
        (values[known & (y == code)].min(), values[known & (y == code)].max()) for code in np.unique(y[known])
    )
    if all(before[1] < after[0] for before, after in pairwise(ends)):
        cuts = [(before[1] + after[0]) / 2 for before, after in pairwise(ends)]
        return Formula("threshold", (name,), f"{name} cut at {', '.join(f'{cut:.6g}' for cut in cuts)}")
    return _interval(name, values[known], y=y[known])


def _interval(name: str, values: np.ndarray, *, y: np.ndarray) -> Formula | None:
    if y.max() > 1:
        return None
    for code in (0, 1):
        inside, outside = values[y == code], values[y != code]
        if not ((outside >= inside.min()) & (outside <= inside.max())).any():
            return Formula("threshold", (name,), f"{name} between {inside.min():.6g} and {inside.max():.6g}")
    return None


def _any_or_all(features: pd.DataFrame, y: np.ndarray) -> Iterator[Formula]:
    """y = any of some yes/no columns, or all of them: each must imply the target, or be implied, by itself."""
    flags = {name: values for name, values in _numbers(features).items() if np.isin(values, (0.0, 1.0)).all()}
    for kind, side in (("any of", 1), ("all of", 0)):
        implying = [
            name for name, values in flags.items() if (values == side).any() and (y[values == side] == side).all()
        ]
        if len(implying) < 2:
            continue
        together = np.any([flags[name] == side for name in implying], axis=0)
        if np.array_equal(together, y == side):
            yield Formula(kind, tuple(implying), f"{kind} {', '.join(implying)}")


def _threshold_of_two(features: pd.DataFrame, y: np.ndarray) -> Iterator[Formula]:
    """y = a + b > cut or a - b > cut; a few rows rule out nearly every pair before all rows are looked at."""
    numbers = _numbers(features)
    if len(numbers) > _MOST_PAIRED or min(np.bincount(y, minlength=2)) < LEAST_ROWS_PER_VALUE:
        return
    probe = _probe_rows(y)
    for first, second in combinations(numbers, 2):
        for sign, word in ((1.0, "+"), (-1.0, "-")):
            if _find_cut(numbers[first][probe] + sign * numbers[second][probe], y[probe]) is None:
                continue
            cut = _find_cut(numbers[first] + sign * numbers[second], y)
            if cut is not None:
                yield Formula("sum and threshold", (first, second), f"{first} {word} {second} cut at {cut:.6g}")
                return


def _find_cut(values: np.ndarray, y: np.ndarray) -> float | None:
    zeros, ones = values[y == 0], values[y == 1]
    for below, above in ((zeros.max(), ones.min()), (ones.max(), zeros.min())):
        if below < above:
            return float((below + above) / 2)
    return None


def _probe_rows(y: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(0)
    rows = [rng.permutation(np.flatnonzero(y == code))[: _PROBE_ROWS // 2] for code in (0, 1)]
    return np.concatenate(rows)


def _numbers(features: pd.DataFrame) -> dict[str, np.ndarray]:
    """The numeric columns without gaps."""
    held = {str(name): numeric_values(column_of(features, name)) for name in features.columns}
    return {name: values for name, values in held.items() if values is not None and np.isfinite(values).all()}
