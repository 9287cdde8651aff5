"""One model against another on the same rows: the difference in every metric, paired."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from axagents.errors import UserError
from axagents.ml.evaluation.answers import Answers
from axagents.ml.evaluation.checking import check_answers
from axagents.ml.intervals import Interval, metric_levels, paired_interval
from axagents.ml.metrics import compute_metric, find_metric, metrics_for, primary_metric

Side = Literal["first", "second"]


@dataclass(frozen=True)
class MetricDifference:
    """One metric of two models, the first's less the second's, and the better (None: not shown)."""

    metric: str
    first: float
    second: float
    difference: Interval
    better: Side | None


@dataclass(frozen=True)
class PairedComparison:
    """The differences, of which the first decides; the intervals of all others hold together.

    Attributes:
        changed: how many rows the two call differently; None for regression.
    """

    primary: str
    better: Side | None
    differences: tuple[MetricDifference, ...]
    changed: int | None = None


def compare_answers(
    first: Answers,
    second: Answers,
    *,
    primary: str | None = None,
    metrics: Sequence[str] = (),
    level: float = 0.95,
    seed: int = 0,
) -> PairedComparison:
    """Compare two models' answers on the same rows, each at its own threshold, clustered by entity where there is one.

    Without `metrics`, by all that fit the task; a metric that is not defined on these rows is left out.

    Raises:
        UserError: the rows are not the same, nothing can be said of the answers, or the primary metric is not defined.
    """
    check_answers(first)
    check_answers(second)
    _check_same_rows(first, second)
    names = _ordered(first, primary, metrics)
    found: list[MetricDifference] = []
    for name, own in metric_levels(names, level=level).items():
        each = _measure(name, first, second, level=own, seed=seed)
        if each is not None:
            found.append(each)
        elif name == names[0]:
            raise UserError(f"{name} is not defined on these rows, so it cannot decide", field="metrics")
    changed = None if first.task == "regression" else int((first.labels != second.labels).sum())
    return PairedComparison(names[0], found[0].better, tuple(found), changed)


def _check_same_rows(first: Answers, second: Answers) -> None:
    if (first.task, first.classes) != (second.task, second.classes):
        raise UserError("the two models do not predict the same classes, so their answers cannot be paired")
    if first.rows != second.rows or not np.array_equal(first.y, second.y):
        raise UserError("the two models' answers are not on the same rows, so they cannot be paired")


def _ordered(answers: Answers, primary: str | None, metrics: Sequence[str]) -> list[str]:
    wanted = [find_metric(name, answers.task).name for name in metrics]
    first = find_metric(primary or (wanted[0] if wanted else primary_metric(answers.task)), answers.task).name
    return list(dict.fromkeys([first, *(wanted or metrics_for(answers.task))]))


def _measure(name: str, first: Answers, second: Answers, *, level: float, seed: int) -> MetricDifference | None:
    one, other = (compute_metric(name, each.y, each.scores, threshold=each.threshold) for each in (first, second))
    if not np.isfinite([one, other]).all():
        return None
    difference = paired_interval(
        name,
        first.y,
        first=first.scores,
        second=second.scores,
        thresholds=(first.threshold, second.threshold),
        entity=first.entity,
        level=level,
        seed=seed,
    )
    return MetricDifference(name, one, other, difference, difference.favours(name))
