"""Metrics as functions of sums over rows, so that resampling a million rows costs no more than resampling sums."""

from typing import Literal

import numpy as np

Average = Literal["positive", "macro", "weighted"]
_TINY = float(np.finfo(np.float64).eps)


def label_sums(y: np.ndarray, predicted: np.ndarray, *, classes: int, weights: np.ndarray | None = None) -> np.ndarray:
    """Return the sums (3 * classes,) that `combine_labels` needs: each class's hits, predicted and true in turn.

    `y` and `predicted` are class codes; `weights` (n,) where rows count more or less than once.
    """
    y = y.astype(np.int64, copy=False)
    hits = predicted == y
    columns = (
        np.bincount(y[hits], weights=None if weights is None else weights[hits], minlength=classes),
        np.bincount(predicted, weights=weights, minlength=classes),
        np.bincount(y, weights=weights, minlength=classes),
    )
    return np.column_stack(columns).astype(np.float64).ravel()


def combine_labels(name: str, sums: np.ndarray, *, average: Average) -> np.ndarray:
    """Return accuracy, precision, recall or F1 of sums laid out as by `label_sums`, shape (..., 3k) -> (...).

    "positive" is that of class 1; "macro" the mean over the classes true or predicted, "weighted" by how often they are
    true.
    """
    hit, predicted, actual = sums[..., 0::3], sums[..., 1::3], sums[..., 2::3]
    if name == "accuracy":
        return hit.sum(axis=-1) / actual.sum(axis=-1)
    below = {"precision": predicted, "recall": actual, "f1": (predicted + actual) / 2}[name]
    values = np.divide(hit, below, out=np.zeros_like(hit), where=below > 0)
    if average == "positive":
        return values[..., 1]
    weight = actual if average == "weighted" else ((predicted + actual) > 0).astype(np.float64)
    return (values * weight).sum(axis=-1) / np.maximum(weight.sum(axis=-1), 1e-300)


def row_terms(name: str, y: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the terms (n, d) of each row, float64, whose sums `combine_terms` turns into the metric.

    `y` are class codes or values, `scores` as in `compute_metric`. Not for rankings (AUCs), nor for metrics of labels.
    """
    if name == "log_loss":
        return _with_count(-np.log(np.clip(_own_probability(y, scores), _TINY, 1.0)))
    if name == "brier":
        return _with_count(_squared_error(y, scores))
    return _value_terms(name, y, scores)


def combine_terms(name: str, sums: np.ndarray) -> np.ndarray:
    """Return the metric of sums of terms, shape (..., d) -> (...)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        if name == "r2":
            count = sums[..., 3]
            return 1.0 - sums[..., 0] / (sums[..., 2] - sums[..., 1] ** 2 / count)
        mean = sums[..., 0] / sums[..., 1]
    return np.sqrt(mean) if name == "rmse" else mean


def _with_count(values: np.ndarray) -> np.ndarray:
    return np.column_stack([values.astype(np.float64), np.ones(len(values))])


def _own_probability(y: np.ndarray, scores: np.ndarray) -> np.ndarray:
    if scores.ndim == 1:
        return np.where(y == 1, scores, 1.0 - scores)
    return scores[np.arange(len(y)), y]


def _squared_error(y: np.ndarray, scores: np.ndarray) -> np.ndarray:
    if scores.ndim == 1:
        return (scores - y) ** 2
    one_hot = np.zeros_like(scores)
    one_hot[np.arange(len(y)), y] = 1.0
    return ((scores - one_hot) ** 2).sum(axis=1)


def _value_terms(name: str, y: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    error = predicted - y
    if name == "r2":
        centred = y - y.mean()
        return np.column_stack([error**2, centred, centred**2, np.ones(len(y))])
    if name == "rmse":
        return _with_count(error**2)
    if name == "mae":
        return _with_count(np.abs(error))
    # MAPE: a share of zero is none, so rows whose target is zero do not count.
    counted = y != 0
    shares = np.divide(np.abs(error), np.abs(y), out=np.zeros(len(y)), where=counted)
    return np.column_stack([shares, counted.astype(np.float64)])
