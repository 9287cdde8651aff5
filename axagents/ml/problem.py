"""A learning problem: features, an encoded target, and what ties rows together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import pandas as pd

from axagents.errors import NotFound, UserError
from axagents.ml.columns import ColumnSpec, Task, choose_task, encode_target, parse_column, prepare_frame


@dataclass(frozen=True, eq=False)
class Target:
    """What is to be predicted.

    `values` are int64 codes into `classes`, or float64 for regression. In binary tasks the positive class is code 1.
    """

    name: str
    task: Task
    values: np.ndarray
    classes: tuple[str, ...] = ()

    @property
    def positive(self) -> str | None:
        """The class whose probability a binary model gives."""
        return self.classes[1] if self.task == "binary" else None

    def take(self, rows: np.ndarray) -> "Target":
        """Return the target of some rows, with the same classes."""
        return replace(self, values=self.values[rows])


@dataclass(frozen=True)
class LeftOut:
    """A column that is not used as a feature, and why; for an identifier, how many rows share each of its values."""

    column: str
    why: str
    rows_per_value: float = 1.0


@dataclass(frozen=True, eq=False)
class Problem:
    """Features as `prepare_frame` parses them (row i is row i of the data), a target, entity codes and times."""

    features: pd.DataFrame
    columns: tuple[ColumnSpec, ...]
    target: Target
    entity: np.ndarray | None = None
    time: np.ndarray | None = None
    left_out: tuple[LeftOut, ...] = ()

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.features)

    @property
    def task(self) -> Task:
        """The kind of problem."""
        return self.target.task

    @property
    def names(self) -> tuple[str, ...]:
        """The features' names, in their order."""
        return tuple(spec.name for spec in self.columns)

    def missing(self, name: str) -> float:
        """Return the share of rows in which a feature is missing."""
        return float(self.feature(name).isna().mean())

    def take(self, rows: np.ndarray) -> "Problem":
        """Return the problem of some rows, renumbered from 0."""
        return replace(
            self,
            features=self.features.iloc[rows].reset_index(drop=True),
            target=self.target.take(rows),
            entity=None if self.entity is None else self.entity[rows],
            time=None if self.time is None else self.time[rows],
        )

    def feature(self, name: str) -> pd.Series:
        """Return one feature."""
        return column_of(self.features, name)

    def select(self, names: Sequence[str]) -> pd.DataFrame:
        """Return some features, in the order given."""
        return cast("pd.DataFrame", self.features[list(names)])

    def without(self, columns: Iterable[str], why: str = "leaks the target") -> "Problem":
        """Return the problem with some features left out."""
        gone = set(columns)
        kept = tuple(spec for spec in self.columns if spec.name not in gone)
        return replace(
            self,
            features=self.select([spec.name for spec in kept]),
            columns=kept,
            left_out=(*self.left_out, *(LeftOut(name, why) for name in self.features.columns if name in gone)),
        )


def define_problem(
    frame: pd.DataFrame,
    columns: Sequence[ColumnSpec],
    *,
    target: str,
    task: Task | None = None,
    positive: str | None = None,
    features: Sequence[str] | None = None,
    exclude: Sequence[str] | None = None,
    entity: str | None = None,
    time: str | None = None,
) -> Problem:
    """Make the learning problem of a frame, raw or already parsed.

    Identifiers, texts, constants and empty columns are left out and listed, unless `features` names them; so are those
    of `exclude`. The entity and time columns tie rows together and are no features. Raises UserError for an unknown
    column, a target that cannot be learned, or when no feature is left.
    """
    known = {spec.name: spec for spec in columns}
    for field, name in (("target", target), ("entity", entity), ("time", time)):
        if name is not None and name not in known:
            raise NotFound("column", name, known, field=field)
    for field, names in (("features", features), ("exclude", exclude)):
        for name in names or ():
            if name not in known:
                raise NotFound("column", name, known, field=field)
    used, left_out = _choose_features(columns, target=target, features=features, ties={entity, time})
    unwanted = [spec for spec in used if spec.name in (exclude or ())]
    used = [spec for spec in used if spec not in unwanted]
    left_out += [LeftOut(spec.name, "asked to be left out") for spec in unwanted]
    encoded = _encode(column_of(frame, target), known[target], task=task, positive=positive)
    prepared = prepare_frame(frame, used).reset_index(drop=True)
    used, left_out = _drop_constant(prepared, used, left_out)
    if not used:
        raise UserError(
            f"no usable feature is left beside the target {target!r}: "
            + ", ".join(f"{each.column} ({each.why})" for each in left_out[:8]),
            field="features",
        )
    return Problem(
        features=cast("pd.DataFrame", prepared[[spec.name for spec in used]]),
        columns=tuple(used),
        target=encoded,
        entity=None if entity is None else _entity_codes(column_of(frame, entity), known[entity]),
        time=None if time is None else _times(column_of(frame, time), known[time]),
        left_out=tuple(left_out),
    )


