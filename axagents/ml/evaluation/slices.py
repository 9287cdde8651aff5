"""Where a model errs: groups of rows, by one or two conditions, whose loss is notably higher than elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.stats import t

from axagents.errors import UserError
from axagents.ml.evaluation.answers import Answers
from axagents.ml.evaluation.checking import check_answers
from axagents.ml.evaluation.conditions import CodedColumn, Condition, code_columns
from axagents.ml.evaluation.slice_search import Candidate, rows_of, search_slices
from axagents.ml.intervals import Interval, simultaneous_level, wilson_interval
from axagents.ml.intervals.influence import influence_variance
from axagents.ml.terms import row_terms

Measure = Literal["error", "missed", "false_alarm", "log_loss", "absolute_error", "squared_error"]
MEASURES: dict[Measure, str] = {
    "error": "share of rows called wrong",
    "missed": "share of positive rows missed",
    "false_alarm": "share of negative rows called positive",
    "log_loss": "log loss",
    "absolute_error": "absolute error",
    "squared_error": "squared error",
}
_OF_VALUES = ("absolute_error", "squared_error")
_OF_TWO = ("missed", "false_alarm")
_LEAST_ROWS, _LEAST_SHARE = 50, 0.005
_FEWEST_BINS, _MOST_BINS, _ROWS_PER_BIN = 4, 10, 300


@dataclass(frozen=True)
class ErrorSlice:
    """A group of rows, as it is on the half that confirms.

    Attributes:
        inside, outside: the mean loss of the group and of all other rows.
        difference: inside less outside; the intervals of all groups hold together.
        found: the difference on the half that it was found on, which flatters the finder.
        confirmed: the whole interval lies above zero.
    """

    conditions: tuple[Condition, ...]
    rows: int
    share: float
    inside: float
    outside: float
    difference: Interval
    found: float
    confirmed: bool

    @property
    def text(self) -> str:
        """The conditions in words."""
        return " and ".join(each.text for each in self.conditions)


@dataclass(frozen=True)
class SliceSearch:
    """What was looked for, how many groups were looked at, and those found: confirmed ones first, the worst first."""

    measure: Measure
    overall: float
    looked_at: int
    slices: tuple[ErrorSlice, ...]
    method: str
    notes: tuple[str, ...] = ()


def find_slices(
    answers: Answers,
    frame: pd.DataFrame,
    *,
    measure: Measure | None = None,
    columns: Sequence[str] | None = None,
    most: int = 20,
    level: float = 0.95,
    seed: int = 0,
) -> SliceSearch:
    """Find groups on one half of the rows, or entities, and confirm them on the other.

    Args:
        frame: row i is row i of the answers; its columns, or those in `columns`, are what conditions may be about.
        measure: "error" for classes and "absolute_error" for values when not given.
        most: how many groups are put to the second half; their intervals hold together (Bonferroni).

    Raises:
        UserError: answers that nothing can be said of, a frame of other rows, or a measure that does not fit the task.
    """
    check_answers(answers)
    if len(frame) != answers.rows:
        raise UserError(f"{answers.rows:,} answers and {len(frame):,} rows do not belong together")
    chosen: Measure = measure or ("absolute_error" if answers.task == "regression" else "error")
    loss, rows = _losses(answers, chosen)
    entity = None if answers.entity is None else np.unique(answers.entity[rows], return_inverse=True)[1]
    first, second = _halves(len(loss), entity, seed=seed)
    least = max(_LEAST_ROWS, int(_LEAST_SHARE * len(first)))
    method = f"found on one half, confirmed on the other at {level:.0%} for all together (Bonferroni)"
    overall = float(loss.mean()) if len(loss) else 0.0
    if min(len(first), len(second)) < 2 * least:
        few = f"{len(loss):,} rows are too few to look for groups of at least {least} in either half."
        return SliceSearch(chosen, overall, 0, (), method, (few,))
    bins = int(np.clip(len(first) // _ROWS_PER_BIN, _FEWEST_BINS, _MOST_BINS))
    coded = code_columns(frame.iloc[rows], names=columns, bins=bins, seed=seed)
    found = search_slices(
        [each.codes[first] for each in coded], [each.size for each in coded], loss[first], least=least, most=most
    )
    units = None if entity is None else entity[second]
    judge = _Judge(coded, second, loss[second], units, simultaneous_level(level, len(found.candidates)))
    slices = sorted((judge.measure(each) for each in found.candidates), key=_order)
    notes = _tell_pairs(found.paired_columns, len(coded))
    return SliceSearch(chosen, overall, found.looked_at, tuple(slices), method, notes)


def _order(each: ErrorSlice) -> tuple[bool, float]:
    return not each.confirmed, -each.difference.low


def _tell_pairs(paired: int, columns: int) -> tuple[str, ...]:
    if paired == columns:
        return ()
    return (f"Pairs of conditions were looked for among {paired} of {columns} columns, by what each shows alone.",)


def _losses(answers: Answers, measure: Measure) -> tuple[np.ndarray, np.ndarray]:
    """Return the loss of the rows that the measure is about, and their numbers."""
    fits = (measure in _OF_VALUES) == (answers.task == "regression")
    if not fits or (measure in _OF_TWO and answers.task != "binary"):
        raise UserError(f"the measure {measure!r} does not fit a {answers.task} task", field="slices", legal=MEASURES)
    every = np.arange(answers.rows)
    if measure == "log_loss":
        return row_terms("log_loss", answers.y, answers.scores)[:, 0], every
    if answers.task == "regression":
        gaps = np.abs(answers.y - answers.scores)
        return gaps if measure == "absolute_error" else gaps**2, every
    wrong = (answers.labels != answers.y).astype(np.float64)
    if measure == "error":
        return wrong, every
    rows = np.flatnonzero(answers.y == (1 if measure == "missed" else 0))
    return wrong[rows], rows


def _halves(rows: int, entity: np.ndarray | None, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    units = np.arange(rows) if entity is None else entity
    count = int(units.max(initial=-1)) + 1
    in_first = np.random.default_rng(seed).permutation(count) < count // 2
    return np.flatnonzero(in_first[units]), np.flatnonzero(~in_first[units])


@dataclass(frozen=True, eq=False)
class _Judge:
    """The half that confirms."""

    coded: list[CodedColumn]
    half: np.ndarray
    loss: np.ndarray
    units: np.ndarray | None
    level: float

    def measure(self, candidate: Candidate) -> ErrorSlice:
        columns = {place: self.coded[place] for place in candidate.columns}
        own = [columns[place].codes[self.half] for place in candidate.columns]
        inside = rows_of(Candidate(tuple(range(len(own))), candidate.codes), own)
        conditions = tuple(
            columns[place].conditions[code] for place, code in zip(candidate.columns, candidate.codes, strict=True)
        )
        rows = int(inside.sum())
        if rows == 0 or rows == len(inside):
            nothing = Interval(0.0, float("-inf"), float("inf"), self.level, "no rows to compare")
            return ErrorSlice(conditions, rows, rows / len(inside), 0.0, 0.0, nothing, candidate.difference, False)
        difference = loss_difference(self.loss, inside, units=self.units, level=self.level)
        return ErrorSlice(
            conditions=conditions,
            rows=rows,
            share=rows / len(inside),
            inside=float(self.loss[inside].mean()),
            outside=float(self.loss[~inside].mean()),
            difference=difference,
            found=candidate.difference,
            confirmed=difference.low > 0,
        )


def loss_difference(
    loss: np.ndarray, inside: np.ndarray, *, units: np.ndarray | None = None, level: float = 0.95
) -> Interval:
    """Return the mean loss inside a group less that outside, with its interval.

    Shares (every loss 0 or 1) of independent rows by Newcombe's (1998) method 10; else the large-sample t interval,
    with `units` between those.
    """
    one, other = loss[inside], loss[~inside]
    value = float(one.mean() - other.mean())
    if units is None and np.isin(loss, (0.0, 1.0)).all():
        mine, theirs = (wilson_interval(float(each.sum()), len(each), level=level) for each in (one, other))
        low = value - float(np.hypot(mine.value - mine.low, theirs.high - theirs.value))
        high = value + float(np.hypot(mine.high - mine.value, theirs.value - theirs.low))
        return Interval(value, low, high, level, "Newcombe")
    influence = np.where(inside, (loss - one.mean()) / len(one), (other.mean() - loss) / len(other))
    if units is None:
        variance, count = influence_variance(influence, y=inside), min(len(one), len(other))
    else:
        variance, count = influence_variance(influence, units=units), min(_count(units[inside]), _count(units[~inside]))
    if count < 2:
        return Interval(value, float("-inf"), float("inf"), level, "one entity only, no interval")
    half = float(t.ppf(0.5 + level / 2, count - 1) * np.sqrt(variance))
    return Interval(value, value - half, value + half, level, "t" + ("" if units is None else ", clustered by entity"))


def _count(units: np.ndarray) -> int:
    return len(np.unique(units))
