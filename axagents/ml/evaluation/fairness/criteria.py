"""The criteria of group fairness by name: what each compares, its limit, and how it is judged."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from axagents.errors import UserError, nearest
from axagents.ml.columns import Task
from axagents.ml.evaluation.fairness.spread import (
    Family,
    log_rate_family,
    mean_family,
    rate_family,
    spread_interval,
)
from axagents.ml.evaluation.fairness.tally import Mean, Share
from axagents.ml.intervals import Interval

Verdict = Literal["PASS", "FAIL", "INSUFFICIENT"]


@dataclass(frozen=True)
class Definition:
    """One criterion: its name, what it says in words, and the limit that it is held against by default.

    `at_least` is True where more is fairer (a ratio); `parts` are the rates or means whose largest difference it is.
    """

    name: str
    title: str
    parts: tuple[str, ...]
    limit: float = 0.1
    at_least: bool = False


_CLASSES = (
    Definition("demographic_parity_difference", "groups are called positive equally often", ("selection_rate",)),
    Definition(
        "demographic_parity_ratio",
        "the least selected group is selected at four fifths of the most selected one's rate",
        ("selection_rate",),
        limit=0.8,
        at_least=True,
    ),
    Definition(
        "equalized_odds_difference",
        "positives are found, and negatives falsely accused, equally often in each group",
        ("true_positive_rate", "false_positive_rate"),
    ),
    Definition(
        "equal_opportunity_difference", "positives are found equally often in each group", ("true_positive_rate",)
    ),
    Definition("predictive_parity_difference", "a positive call is right equally often in each group", ("precision",)),
    Definition("calibration_difference", "scores are off by equally much in each group", ("calibration_gap",)),
)
_NUMBERS = (
    Definition(
        "mean_residual_difference",
        "values are under-predicted by equally much in each group, in standard deviations of the target",
        ("mean_residual",),
    ),
    Definition(
        "mean_prediction_difference",
        "the mean prediction is the same in each group, in standard deviations of the target",
        ("mean_prediction",),
    ),
)


@dataclass(frozen=True)
class FairnessRule:
    """Which criterion decides, its limit, and the level of every interval; pairs of attributes only inform."""

    criterion: str
    limit: float
    level: float = 0.95


@dataclass(frozen=True)
class Criterion:
    """A criterion's value with its interval, and what sets it.

    Attributes:
        between: the groups with the largest and the smallest rate; empty where fewer than two can be compared.
        part: the rate or mean that differs the most, with the class where there are several.
    """

    name: str
    title: str
    value: Interval
    between: tuple[str, ...] = ()
    part: str = ""


@dataclass(frozen=True, eq=False)
class Part:
    """A rate or mean of the groups that can be compared: its name, the groups' codes, and how it varies."""

    name: str
    groups: np.ndarray
    family: Family


def criteria_for(task: Task) -> tuple[Definition, ...]:
    """Return the criteria that fit a task."""
    return _NUMBERS if task == "regression" else _CLASSES


def make_rule(
    task: Task, criterion: str | None = None, *, limit: float | None = None, level: float = 0.95
) -> FairnessRule:
    """Return the rule that gates: equalized odds difference <= 0.1 unless another criterion or limit is declared.

    Regression: mean residual difference <= 0.1 standard deviations of the target.
    """
    known = {each.name: each for each in criteria_for(task)}
    default = "mean_residual_difference" if task == "regression" else "equalized_odds_difference"
    name = (criterion or default).strip().lower().replace("-", "_").replace(" ", "_")
    if name not in known:
        near = nearest(name, list(known))
        raise UserError(
            f"no fairness criterion called {criterion!r} for a {task} task"
            + (f"; did you mean {' or '.join(near)}?" if near else ""),
            field="criterion",
            legal=tuple(known),
        )
    value = known[name].limit if limit is None else limit
    if not 0 < value <= 1:
        raise UserError(
            f"the limit of a fairness criterion lies above 0 and at most at 1, not at {value}", field="limit"
        )
    return FairnessRule(name, value, level)


def share_part(name: str, share: Share, *, scored: np.ndarray, ratio: bool) -> Part | None:
    """Return a rate as a part of a criterion, None where fewer than two groups have it."""
    groups = np.flatnonzero(scored & (share.trials > 0))
    if len(groups) < 2:
        return None
    make = log_rate_family if ratio else rate_family
    return Part(name, groups, make(share.hits[groups], share.trials[groups], share.effective[groups]))


def mean_part(name: str, mean: Mean, *, scored: np.ndarray, scale: float = 1.0) -> Part | None:
    """Return a mean, over `scale`, as a part of a criterion, None where fewer than two groups have it."""
    groups = np.flatnonzero(scored & np.isfinite(mean.value) & np.isfinite(mean.error))
    if len(groups) < 2:
        return None
    return Part(name, groups, mean_family(mean.value[groups] / scale, mean.error[groups] / scale))


def measure(definition: Definition, parts: Sequence[Part], names: tuple[str, ...], *, level: float) -> Criterion:
    """Return a criterion's value, interval and the groups that set it."""
    found = spread_interval([part.family for part in parts], level=level)
    if definition.at_least:
        least, most = np.exp(-found.high), np.exp(-found.low)
        found = replace(found, value=float(np.exp(-found.value)), low=float(least), high=float(most))
    if not parts:
        return Criterion(definition.name, definition.title, found)
    widest = max(parts, key=lambda part: part.family.spread)
    values = widest.family.values
    ends = (int(values.argmax()), int(values.argmin()))
    between = tuple(names[widest.groups[place]] for place in ends)
    return Criterion(definition.name, definition.title, found, between, widest.name)


def judge(value: Interval, limit: float, *, at_least: bool) -> Verdict:
    """Return PASS where the interval lies wholly inside the limit, FAIL wholly outside, else INSUFFICIENT."""
    if not np.isfinite(value.value):
        return "INSUFFICIENT"
    inside, outside = (value.low >= limit, value.high < limit) if at_least else (value.high <= limit, value.low > limit)
    return "PASS" if inside else "FAIL" if outside else "INSUFFICIENT"


def rows_needed(value: Interval, limit: float, rows: int) -> int | None:
    """Estimate how many more rows of the same mix would decide, if the value stays as it is.

    Intervals narrow with the square root of the rows. None where the value is so close to the limit that a hundred
    times as many would not do.
    """
    gap = abs(limit - value.value)
    below = value.value <= limit
    half = value.high - value.value if below else value.value - value.low
    if gap == 0 or half > 10 * gap:
        return None
    factor = (half / gap) ** 2
    return max(0, int(np.ceil(rows * (factor - 1))))