def column_of(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return one column, typed as what it is."""
    return cast("pd.Series", frame[name])


def _choose_features(
    columns: Sequence[ColumnSpec], *, target: str, features: Sequence[str] | None, ties: set[str | None]
) -> tuple[list[ColumnSpec], list[LeftOut]]:
    used: list[ColumnSpec] = []
    left_out: list[LeftOut] = []
    for spec in columns:
        if spec.name == target:
            continue
        why = _why_left_out(spec, features=features, ties=ties)
        if why:
            repeats = spec.present / max(spec.distinct, 1) if spec.kind == "identifier" else 1.0
            left_out.append(LeftOut(spec.name, why, rows_per_value=repeats))
        else:
            used.append(spec)
    return used, left_out


def _why_left_out(spec: ColumnSpec, *, features: Sequence[str] | None, ties: set[str | None]) -> str:
    if spec.name in ties:
        return "ties rows together (entity or time)"
    if features is not None and spec.name not in features:
        return "not among the features asked for"
    if spec.kind in ("constant", "empty"):
        return "has no two values"
    if features is None and spec.kind == "identifier":
        return "identifies rows"
    if features is None and spec.kind == "text":
        return "is free text"
    return ""


def _drop_constant(
    prepared: pd.DataFrame, used: list[ColumnSpec], left_out: list[LeftOut]
) -> tuple[list[ColumnSpec], list[LeftOut]]:
    constant = [spec.name for spec in used if prepared[spec.name].nunique(dropna=False) < 2]
    kept = [spec for spec in used if spec.name not in constant]
    return kept, [*left_out, *(LeftOut(name, "has no two values") for name in constant)]


def _encode(values: pd.Series, spec: ColumnSpec, *, task: Task | None, positive: str | None) -> Target:
    choice = choose_task(values, spec, task=task, positive=positive)
    numbers = encode_target(values, spec, choice)
    missing = int(np.isnan(numbers).sum())
    if missing:
        raise UserError(
            f"the target {spec.name!r} is missing in {missing:,} of {len(numbers):,} rows; a row without it teaches"
            " nothing",
            field="target",
            hint="leave these rows out of the data, or name another --target",
        )
    if choice.task == "regression":
        return Target(spec.name, "regression", numbers)
    return Target(spec.name, choice.task, numbers.astype(np.int64), choice.classes)


def _entity_codes(values: pd.Series, spec: ColumnSpec) -> np.ndarray:
    codes, _ = pd.factorize(parse_column(values, spec), use_na_sentinel=True)
    codes = codes.astype(np.int64)
    missing = np.flatnonzero(codes < 0)
    # A row of an unknown entity is nobody else's.
    codes[missing] = codes.max(initial=-1) + 1 + np.arange(len(missing))
    return codes


def _times(values: pd.Series, spec: ColumnSpec) -> np.ndarray:
    parsed = parse_column(values, spec)
    missing = int(parsed.isna().sum())
    if missing:
        raise UserError(
            f"the time column {spec.name!r} is missing or unreadable in {missing:,} of {len(parsed):,} rows",
            field="time",
        )
    if spec.dtype not in ("date", "number"):
        raise UserError(f"the time column {spec.name!r} holds {spec.dtype} values, not times", field="time")
    return parsed.to_numpy()
