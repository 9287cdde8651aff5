"""Plots of a classifier: ROC, precision and recall, calibration, confusion."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from axagents.ml.intervals import proportion_interval
from axagents.ml.metrics import average_precision, roc_auc
from axagents.ml.plots.canvas import BLUE, GREY, ORANGE, SERIES, add_legend, make_axes, to_png
from axagents.ml.thresholds import threshold_curve

_MOST_CURVES = 8
_MOST_POINTS = 2000
_BINS = 10


def draw_roc(
    y: np.ndarray,
    scores: np.ndarray,
    *,
    classes: Sequence[Any] = (),
    threshold: float | None = None,
    title: str = "ROC curve",
) -> bytes:
    """Draw true against false positive rate; one curve against the rest for each of several classes."""
    axes = make_axes(title, "false positive rate", "true positive rate")
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="chance")
    for name, positive, column, colour in _curves(y, scores, classes):
        curve = threshold_curve(positive.astype(np.int64), column)
        x, up = np.append(0, curve.false_positive_rate), np.append(0, curve.recall)
        axes.plot(*_thin(x, up), color=colour, linewidth=2, label=f"{name}AUC {roc_auc(positive, column):.3f}")
        if threshold is not None:
            place = int((curve.thresholds >= threshold).sum())
            axes.plot(x[place], up[place], "o", color=ORANGE, label=f"threshold {threshold:.3f}")
    _unit_square(axes)
    add_legend(axes, "lower right")
    return to_png(axes)


def draw_precision_recall(
    y: np.ndarray,
    scores: np.ndarray,
    *,
    classes: Sequence[Any] = (),
    threshold: float | None = None,
    title: str = "Precision and recall",
) -> bytes:
    """Draw precision against recall, with the share of positives as the floor."""
    axes = make_axes(title, "recall", "precision")
    if scores.ndim == 1:
        axes.axhline(float((y == 1).mean()), color=GREY, linestyle="--", linewidth=1, label="share of positives")
    for name, positive, column, colour in _curves(y, scores, classes):
        curve = threshold_curve(positive.astype(np.int64), column)
        told = f"{name}average precision {average_precision(positive, column):.3f}"
        axes.plot(*_thin(curve.recall, curve.precision), color=colour, linewidth=2, label=told)
        called = int((curve.thresholds >= threshold).sum()) if threshold is not None else 0
        if threshold is not None and called:
            place = called - 1
            axes.plot(
                curve.recall[place], curve.precision[place], "o", color=ORANGE, label=f"threshold {threshold:.3f}"
            )
    _unit_square(axes)
    add_legend(axes)
    return to_png(axes)


def draw_calibration(
    y: np.ndarray, scores: np.ndarray, *, classes: Sequence[Any] = (), title: str = "Calibration"
) -> bytes:
    """Draw the observed share against the predicted probability in ten bins of equal size, with 95 % intervals."""
    axes = make_axes(title, "predicted probability", "observed share")
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="as it should be")
    for name, positive, column, colour in _curves(y, scores, classes):
        predicted, observed, low, high = calibration_bins(positive, column)
        axes.errorbar(
            predicted,
            observed,
            yerr=[observed - low, high - observed],
            color=colour,
            marker="o",
            markersize=4,
            linewidth=1.5,
            capsize=2,
            label=name.rstrip() or "model",
        )
    _unit_square(axes)
    add_legend(axes, "upper left")
    return to_png(axes)


def calibration_bins(positive: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return mean prediction, observed share and its interval's ends in bins of equal size."""
    order = np.argsort(scores, kind="stable")
    rows: list[tuple[float, float, float, float]] = []
    for part in np.array_split(order, min(_BINS, len(order))):
        found = proportion_interval(int(positive[part].sum()), len(part))
        rows.append((float(scores[part].mean()), found.value, found.low, found.high))
    predicted, observed, low, high = np.array(rows).T
    return predicted, observed, low, high


def draw_confusion(
    y: np.ndarray, predicted: np.ndarray, classes: Sequence[Any], *, title: str = "Confusion matrix"
) -> bytes:
    """Draw how many rows of each class (down) were called which (across), with the share of each row of the matrix."""
    count = len(classes)
    table = np.zeros((count, count), dtype=np.int64)
    np.add.at(table, (y, predicted), 1)
    side = min(3.2 + 0.7 * count, 12.0)
    axes = make_axes(title, "predicted", "actual", size=(side, side * 0.85))
    axes.grid(visible=False)
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for row, column in np.ndindex(count, count) if count <= 15 else ():
        axes.text(
            column,
            row,
            f"{table[row, column]:,}\n{share[row, column]:.0%}",
            ha="center",
            va="center",
            fontsize=9,
            color="white" if share[row, column] > 0.5 else "#1a202c",
        )
    names = [str(name)[:14] for name in classes]
    axes.set_xticks(range(count), names, rotation=45 if count > 4 else 0)
    axes.set_yticks(range(count), names)
    return to_png(axes)


def _curves(y: np.ndarray, scores: np.ndarray, classes: Sequence[Any]) -> list[tuple[str, np.ndarray, np.ndarray, str]]:
    """Name, membership, score and colour of each curve: one in binary tasks, else one a class, at most eight."""
    if scores.ndim == 1:
        return [("", y == 1, scores, BLUE)]
    present = [code for code in range(scores.shape[1]) if (y == code).any() and not (y == code).all()]
    named = [str(classes[code]) if classes else str(code) for code in range(scores.shape[1])]
    return [
        (f"{named[code]}: ", y == code, scores[:, code], SERIES[place % len(SERIES)])
        for place, code in enumerate(present[:_MOST_CURVES])
    ]


def _thin(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if len(x) <= _MOST_POINTS:
        return x, y
    kept = np.unique(np.linspace(0, len(x) - 1, _MOST_POINTS).astype(int))
    return x[kept], y[kept]


def _unit_square(axes: Axes) -> None:
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.02)
