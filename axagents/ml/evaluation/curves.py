"""The curves of a model's answers, thinned to what a plot can show."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from axagents.ml.evaluation.answers import Answers
from axagents.ml.metrics import average_precision, roc_auc
from axagents.ml.thresholds import threshold_curve

_MOST_POINTS = 160
_MOST_CLASSES = 8
_SCATTER = 400

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class ClassCurves:
    """ROC (false against true positive rate) and precision over recall of one class, with the areas under them."""

    name: str
    roc: Points
    precision_recall: Points
    auc_roc: float
    auc_pr: float
    share: float


@dataclass(frozen=True)
class Curves:
    """Everything that is drawn of answers: classes for a classification, a sample of (truth, answer) for values."""

    classes: tuple[ClassCurves, ...] = ()
    scatter: Points = ()


def draw_curves(answers: Answers, *, seed: int = 0) -> Curves:
    """Return the curves of answers; of several classes those of the most frequent ones."""
    if answers.task == "regression":
        rows = np.random.default_rng(seed).permutation(answers.rows)[:_SCATTER]
        return Curves(scatter=_points(answers.y[rows], answers.scores[rows]))
    if answers.task == "binary":
        name = answers.classes[1] if answers.classes else "1"
        return Curves((_class_curves(name, answers.y == 1, answers.scores),))
    counts = np.bincount(answers.y, minlength=len(answers.classes))
    shown = sorted(np.argsort(-counts, kind="stable")[:_MOST_CLASSES].tolist())
    found: list[ClassCurves] = []
    for code in shown:
        own, scores = answers.y == code, answers.scores[:, code]
        if 0 < own.sum() < len(own):
            found.append(_class_curves(answers.classes[code], own, scores))
    return Curves(tuple(found))


def _class_curves(name: str, own: np.ndarray, scores: np.ndarray) -> ClassCurves:
    curve = threshold_curve(own.astype(np.int64), scores)
    across, up = np.append(0, curve.false_positive_rate), np.append(0, curve.recall)
    return ClassCurves(
        name=name,
        roc=_points(*_thin(across, up)),
        precision_recall=_points(*_thin(curve.recall, curve.precision)),
        auc_roc=roc_auc(own, scores),
        auc_pr=average_precision(own, scores),
        share=float(own.mean()),
    )


def _thin(*columns: np.ndarray) -> Sequence[np.ndarray]:
    """Keep points spread evenly over the curve's length, both ends among them."""
    count = len(columns[0])
    if count <= _MOST_POINTS:
        return columns
    steps = [np.abs(np.diff(each)) / max(float(np.ptp(each)), 1e-12) for each in columns[:2]]
    length = np.append(0, np.cumsum(np.hypot(*steps)))
    places = np.unique(np.searchsorted(length, np.linspace(0, length[-1], _MOST_POINTS)).clip(0, count - 1))
    return [each[np.union1d(places, [0, count - 1])] for each in columns]


def _points(across: np.ndarray, up: np.ndarray) -> Points:
    return tuple(zip(np.round(across, 5).tolist(), np.round(up, 5).tolist(), strict=True))
