"""Formulas by which columns give a number exactly, for every row: copy, recode, sum, difference, product, ratio."""

from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np
import pandas as pd

from axagents.ml.leakage.class_formulas import LEAST_ROWS, LEAST_ROWS_PER_VALUE, Formula, numeric_values
from axagents.ml.problem import column_of

_MOST_PAIRED = 40
_MOST_TRIPLED = 25
_MOST_SUMMED = 60
_PROBE_ROWS = 48
_MOST_DECIMALS = 4

_ONE: tuple[tuple[str, Callable[[np.ndarray], np.ndarray]], ...] = (
    ("{0}", lambda x: x),
    ("log({0})", np.log),
    ("exp({0})", np.exp),
    ("sqrt({0})", np.sqrt),
    ("{0}^2", np.square),
    ("1 / {0}", lambda x: 1 / x),
)
_TWO: tuple[tuple[str, str, Callable[[np.ndarray, np.ndarray], np.ndarray]], ...] = (
    ("sum", "{0} + {1}", lambda a, b: a + b),
    ("difference", "{0} - {1}", lambda a, b: a - b),
    ("difference", "{1} - {0}", lambda a, b: b - a),
    ("product", "{0} * {1}", lambda a, b: a * b),
    ("ratio", "{0} / {1}", lambda a, b: a / b),
    ("ratio", "{1} / {0}", lambda a, b: b / a),
)


def find_value_formulas(features: pd.DataFrame, y: np.ndarray) -> Iterator[Formula]:
    """Yield the formulas that give the values of `y` exactly, up to the rounding that `y` itself shows."""
    if len(y) < LEAST_ROWS:
        return
    tolerance = rounding_of(y)
    numbers: dict[str, np.ndarray] = {}
    with np.errstate(all="ignore"):
        for name in features.columns:
            values = numeric_values(column_of(features, name))
            formula = _recode(str(name), column_of(features, name), y=y)
            if values is not None and np.isfinite(values).all():
                formula = _of_one(str(name), values, y=y, tolerance=tolerance) or formula
                if formula is None:
                    numbers[str(name)] = values
            if formula is not None:
                yield formula
        formula = _of_few(numbers, y, tolerance) or _of_many(numbers, y, tolerance)
    if formula is not None:
        yield formula


def rounding_of(y: np.ndarray) -> float:
    """Return how far from a formula a value may lie: half of the last decimal that is shown, if that is little.

    Little is a hundredth of the standard deviation; else only the error of floating point counts.
    """
    spread = float(y.std())
    for decimals in range(_MOST_DECIMALS + 1):
        scaled = y * 10**decimals
        if np.allclose(scaled, np.round(scaled), rtol=0, atol=1e-6):
            half = 0.5001 * 10.0**-decimals
            return half if half <= 0.01 * spread else 1e-6 * spread
    return 1e-6 * spread


def _recode(name: str, column: pd.Series, *, y: np.ndarray) -> Formula | None:
    codes, uniques = pd.factorize(column, use_na_sentinel=False)
    if len(uniques) < 2 or len(y) / len(uniques) < LEAST_ROWS_PER_VALUE:
        return None
    low, high = np.full(len(uniques), np.inf), np.full(len(uniques), -np.inf)
    np.minimum.at(low, codes, y)
    np.maximum.at(high, codes, y)
    if np.array_equal(low, high):
        return Formula("recode", (name,), f"each of the {len(uniques)} values of {name} has one value of the target")
    return None


def _of_one(name: str, values: np.ndarray, *, y: np.ndarray, tolerance: float) -> Formula | None:
    """y = slope * f(x) + intercept for a common f."""
    for written, function in _ONE:
        x = function(values)
        if not np.isfinite(x).all() or np.ptp(x) == 0:
            continue
        centre = x.mean()
        slope = float(np.dot(x - centre, y - y.mean()) / np.dot(x - centre, x - centre))
        intercept = float(y.mean() - slope * centre)
        # A line through rounded values is off by up to half a unit; the fit itself must not use that up.
        if slope == 0 or np.abs(slope * x + intercept - y).max() > tolerance:
            continue
        is_copy = written == "{0}" and abs(slope - 1) < 1e-9 and abs(intercept) <= tolerance
        told = name if is_copy else f"{slope:.6g} * {written.format(name)} + {intercept:.6g}"
        return Formula("copy" if is_copy else "recode", (name,), told)
    return None


def _of_few(numbers: dict[str, np.ndarray], y: np.ndarray, tolerance: float) -> Formula | None:
    """Two columns by an operation, or three by a sum with signs; a few rows rule out nearly all."""
    probe = np.random.default_rng(0).permutation(len(y))[:_PROBE_ROWS]
    sampled = {name: values[probe] for name, values in numbers.items()}
    if len(numbers) <= _MOST_PAIRED:
        for first, second in combinations(numbers, 2):
            for kind, written, operation in _TWO:
                if _is_near(operation(sampled[first], sampled[second]), y[probe], tolerance) and _is_near(
                    operation(numbers[first], numbers[second]), y, tolerance
                ):
                    return Formula(kind, (first, second), written.format(first, second))
    if len(numbers) > _MOST_TRIPLED:
        return None
    for names in combinations(numbers, 3):
        a, b, c = (sampled[name] for name in names)
        for signs in ((1, 1, 1), (1, 1, -1), (1, -1, 1), (-1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)):
            if _is_near(signs[0] * a + signs[1] * b + signs[2] * c, y[probe], tolerance):
                together = sum(sign * numbers[name] for sign, name in zip(signs, names, strict=True))
                if _is_near(np.asarray(together), y, tolerance):
                    return Formula("sum", names, _write_sum(dict(zip(names, map(float, signs), strict=True))))
    return None


def _of_many(numbers: dict[str, np.ndarray], y: np.ndarray, tolerance: float) -> Formula | None:
    """y = a sum of columns with weights of 1 or -1, found by least squares and checked exactly."""
    if not 2 <= len(numbers) <= min(_MOST_SUMMED, len(y) // 4):
        return None
    names = list(numbers)
    matrix = np.column_stack([numbers[name] for name in names])
    solution = np.linalg.lstsq(np.column_stack([matrix, np.ones(len(y))]), y, rcond=None)[0]
    if np.abs(matrix @ solution[:-1] + solution[-1] - y).max() > 10 * tolerance:
        return None
    weights = np.round(solution[:-1])
    if not set(np.unique(weights)) <= {-1.0, 0.0, 1.0} or not weights.any():
        return None
    constant = float(np.mean(y - matrix @ weights))
    if not _is_near(matrix @ weights + constant, y, tolerance):
        return None
    used = {name: float(weight) for name, weight in zip(names, weights, strict=True) if weight}
    return Formula("sum", tuple(used), _write_sum(used))


def _is_near(values: np.ndarray, y: np.ndarray, tolerance: float) -> bool:
    return bool(np.isfinite(values).all() and np.abs(values - y).max() <= tolerance)


def _write_sum(weights: dict[str, float]) -> str:
    parts = [("+ " if weight > 0 else "- ") + name for name, weight in weights.items()]
    return " ".join(parts).removeprefix("+ ")
