"""Labelled rows, checked against what a model reads and predicts; one clear line where they do not fit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from axagents.errors import UserError
from axagents.ml.columns import ColumnSpec, TargetChoice, encode_target, parse_column, prepare_frame
from axagents.ml.fitted import FittedModel
from axagents.ml.problem import column_of

_FIELD = "evaluation_dataset"
_MOST_TOLD = 8
_MOST_CATEGORIES = 50


@dataclass(frozen=True, eq=False)
class Labelled:
    """Rows with a label.

    Attributes:
        frame: the rows, renumbered from 0.
        numbers: which rows of the frame that was given they are.
        features: what the model reads of them, parsed.
        y: class codes of the model, or values.
        notes: what was left out or read as missing.
    """

    frame: pd.DataFrame
    numbers: np.ndarray
    features: pd.DataFrame
    y: np.ndarray
    notes: tuple[str, ...]


def pick_rows(frame: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    """Return some rows, by number or by mask, numbered anew."""
    return frame.loc[rows].reset_index(drop=True)


def join_columns(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the columns of several frames of the same rows in one."""
    return pd.concat(parts, axis=1)


def check_columns(names: Sequence[str], model: FittedModel, *, source: str) -> None:
    """Raise UserError, naming them, when columns that the model reads are not there."""
    known = set(names)
    absent = [spec.name for spec in model.columns if spec.name not in known]
    if absent:
        raise UserError(
            f"{source!r} lacks what the model reads: {_list(absent, ', ')}",
            field=_FIELD,
            legal=absent[:_MOST_TOLD],
            hint=f"ax data show {source}",
        )


def read_labelled(frame: pd.DataFrame, columns: Sequence[ColumnSpec], model: FittedModel, *, target: str) -> Labelled:
    """Return the rows that have a label, checked.

    Args:
        columns: what is known of the frame's columns.

    Raises:
        UserError: no labels, an unknown class, one value only, or columns of another type than the model reads.
    """
    found = {spec.name: spec for spec in columns}
    y, notes = _read_labels(column_of(frame, target), found[target], model)
    known = np.isfinite(y)
    if not known.all():
        frame = pick_rows(frame, known)
    features = prepare_frame(frame, model.columns)
    notes += _check_types(frame, features, found=found, model=model)
    y = y[known]
    numbers = np.flatnonzero(known)
    return Labelled(frame, numbers, features, y if model.task == "regression" else y.astype(np.int64), tuple(notes))


def check_repeats(labelled: Labelled, columns: Sequence[ColumnSpec], *, entity: str | None, time: str | None) -> str:
    """Tell of rows that stand there twice; empty where none does.

    Raises:
        UserError: an entity has two labels at one time.
    """
    if entity is None or time is None:
        twice = int(labelled.frame.duplicated().sum())
        return f"{twice:,} rows stand there more than once." if twice else ""
    keys = prepare_frame(labelled.frame, [spec for spec in columns if spec.name in (entity, time)])
    again = keys.duplicated()
    if not again.any():
        return ""
    agreeing = keys.assign(**{"label of the row": labelled.y}).duplicated()
    if int(agreeing.sum()) < int(again.sum()):
        first = int(np.flatnonzero(again & ~agreeing)[0]) + 1
        raise UserError(
            f"a {entity} has two different labels at the same {time}; row {first:,} contradicts one above it",
            field=_FIELD,
            hint=f"leave one row for each {entity} and {time}",
        )
    return f"{int(again.sum()):,} rows repeat a {entity} at the same {time}."


def _read_labels(values: pd.Series, spec: ColumnSpec, model: FittedModel) -> tuple[np.ndarray, list[str]]:
    """Return the truth, NaN where there is none."""
    if model.task == "regression" and spec.dtype not in ("number", "boolean"):
        raise UserError(f"the target {spec.name!r} holds {_say(spec)}, and the model predicts numbers", field=_FIELD)
    choice = TargetChoice(target=spec.name, task=model.task, classes=model.classes, because="as the model was trained")
    y = encode_target(values, spec, choice)
    known = np.isfinite(y)
    if not known.any():
        raise UserError(f"there is no label in any row of the target {spec.name!r}", field=_FIELD)
    if model.task == "regression" and np.ptp(y[known]) == 0:
        told = f"all {int(known.sum()):,} rows have the same {spec.name!r}, {y[known][0]:g}"
        raise UserError(f"{told}: there is nothing to predict", field=_FIELD)
    missing = int((~known).sum())
    return y, [f"{missing:,} of {len(y):,} rows have no label and were left out."] if missing else []


def _check_types(
    frame: pd.DataFrame, features: pd.DataFrame, *, found: dict[str, ColumnSpec], model: FittedModel
) -> list[str]:
    """Refuse columns that hold something else than the model reads; tell of single values that it cannot read."""
    wrong: list[str] = []
    notes: list[str] = []
    for spec in model.columns:
        here = found[spec.name]
        present, lost = _count_lost(column_of(frame, spec.name), column_of(features, spec.name), spec)
        if lost > present / 2 or _is_foreign(spec, here):
            wrong.append(f"{spec.name} (the model reads {_say(spec)}, here it is {_say(here)})")
        elif lost:
            notes.append(f"{lost:,} values of {spec.name} cannot be read as {_say(spec)} and count as missing.")
        elif present == 0:
            notes.append(f"{spec.name}, which the model reads, has no value in any row.")
    if wrong:
        raise UserError(f"columns are of another type: {_list(wrong, '; ')}", field=_FIELD)
    return notes


def _count_lost(raw: pd.Series, parsed: pd.Series, spec: ColumnSpec) -> tuple[int, int]:
    """Return how many values a column has, and how many of them could not be read."""
    present, read = int(raw.notna().sum()), int(parsed.notna().sum())
    if present > read:
        # Marks of missing values such as ? are no values.
        present = int(parse_column(raw, spec.model_copy(update={"dtype": "string"})).notna().sum())
    return present, max(present - read, 0)


def _is_foreign(spec: ColumnSpec, found: ColumnSpec) -> bool:
    """Say whether a category has become a quantity or a date, which would read as categories never seen."""
    quantity = found.kind == "numeric" and (not found.whole or found.distinct > _MOST_CATEGORIES)
    return spec.dtype == "string" and spec.kind == "category" and (quantity or found.dtype == "date")


def _say(spec: ColumnSpec) -> str:
    return {"number": "numbers", "boolean": "yes or no", "date": "dates", "string": "text"}[spec.dtype]


def _list(names: Sequence[str], between: str) -> str:
    more = f" and {len(names) - _MOST_TOLD:,} more" if len(names) > _MOST_TOLD else ""
    return between.join(names[:_MOST_TOLD]) + more
