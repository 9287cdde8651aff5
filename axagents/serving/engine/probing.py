"""Rows to ask a model with: its example, and others all over the ranges of its columns."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from axagents.errors import Failed
from axagents.ml.columns import ColumnSpec
from axagents.ml.fitted import FittedModel
from axagents.serving.engine.knots import knots_of

PROBES = 600
_UNSEEN = "never seen before"
_DAY = 86_400


@dataclass(frozen=True)
class Probe:
    """Tables of rows as a request's `inputs` holds them, the model's scores of all, and what it cannot answer.

    `never_missing` are the columns without which the model gives no answer.
    """

    tables: list[dict[str, list[Any]]]
    scores: np.ndarray
    never_missing: frozenset[str]


def probe_model(fitted: FittedModel, example: pd.DataFrame | None, *, whole: frozenset[str]) -> Probe:
    """Ask a model about its example and about random rows; the same rows each time.

    Args:
        whole: columns that take whole numbers only.

    Raises:
        Failed: it has no answer to any row.
    """
    rng = np.random.default_rng(0)
    knots = knots_of(fitted)
    given = {} if example is None else _cells(example, fitted.columns)
    made = {
        spec.name: _random_cells(spec, [*given.get(spec.name, []), *knots.get(spec.name, [])], rng=rng, whole=whole)
        for spec in fitted.columns
    }
    base = _base_row(fitted, given, made)
    never_missing = frozenset(name for name in base if not _answers(fitted, {**base, name: None}))
    for spec in fitted.columns:
        _leave_gaps(made[spec.name], spec, base=base, fitted=fitted, rng=rng, gaps=spec.name not in never_missing)
    tables = [table for table in (given, made) if table]
    scores = [np.asarray(fitted.scores(_frame(table)), dtype=np.float64) for table in tables]
    return Probe(tables=tables, scores=np.concatenate(scores), never_missing=never_missing)


def _cells(example: pd.DataFrame, columns: Sequence[ColumnSpec]) -> dict[str, list[Any]]:
    return {spec.name: [_plain(cell) for cell in example[spec.name].tolist()] for spec in columns}


def _plain(cell: Any) -> Any:
    if cell is None or cell is pd.NaT or (isinstance(cell, float) and not np.isfinite(cell)):
        return None
    return cell.isoformat() if isinstance(cell, pd.Timestamp) else cell


def _frame(table: dict[str, list[Any]]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(cells) for name, cells in table.items()})


def _answers(fitted: FittedModel, row: dict[str, Any]) -> bool:
    try:
        scores = fitted.scores(_frame({name: [cell] for name, cell in row.items()}))
    except (ValueError, TypeError, RuntimeError):
        return False
    return bool(np.isfinite(scores).all())


def _base_row(fitted: FittedModel, given: dict[str, list[Any]], made: dict[str, list[Any]]) -> dict[str, Any]:
    """Return a row that the model answers, without gaps."""
    names = [spec.name for spec in fitted.columns]
    rows = list(zip(*(given[name] for name in names), strict=True)) if given else []
    rows += list(itertools.islice(zip(*(made[name] for name in names), strict=True), 20))
    whole = [{name: next((x for x in [row[at], *made[name]] if x is not None), None) for at, name in enumerate(names)}
             for row in rows]  # fmt: skip
    for row in whole:
        if _answers(fitted, row):
            return row
    raise Failed("the model gives no finite answer to its example, nor to any row that was tried")


def _leave_gaps(
    cells: list[Any],
    spec: ColumnSpec,
    *,
    base: dict[str, Any],
    fitted: FittedModel,
    rng: np.random.Generator,
    gaps: bool,
) -> None:
    places = rng.permutation(len(cells))
    if gaps:
        for place in places[: len(cells) // 8]:
            cells[place] = None
    if spec.dtype == "string" and _answers(fitted, {**base, spec.name: _UNSEEN}):
        for place in places[len(cells) // 8 : len(cells) // 5]:
            cells[place] = _UNSEEN


def _random_cells(
    spec: ColumnSpec, anchors: Sequence[Any], *, rng: np.random.Generator, whole: frozenset[str]
) -> list[Any]:
    if spec.dtype == "boolean":
        return [bool(each) for each in rng.integers(0, 2, PROBES)]
    if spec.dtype == "string":
        known = [each for each in anchors if each is not None] or ["a"]
        return [known[place] for place in rng.integers(0, len(known), PROBES)]
    numbers = [float(each) for each in anchors if isinstance(each, int | float) and not isinstance(each, bool)]
    if spec.dtype == "date":
        return _random_dates(spec, anchors, numbers, rng=rng)
    values = _random_numbers(numbers, rng)
    if spec.name in whole:
        return [int(each) for each in np.round(values)]
    if spec.whole:
        values = np.where(rng.random(PROBES) < 0.8, np.round(values), values)
    return values.tolist()


def _random_numbers(anchors: Sequence[float], rng: np.random.Generator) -> np.ndarray:
    """Anchors as they are, just beside them, between and beyond them, zeros, and a few very large ones."""
    held = np.array(anchors or [0.0, 1.0])
    picked = rng.choice(held, PROBES)
    low, high = float(held.min()), float(held.max())
    span = max(high - low, abs(high), 1.0)
    near = picked + rng.normal(0, 1, PROBES) * max(float(held.std()), abs(high) / 10, 0.1) / 10
    single = np.nextafter(picked.astype(np.float32), np.float32(rng.choice([-1e30, 1e30]))).astype(np.float64)
    wide = rng.uniform(low - span / 4, high + span / 4, PROBES)
    choice = rng.choice(6, PROBES, p=[0.3, 0.3, 0.1, 0.25, 0.03, 0.02])
    return np.choose(choice, [picked, near, single, wide, np.zeros(PROBES), picked * 1000])


def _random_dates(
    spec: ColumnSpec, anchors: Sequence[Any], days: Sequence[float], *, rng: np.random.Generator
) -> list[Any]:
    texts = pd.Series([each for each in anchors if isinstance(each, str)], dtype=object)
    pattern = spec.date_format or "iso"
    if pattern in {"epoch-s", "epoch-ms"}:
        scale = 1 if pattern == "epoch-s" else 1000
        return [int(each) for each in (_random_numbers(days or [1.6e9 * scale], rng))]
    seen = pd.to_datetime(texts, format="ISO8601" if pattern == "iso" else pattern, errors="coerce").dropna()
    begin = seen.min() if len(seen) else pd.Timestamp("2020-01-01")
    moments = begin + pd.to_timedelta(rng.integers(-400, 1200, PROBES), unit="D")
    return [each.strftime("%Y-%m-%d" if pattern == "iso" else pattern) for each in moments]
