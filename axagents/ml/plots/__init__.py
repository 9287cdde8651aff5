"""Plots of a model as PNG bytes."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from axagents.ml.columns import Task
from axagents.ml.metrics import decide_labels
from axagents.ml.plots.classes import draw_calibration, draw_confusion, draw_precision_recall, draw_roc
from axagents.ml.plots.values import draw_importance, draw_predictions, draw_residuals, draw_search

__all__ = [
    "draw_calibration",
    "draw_confusion",
    "draw_importance",
    "draw_model",
    "draw_precision_recall",
    "draw_predictions",
    "draw_residuals",
    "draw_roc",
    "draw_search",
]


def draw_model(
    task: Task,
    y: np.ndarray,
    scores: np.ndarray,
    *,
    classes: Sequence[Any] = (),
    threshold: float | None = None,
) -> dict[str, bytes]:
    """Draw every plot that fits the task: file name (roc.png, ...) to PNG bytes.

    `y` are class codes or values, `scores` out-of-fold or holdout scores as in `compute_metric`, rows without one
    left out by the caller.
    """
    if task == "regression":
        return {"residuals.png": draw_residuals(y, scores), "predictions.png": draw_predictions(y, scores)}
    return {
        "roc.png": draw_roc(y, scores, classes=classes, threshold=threshold),
        "precision_recall.png": draw_precision_recall(y, scores, classes=classes, threshold=threshold),
        "calibration.png": draw_calibration(y, scores, classes=classes),
        "confusion.png": draw_confusion(y, decide_labels(scores, threshold), classes),
    }
