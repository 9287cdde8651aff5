"""A learning problem: features, an encoded target, and what ties rows together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

import numpy as np
import pandas as pd

from axagents.errors import NotFound, UserError
from axagents.ml.columns import ColumnSpec, parse_column, prepare_frame

Task = Literal["binary", "multiclass", "regression"]
TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")
Label = str | int | float | bool

MOST_CLASSES = 100
MOST_NUMERIC_CLASSES = 10
_POSITIVE_WORDS = ("yes", "true", "1", "y", "t", "positive", "churned", "bad", "default", "fraud", "success")


@dataclass(frozen=True, eq=False)
class Target:
    """What is to be predicted.

    `values` are int64 codes into `classes`, or float64 for regression. In binary tasks the positive class is code 1.
    """

    name: str
    task: Task
    values: np.ndarray
    classes: tuple[Label, ...] = ()

    @property
    def positive(self) -> Label | None:
        """The class whose probability a binary model gives."""
        return self.classes[1] if self.task == "binary" else None

    def take(self, rows: np.ndarray) -> "Target":
        """Return the target of some rows, with the same classes."""
        return replace(self, values=self.values[rows])


@dataclass(frozen=True)
class LeftOut:
    """A column that is not used as a feature, and why."""

    column: str
    why: str


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

    def take(self, rows: np.ndarray) -> "Problem":
        """Return the problem of some rows, renumbered from 0."""
        return replace(
            self,
            features=self.features.iloc[rows].reset_index(drop=True),
            target=self.target.take(rows),
            entity=None if self.entity is None else self.entity[rows],
            time=None if self.time is None else self.time[rows],
        )

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
    positive: Label | None = None,
    features: Sequence[str] | None = None,
    entity: str | None = None,
    time: str | None = None,
) -> Problem:
    """Make the learning problem of a frame, raw or already parsed.

    Identifiers, texts, constants and empty columns are left out and listed, unless `features` names them;
    the entity and time columns tie rows together and are no features. Raises UserError for an unknown column,
    a target that cannot be learned, or when no feature is left.
    """
    known = {spec.name: spec for spec in columns}
    for field, name in (("target", target), ("entity", entity), ("time", time)):
        if name is not None and name not in known:
            raise NotFound("column", name, known, field=field)
    for name in features or ():
        if name not in known:
            raise NotFound("column", name, known, field="features")
    used, left_out = _choose_features(columns, target=target, features=features, ties={entity, time})
    encoded = encode_target(_column(frame, target), known[target], task=task, positive=positive)
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
        entity=None if entity is None else _entity_codes(_column(frame, entity), known[entity]),
        time=None if time is None else _times(_column(frame, time), known[time]),
        left_out=tuple(left_out),
    )


def encode_target(
    values: pd.Series, spec: ColumnSpec, *, task: Task | None = None, positive: Label | None = None
) -> Target:
    """Encode a target column; without `task` it is told from the column's kind.

    Raises UserError for missing values, a single class, too many classes, or numbers asked of texts.
    """
    parsed = parse_column(values, spec)
    _refuse_missing(parsed, spec.name)
    told = task or _tell_task(parsed, spec)
    if told == "regression":
        return _regression_target(parsed, spec)
    labels = _labels(values, parsed)
    classes = _order_classes(labels, positive=positive, name=spec.name)
    _check_classes(classes, labels, name=spec.name, task=told)
    codes = labels.map({label: code for code, label in enumerate(classes)}).to_numpy(dtype=np.int64)
    return Target(spec.name, "binary" if len(classes) == 2 else "multiclass", codes, tuple(classes))


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
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
            left_out.append(LeftOut(spec.name, why))
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


def _refuse_missing(parsed: pd.Series, name: str) -> None:
    missing = int(parsed.isna().sum())
    if missing == len(parsed):
        raise UserError(f"the target {name!r} has no value in any of the {len(parsed):,} rows", field="target")
    if missing:
        raise UserError(
            f"the target {name!r} is missing in {missing:,} of {len(parsed):,} rows; a row without it teaches nothing",
            field="target",
            hint="leave these rows out of the data, or name another --target",
        )


def _tell_task(parsed: pd.Series, spec: ColumnSpec) -> Task:
    if spec.dtype == "date":
        raise UserError(f"the target {spec.name!r} is a date; name a class or a number", field="target")
    distinct = parsed.nunique()
    if spec.dtype in ("boolean", "string"):
        return "binary" if distinct <= 2 else "multiclass"
    if distinct <= 2:
        return "binary"
    whole = bool((parsed == parsed.round()).all())
    return "multiclass" if whole and distinct <= MOST_NUMERIC_CLASSES else "regression"


def _regression_target(parsed: pd.Series, spec: ColumnSpec) -> Target:
    if spec.dtype not in ("number", "boolean"):
        raise UserError(
            f"the target {spec.name!r} holds {spec.dtype} values; regression needs numbers",
            field="task",
            legal=("binary", "multiclass"),
        )
    values = parsed.to_numpy(dtype=np.float64)
    if np.ptp(values) == 0:
        raise UserError(f"the target {spec.name!r} has the one value {values[0]:g} in every row", field="target")
    return Target(spec.name, "regression", values)


def _labels(values: pd.Series, parsed: pd.Series) -> pd.Series:
    """Each row's class as people write it: the most frequent raw spelling of its parsed value."""
    codes, uniques = pd.factorize(parsed, sort=True)
    spelled: list[Label] = []
    for code in range(len(uniques)):
        raw = cast("pd.Series", values[codes == code]).mode(dropna=True).iloc[0]
        spelled.append(_plain_label(raw))
    if len(set(spelled)) < len(spelled):
        spelled = [_plain_label(value) for value in uniques]
    return pd.Series([spelled[code] for code in codes], dtype=object)


