"""How good a model's answers are: every metric of the task with its interval, as a whole and by class."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from axagents.ml.evaluation.answers import Answers
from axagents.ml.evaluation.checking import check_answers
from axagents.ml.intervals import Interval, average_interval, mean_interval, metric_interval
from axagents.ml.intervals.quantiles import quantile_interval
from axagents.ml.metrics import find_metric, metrics_for

BY_CLASS = ("precision", "recall", "f1")
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
_FEW = 30


@dataclass(frozen=True)
class ClassFigures:
    """One class against the others: how often it is true and predicted, and its metrics.

    The metrics are precision, recall and F1; with several classes the areas under its own two curves as well.
    """

    name: str
    support: int
    predicted: int
    metrics: dict[str, Interval]


@dataclass(frozen=True)
class Confusion:
    """How often each true class (row) was called each class (column), and the shares of each row."""

    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    shares: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Residuals:
    """Truth less prediction: its mean (the bias), and the quantiles by share."""

    mean: Interval
    quantiles: dict[float, Interval]


@dataclass(frozen=True)
class Performance:
    """The figures of one model on labelled rows.

    Attributes:
        entities: how many independent entities the rows are about; None when each row is one.
        metrics: by name; two classes: precision, recall and F1 are those of the positive one.
        averages: precision, recall and F1 by kind of average: macro, micro and weighted; empty for regression.
        residuals: for regression only.
        notes: what a reader must know of the figures, and which are left out.
    """

    task: str
    rows: int
    entities: int | None
    metrics: dict[str, Interval]
    classes: tuple[ClassFigures, ...] = ()
    averages: dict[str, dict[str, Interval]] = field(default_factory=dict)
    confusion: Confusion | None = None
    residuals: Residuals | None = None
    notes: tuple[str, ...] = ()


def measure_performance(
    answers: Answers, *, metrics: Sequence[str] = (), level: float = 0.95, seed: int = 0
) -> Performance:
    """Measure a model's answers; without `metrics`, by all that fit the task.

    Raises:
        UserError: no rows, one class only, missing scores, or a metric that does not fit the task.
    """
    check_answers(answers)
    names = tuple(dict.fromkeys(find_metric(name, answers.task).name for name in metrics)) or metrics_for(answers.task)
    found = {name: interval_of(name, answers, level=level, seed=seed) for name in names}
    kept = {name: interval for name, interval in found.items() if np.isfinite(interval.value)}
    notes = [_tell_undefined(name) for name in found if name not in kept]
    whole = Performance(
        task=answers.task,
        rows=answers.rows,
        entities=None if answers.entity is None else len(np.unique(answers.entity)),
        metrics=kept,
        residuals=_residuals(answers, level=level) if answers.task == "regression" else None,
        notes=(*notes, *_notes(answers, kept)),
    )
    return whole if answers.task == "regression" else _by_class(answers, whole, level=level, seed=seed)


def interval_of(name: str, answers: Answers, *, level: float = 0.95, seed: int = 0) -> Interval:
    """Return one metric of the answers with its interval, clustered by entity where there is one."""
    return metric_interval(
        name,
        answers.y,
        answers.scores,
        threshold=answers.threshold,
        entity=answers.entity,
        level=level,
        seed=seed,
    )


def count_confusion(answers: Answers) -> Confusion:
    """Count how often each true class was called each class; a class without rows has shares of zero."""
    classes = len(answers.classes)
    counts = np.bincount(answers.y * classes + answers.labels, minlength=classes**2).reshape(classes, classes)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return Confusion(answers.classes, tuple(map(tuple, counts.tolist())), tuple(map(tuple, shares.tolist())))


def _by_class(answers: Answers, whole: Performance, *, level: float, seed: int) -> Performance:
    labels = answers.labels
    figures: list[ClassFigures] = []
    for code, name in enumerate(answers.classes):
        own = answers.y == code
        metrics = _class_metrics(answers, own, labels == code, code=code, level=level, seed=seed)
        figures.append(ClassFigures(name, int(own.sum()), int((labels == code).sum()), metrics))
    return replace(
        whole,
        classes=tuple(figures),
        averages=_averages(answers, labels, level=level, seed=seed),
        confusion=count_confusion(answers),
        notes=(*whole.notes, *(_tell_absent(each) for each in figures if each.support == 0)),
    )


def _class_metrics(
    answers: Answers, own: np.ndarray, called: np.ndarray, *, code: int, level: float, seed: int
) -> dict[str, Interval]:
    y, entity = own.astype(np.int64), answers.entity
    found = {
        name: metric_interval(name, y, called.astype(np.float64), entity=entity, level=level, seed=seed)
        for name in BY_CLASS
    }
    if answers.task == "multiclass" and own.any() and not own.all():
        for name in ("auc_roc", "auc_pr"):
            scores = answers.scores[:, code]
            found[name] = metric_interval(name, y, scores, entity=entity, level=level, seed=seed)
    return found


def _averages(answers: Answers, labels: np.ndarray, *, level: float, seed: int) -> dict[str, dict[str, Interval]]:
    """Micro averages are the accuracy, since every row has one class and is called one."""
    accuracy = interval_of("accuracy", answers, level=level, seed=seed)
    found: dict[str, dict[str, Interval]] = {"micro": dict.fromkeys(BY_CLASS, accuracy)}
    for average in ("macro", "weighted"):
        found[average] = {
            name: average_interval(
                name,
                answers.y,
                labels,
                classes=len(answers.classes),
                average=average,
                entity=answers.entity,
                level=level,
                seed=seed,
            )
            for name in BY_CLASS
        }
    return found


def _residuals(answers: Answers, *, level: float) -> Residuals:
    gaps = answers.y - answers.scores
    return Residuals(
        mean_interval(gaps, answers.entity, level=level),
        {share: quantile_interval(gaps, share, units=answers.entity, level=level) for share in QUANTILES},
    )


def _notes(answers: Answers, metrics: dict[str, Interval]) -> list[str]:
    notes: list[str] = []
    if answers.task == "regression":
        zeros = int((answers.y == 0).sum())
        if zeros and "mape" in metrics:
            notes.append(f"{zeros:,} of {answers.rows:,} rows have a target of zero; MAPE is over the others.")
        return notes
    counts = np.bincount(answers.y, minlength=len(answers.classes))
    notes += [
        f"Only {count} rows are {name!r}: what is said of this class is rough."
        for name, count in zip(answers.classes, counts.tolist(), strict=True)
        if 0 < count < _FEW
    ]
    return notes


def _tell_undefined(name: str) -> str:
    why = {
        "mape": "every target is zero",
        "r2": "the targets do not vary",
    }.get(name, "it is not defined on these rows")
    return f"{name} is left out: {why}."


def _tell_absent(figures: ClassFigures) -> str:
    called = "" if figures.predicted == 0 else f", though {figures.predicted:,} rows are called so"
    return f"No row is {figures.name!r}{called}."
