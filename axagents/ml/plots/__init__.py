"""Plots of a model as PNG bytes."""

from collections.abc import Sequence
from typing import Any

import numpy as np


def draw_roc(y: np.ndarray, scores: np.ndarray, *, title: str = "ROC curve") -> bytes:
    """Draw true against false positive rate."""
    raise NotImplementedError


def draw_precision_recall(y: np.ndarray, scores: np.ndarray, *, title: str = "Precision and recall") -> bytes:
    """Draw precision against recall, with the base rate."""
    raise NotImplementedError


def draw_calibration(y: np.ndarray, scores: np.ndarray, *, title: str = "Calibration") -> bytes:
    """Draw observed against predicted share, with intervals."""
    raise NotImplementedError


def draw_importance(names: Sequence[str], values: Sequence[float], *, errors: Sequence[float] = ()) -> bytes:
    """Draw permutation importance as bars."""
    raise NotImplementedError


def draw_confusion(y: np.ndarray, predicted: np.ndarray, classes: Sequence[Any]) -> bytes:
    """Draw the confusion matrix of class codes."""
    raise NotImplementedError


def draw_residuals(y: np.ndarray, predicted: np.ndarray) -> bytes:
    """Draw residuals against predicted values."""
    raise NotImplementedError


def draw_search(scores: Sequence[float], *, greater_is_better: bool = True) -> bytes:
    """Draw each trial's score and the best so far."""
    raise NotImplementedError


def draw_model(
    problem_task: str, y: np.ndarray, scores: np.ndarray, *, classes: Sequence[Any] = (), threshold: float | None = None
) -> dict[str, bytes]:
    """Draw every plot that fits the task: file name (roc.png, ...) to PNG bytes."""
    raise NotImplementedError
