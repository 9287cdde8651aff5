"""The metrics by name: what they measure, which task they fit, and how they are computed."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import rankdata

from axagents.errors import UserError, nearest
from axagents.ml.columns import Task
from axagents.ml.terms import combine_labels, combine_terms, label_sums, row_terms

Needs = Literal["labels", "probabilities", "ranks", "values"]


@dataclass(frozen=True)
class Metric:
    """One metric: which tasks it fits, whether more is better, its range, and what it needs of a model."""

    name: str
    title: str
    tasks: tuple[Task, ...]
    greater_is_better: bool
    needs: Needs
    low: float = 0.0
    high: float = 1.0
    margin: float = 0.002
    relative_margin: bool = False

    @property
    def sign(self) -> int:
        """1 when more is better, -1 when less is."""
        return 1 if self.greater_is_better else -1


_CLASSES: tuple[Task, ...] = ("binary", "multiclass")
_NUMBERS: tuple[Task, ...] = ("regression",)
_INF = float("inf")

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("accuracy", "accuracy", _CLASSES, greater_is_better=True, needs="labels"),
        Metric("precision", "precision", _CLASSES, greater_is_better=True, needs="labels", margin=0.005),
        Metric("recall", "recall", _CLASSES, greater_is_better=True, needs="labels", margin=0.005),
        Metric("f1", "F1", _CLASSES, greater_is_better=True, needs="labels", margin=0.005),
        Metric("auc_roc", "AUC (ROC)", _CLASSES, greater_is_better=True, needs="ranks"),
        Metric("auc_pr", "AUC (precision-recall)", _CLASSES, greater_is_better=True, needs="ranks", margin=0.005),
        Metric("log_loss", "log loss", _CLASSES, greater_is_better=False, needs="probabilities", high=_INF),
        Metric(
            "brier", "Brier score", _CLASSES, greater_is_better=False, needs="probabilities", high=2.0, margin=0.001
        ),
        Metric(
            "rmse",
            "RMSE",
            _NUMBERS,
            greater_is_better=False,
            needs="values",
            high=_INF,
            margin=0.01,
            relative_margin=True,
        ),
        Metric(
            "mae",
            "MAE",
            _NUMBERS,
            greater_is_better=False,
            needs="values",
            high=_INF,
            margin=0.01,
            relative_margin=True,
        ),
        Metric("r2", "R2", _NUMBERS, greater_is_better=True, needs="values", low=-_INF, margin=0.005),
        Metric(
            "mape",
            "MAPE",
            _NUMBERS,
            greater_is_better=False,
            needs="values",
            high=_INF,
            margin=0.01,
            relative_margin=True,
        ),
    )
}
_ALIASES = {"f1_score": "f1", "roc_auc": "auc_roc", "auc": "auc_roc"}
_PRIMARY: dict[Task, str] = {"binary": "auc_roc", "multiclass": "auc_roc", "regression": "rmse"}


def standard_name(name: str) -> str:
    """Return the standard name of a metric, or the name itself when it is somebody's own."""
    key = name.strip().lower().replace("-", "_")
    found = _ALIASES.get(key, key)
    return found if found in METRICS else name


def find_metric(name: str, task: Task | None = None) -> Metric:
    """Return the metric of a name or alias; UserError when unknown or not fit for the task."""
    key = standard_name(name)
    if key not in METRICS:
        near = nearest(key, [*METRICS, *_ALIASES])
        raise UserError(
            f"no metric called {name!r}" + (f"; did you mean {' or '.join(near)}?" if near else ""),
            field="metric",
            legal=tuple(METRICS),
        )
    metric = METRICS[key]
    if task is not None and task not in metric.tasks:
        fitting = metrics_for(task)
        raise UserError(
            f"the metric {metric.name} does not fit a {task} task; there is {', '.join(fitting)}",
            field="metric",
            legal=fitting,
        )
    return metric


def metrics_for(task: Task) -> tuple[str, ...]:
    """Return the names of the metrics that fit a task."""
    return tuple(name for name, metric in METRICS.items() if task in metric.tasks)


def primary_metric(task: Task) -> str:
    """Return the metric that decides when none is asked for."""
    return _PRIMARY[task]


def decide_labels(scores: np.ndarray, threshold: float | None = None) -> np.ndarray:
    """Return the class codes of scores: p >= threshold (0.5) for one column, the largest of several."""
    if scores.ndim == 1:
        return (scores >= (0.5 if threshold is None else threshold)).astype(np.int64)
    return scores.argmax(axis=1)


def compute_metric(name: str, y: np.ndarray, scores: np.ndarray, *, threshold: float | None = None) -> float:
    """Compute one metric.

    Args:
        name: a metric's name or alias.
        y: class codes (binary: 1 is positive) or values, shape (n,).
        scores: probability of the positive class (n,), of each class (n, k), or predicted values (n,).
        threshold: from which probability a row is called positive; binary only.

    Multiclass precision, recall and F1 are macro averages over the classes of `y` or predicted, AUCs macro
    one-versus-rest over the classes of `y`, the Brier score the sum over classes (0 to 2); definitions are those
    of scikit-learn, but that MAPE leaves out rows whose target is zero. NaN when a ranking has one class only, and for
    MAPE where every target is zero.
    """
    metric = METRICS[standard_name(name)]
    if metric.needs == "ranks":
        return _ranking(metric.name, y, scores)
    if metric.needs == "labels":
        sums = label_sums(y, decide_labels(scores, threshold), classes=class_count(scores))
        return float(combine_labels(metric.name, sums, average="positive" if scores.ndim == 1 else "macro"))
    return float(combine_terms(metric.name, row_terms(metric.name, y, scores).sum(axis=0)))


def class_count(scores: np.ndarray) -> int:
    """Return how many classes scores tell apart: two for one column."""
    return 2 if scores.ndim == 1 else scores.shape[1]


def roc_auc(positive: np.ndarray, scores: np.ndarray) -> float:
    """Return the area under the ROC curve by the Mann-Whitney statistic, ties counted half; NaN for one class."""
    positives = int(positive.sum())
    negatives = len(positive) - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    ranks = rankdata(scores)
    return float((ranks[positive].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def average_precision(positive: np.ndarray, scores: np.ndarray) -> float:
    """Return the average precision, sum of (R_i - R_{i-1}) P_i over distinct scores; NaN without a positive."""
    total = int(positive.sum())
    if total == 0:
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    hits = np.cumsum(positive[order])
    last = np.flatnonzero(np.append(np.diff(ordered) != 0, True))
    found = hits[last]
    precision = found / (last + 1)
    return float(np.sum(np.diff(found, prepend=0) * precision) / total)


def _ranking(name: str, y: np.ndarray, scores: np.ndarray) -> float:
    one = roc_auc if name == "auc_roc" else average_precision
    if scores.ndim == 1:
        return one(y == 1, scores)
    present = np.unique(y)
    if len(present) < 2:
        return float("nan")
    return float(np.mean([one(y == code, scores[:, code]) for code in present]))
