"""What a metric would be if the classes, or high values, were rarer or more frequent: by weighing the rows."""

from dataclasses import dataclass

import numpy as np

from axagents.ml.evaluation.answers import Answers
from axagents.ml.intervals import Interval
from axagents.ml.intervals.bootstrap import bca_bounds, resample_sums
from axagents.ml.metrics import METRICS, class_count
from axagents.ml.terms import Average, combine_labels, combine_terms, row_terms

SHIFTS = (0.5, 2.0)
_MOST_SHARE = 0.95
_LEAST_SHARE = 0.01


@dataclass(frozen=True)
class LabelShift:
    """The metric when a group of rows has another share, `factor` times its own, and nothing else is different.

    `change` is the metric so weighed less the metric as it is, paired.
    """

    text: str
    metric: str
    factor: float
    share: float
    new_share: float
    value: float
    change: Interval


def measure_shift(
    answers: Answers, metric: str, *, level: float = 0.95, seed: int = 0
) -> tuple[tuple[LabelShift, ...], tuple[str, ...]]:
    """Measure what half and double the share of a group would do: of the positive class, or of high values.

    Of several classes it is the rarest that has a hundredth of the rows; half of a handful moves nothing.

    Rankings do not depend on the classes' shares but through precision, so F1 stands for them, which is told.
    """
    name, notes = metric, ()
    if METRICS[metric].needs == "ranks":
        name = "f1"
        notes = (f"For a shift of the classes F1 is shown, since {METRICS[metric].title} does not act on a threshold.",)
    inside, what = _group(answers)
    found = [_measure(answers, name, inside, what=what, factor=factor, level=level, seed=seed) for factor in SHIFTS]
    return tuple(each for each in found if each is not None), notes


def _group(answers: Answers) -> tuple[np.ndarray, str]:
    if answers.task == "regression":
        middle = float(np.median(answers.y))
        return answers.y > middle, f"values above {middle:.6g}"
    counts = np.bincount(answers.y, minlength=class_count(answers.scores))
    shown = counts >= _LEAST_SHARE * len(answers.y)
    code = 1 if answers.task == "binary" else int(np.where(shown, counts, len(answers.y) + 1).argmin())
    return answers.y == code, f"rows of class {answers.classes[code] if answers.classes else code}"


def _measure(
    answers: Answers, name: str, inside: np.ndarray, *, what: str, factor: float, level: float, seed: int
) -> LabelShift | None:
    share = float(inside.mean())
    new = min(share * factor, max(_MOST_SHARE, share))
    if not 0 < share < 1 or new == share:
        return None
    weights = np.where(inside, new / share, (1 - new) / (1 - share))
    terms = _terms(name, answers)
    width = terms.shape[1]
    sums, own = resample_sums(np.hstack([terms, terms * weights[:, None]]), answers.entity, seed=seed)
    total = own.sum(axis=0)
    values = [_combine(name, answers, part) for part in (total[:width], total[width:])]
    drawn, left = (
        _combine(name, answers, part[:, width:]) - _combine(name, answers, part[:, :width])
        for part in (sums, total - own)
    )
    change = float(values[1] - values[0])
    bounds = bca_bounds(change, drawn, left, level=level)
    told = "paired BCa bootstrap, rows weighed" + ("" if answers.entity is None else ", clustered by entity")
    interval = Interval(change, *bounds, level, told)
    return LabelShift(f"{what} {_often(new / share)}", name, new / share, share, new, float(values[1]), interval)


def _often(factor: float) -> str:
    """Say how much more frequent: a group of many rows cannot become twice as frequent."""
    named = {0.5: "half", 2.0: "twice"}
    return f"{named.get(round(factor, 9), f'{factor:.2g} times')} as frequent"


def _terms(name: str, answers: Answers) -> np.ndarray:
    if METRICS[name].needs != "labels":
        return row_terms(name, answers.y, answers.scores)
    classes = class_count(answers.scores)
    labels, rows = answers.labels, np.arange(answers.rows)
    terms = np.zeros((answers.rows, classes, 3))
    terms[rows[labels == answers.y], answers.y[labels == answers.y], 0] = 1
    terms[rows, labels, 1] = 1
    terms[rows, answers.y, 2] = 1
    return terms.reshape(answers.rows, -1)


def _combine(name: str, answers: Answers, sums: np.ndarray) -> np.ndarray:
    if METRICS[name].needs != "labels":
        return combine_terms(name, sums)
    average: Average = "positive" if answers.scores.ndim == 1 else "macro"
    return combine_labels(name, sums, average=average)