def _plain_label(value: object) -> Label:
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return int(value) if float(value).is_integer() else float(value)
    return str(value).strip()


def _order_classes(labels: pd.Series, *, positive: Label | None, name: str) -> list[Label]:
    """Sorted classes; of two, the positive one last: the one asked for, else yes, true or 1, else the rarer."""
    classes: list[Label] = sorted(labels.unique(), key=lambda label: (str(type(label)), label))
    if len(classes) != 2:
        return classes
    if positive is not None:
        match = [label for label in classes if str(label) == str(positive)]
        if not match:
            raise UserError(
                f"the target {name!r} has no class {positive!r}",
                field="positive",
                legal=tuple(str(each) for each in classes),
            )
        chosen = match[0]
    else:
        words = [label for label in classes if str(label).casefold() in _POSITIVE_WORDS]
        if len(words) == 1:
            chosen = words[0]
        elif all(isinstance(label, int | float) for label in classes):
            chosen = classes[1]
        else:
            counts = labels.value_counts()
            chosen = min(classes, key=lambda label: (counts[label], -classes.index(label)))
    return [label for label in classes if label != chosen] + [chosen]


def _check_classes(classes: list[Label], labels: pd.Series, *, name: str, task: Task) -> None:
    if len(classes) == 1:
        raise UserError(
            f"the target {name!r} has one class only, {classes[0]!r}, in all {len(labels):,} rows; "
            "a classifier needs two",
            field="target",
        )
    if len(classes) > MOST_CLASSES:
        raise UserError(
            f"the target {name!r} has {len(classes):,} different values, more than {MOST_CLASSES} classes; "
            "is it an identifier or a text?",
            field="target",
            hint="name another --target, or ask for task regression if it is a number",
        )
    if task == "binary" and len(classes) > 2:
        raise UserError(
            f"the target {name!r} has {len(classes)} classes, a binary task two", field="task", legal=("multiclass",)
        )


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
