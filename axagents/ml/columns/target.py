"""What a target column asks for: the task, its classes, and which of two is the positive one."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from axagents.errors import UserError
from axagents.ml.columns.parse import parse_column
from axagents.ml.columns.spec import ColumnSpec
from axagents.ml.columns.tokens import BOOLEAN_PAIRS, split_name

Task = Literal["binary", "multiclass", "regression"]
TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")

# More text classes than this are not classes; more whole numbers than this are a quantity.
MAX_CLASSES = 100
_MAX_NUMBERED_CLASSES = 10

_POSITIVE_WORDS = frozenset(
    "yes true positive pos bad churn churned default defaulted fraud fraudulent spam malignant sick ill disease "
    "diseased dead died death fail failed failure faulty defect defective lost left leaver attrited cancelled canceled "
    "cancel late delinquent returned clicked click bought converted purchased approved success anomaly attack abnormal "
    "unsubscribed exited won".split()
)
_NEGATING_WORDS = frozenset({"no", "not", "non", "never", "un"})


class TargetChoice(BaseModel):
    """The task a target asks for.

    `classes` are the labels in the order of their codes (negative, positive for a binary task); empty for a
    regression. `positive` is None unless the task is binary.
    """

    model_config = ConfigDict(frozen=True)

    target: str
    task: Task
    classes: tuple[str, ...] = ()
    counts: tuple[int, ...] = Field(default=(), description="Rows of each class, in the order of `classes`.")
    positive: str | None = None
    missing: int = Field(default=0, description="Rows without a target.")
    because: str


def choose_task(
    values: pd.Series, spec: ColumnSpec, *, task: Task | None = None, positive: str | None = None
) -> TargetChoice:
    """Choose the task for a target column, or check the one that is asked for.

    Raises UserError when the target is missing everywhere, has one class, is a date, or is text of too many
    values to be classes; when the asked task does not fit; when `positive` is none of the classes.
    """
    _refuse_hopeless(spec)
    labels = label_target(values, spec)
    counted = labels.value_counts()
    asked = task or _likely_task(values, spec, counted)
    because = "as asked for" if task else _explain_task(asked, spec)
    if asked == "regression":
        if spec.dtype not in ("number", "boolean"):
            raise UserError(
                f"target {spec.name!r} holds text such as {counted.index[0]!r}: no regression is possible",
                field="task",
                legal=("binary", "multiclass"),
            )
        return TargetChoice(target=spec.name, task="regression", missing=spec.missing, because=because)
    _check_class_count(asked, spec, counted)
    if asked == "binary":
        chosen, why = _choose_positive(counted, positive)
        other = next(str(label) for label in counted.index if label != chosen)
        classes = (other, chosen)
        because = f"{because}; positive is {chosen!r}: {why}"
    else:
        chosen, classes = None, _sort_classes([str(label) for label in counted.index])
    return TargetChoice(
        target=spec.name,
        task=asked,
        classes=classes,
        counts=tuple(int(counted[label]) for label in classes),
        positive=chosen,
        missing=spec.missing,
        because=because,
    )


def label_target(values: pd.Series, spec: ColumnSpec) -> pd.Series:
    """Return the target's labels as texts, None where missing.

    Numbers lose a trailing '.0'; a boolean spelled in several ways (Yes, yes) gets its commonest spelling.
    """
    as_text = spec.model_copy(update={"dtype": "string"})
    if spec.dtype == "number":
        return parse_column(parse_column(values, spec), as_text)
    labels: Any = parse_column(values, as_text)
    if spec.dtype == "boolean":
        truth = parse_column(values, spec)
        common = {side: _common_spelling(labels[truth == side]) for side in (0.0, 1.0)}
        return truth.map(common).astype(object).where(truth.notna(), None)
    return labels


def encode_target(values: pd.Series, spec: ColumnSpec, choice: TargetChoice) -> np.ndarray:
    """Return the target as float64: the number itself, or the place of its label in `choice.classes`.

    NaN where the target is missing. A label that is written otherwise than in training (case, a trailing dot, 1
    for Yes) is still that class. Raises UserError on a label that is no class.
    """
    if choice.task == "regression":
        return parse_column(values, spec).to_numpy(dtype="float64")
    places = _place_labels(choice)
    codes, uniques = pd.factorize(label_target(values, spec), use_na_sentinel=True)
    coded = [_find_place(str(label), places) for label in uniques]
    if None in coded:
        stranger = str(uniques[coded.index(None)])
        raise UserError(
            f"target {spec.name!r} has the label {stranger!r}, which is none of its classes",
            field="target",
            legal=choice.classes,
        )
    return np.array([*coded, np.nan], dtype="float64")[codes]


def _common_spelling(labels: pd.Series) -> str | None:
    counted = labels.value_counts()
    if counted.empty:
        return None
    return {"1.0": "1", "0.0": "0"}.get(str(counted.index[0]), str(counted.index[0]))


def _place_labels(choice: TargetChoice) -> dict[str, float]:
    """Map every accepted spelling to its class; spellings that would fit two classes are left out."""
    places = {label: float(place) for place, label in enumerate(choice.classes)}
    folds = (_fold_case, _fold_boolean) if choice.task == "binary" else (_fold_case,)
    for fold in folds:
        folded = [fold(label) for label in choice.classes]
        if len(set(folded)) == len(folded):
            places |= {label: float(place) for place, label in enumerate(folded) if label not in places}
    return places


def _find_place(label: str, places: dict[str, float]) -> float | None:
    for spelling in (label, _fold_case(label), _fold_boolean(label)):
        if spelling in places:
            return places[spelling]
    return None


def _fold_case(label: str) -> str:
    return label.casefold().removesuffix(".")


def _fold_boolean(label: str) -> str:
    folded = label.casefold()
    for true, false in BOOLEAN_PAIRS:
        if folded in (true, false):
            return "true" if folded == true else "false"
    return _fold_case(label)


def _refuse_hopeless(spec: ColumnSpec) -> None:
    if spec.present == 0:
        raise UserError(f"target {spec.name!r} has no value in any row", field="target")
    if spec.distinct == 1:
        raise UserError(
            f"target {spec.name!r} has one class only in {spec.present:,} rows: there is nothing to learn",
            field="target",
        )
    if spec.dtype == "date":
        raise UserError(f"target {spec.name!r} is a date; derive a number or a yes/no column from it", field="target")


def _likely_task(values: pd.Series, spec: ColumnSpec, counted: pd.Series) -> Task:
    if spec.distinct == 2:
        return "binary"
    if spec.dtype == "string":
        if spec.distinct > MAX_CLASSES or (spec.distinct > 2 and spec.distinct > spec.present / 2):
            raise UserError(
                f"target {spec.name!r} is text of {spec.distinct:,} different values in {spec.present:,} rows: "
                f"classes are at most {MAX_CLASSES}, and repeat",
                field="target",
            )
        return "multiclass"
    numbers = parse_column(values, spec).dropna()
    low, high = float(numbers.min()), float(numbers.max())
    numbered = spec.whole and low in (0.0, 1.0) and high - low + 1 == spec.distinct
    if numbered and spec.distinct <= _MAX_NUMBERED_CLASSES and int(counted.min()) >= 2:
        return "multiclass"
    return "regression"


def _explain_task(task: Task, spec: ColumnSpec) -> str:
    if task == "binary":
        return "two values"
    if task == "multiclass":
        return f"{spec.distinct} classes" + (" numbered without a gap" if spec.dtype == "number" else "")
    return f"numbers of {spec.distinct:,} different values"


def _check_class_count(task: Task, spec: ColumnSpec, counted: pd.Series) -> None:
    if task == "binary" and len(counted) != 2:
        raise UserError(
            f"target {spec.name!r} has {len(counted):,} values; a binary task needs two",
            field="task",
            legal=("multiclass", "regression") if spec.dtype == "number" else ("multiclass",),
        )
    if len(counted) > MAX_CLASSES:
        raise UserError(
            f"target {spec.name!r} has {len(counted):,} classes; at most {MAX_CLASSES} are possible",
            field="target",
            legal=("regression",) if spec.dtype == "number" else (),
        )


def _choose_positive(counted: pd.Series, asked: str | None) -> tuple[str, str]:
    labels = [str(label) for label in counted.index]
    if asked is not None:
        found = [label for label in labels if label == asked] or [
            label for label in labels if _fold_boolean(label) == _fold_boolean(asked)
        ]
        if not found:
            raise UserError(f"{asked!r} is no class of the target", field="positive", legal=labels)
        return found[0], "as asked for"
    named = [label for label in labels if _means_positive(label, labels)]
    if len(named) == 1:
        return named[0], "by its meaning"
    fewest = min(int(count) for count in counted)
    rare = [label for label in labels if int(counted[label]) == fewest]
    if len(rare) == 1:
        return rare[0], f"the rarer class ({fewest:,} of {int(counted.sum()):,})"
    return max(labels), "both classes are equally frequent, the last by name"


def _means_positive(label: str, labels: Sequence[str]) -> bool:
    if {_fold_boolean(each) for each in labels} == {"true", "false"}:
        return _fold_boolean(label) == "true"
    words = split_name(label)
    return bool(_POSITIVE_WORDS.intersection(words)) and not _NEGATING_WORDS.intersection(words)


def _sort_classes(labels: Sequence[str]) -> tuple[str, ...]:
    try:
        return tuple(sorted(labels, key=float))
    except ValueError:
        return tuple(sorted(labels))
