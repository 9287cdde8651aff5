"""Metrics as functions of sums over rows, so that resampling a million rows costs no more than resampling sums."""

import numpy as np

_TINY = float(np.finfo(np.float64).eps)
_LABEL_METRICS = ("precision", "recall", "f1")


def row_terms(name: str, y: np.ndarray, scores: np.ndarray, *, threshold: float | None = None) -> np.ndarray:
    """Return the terms (n, d) of each row, float64, whose sums `combine_terms` turns into the metric.

    `y` are class codes or values, `scores` as in `compute_metric`. Not for rankings (AUCs).
    """
    if name == "accuracy":
        return _with_count(_labels(scores, threshold) == y)
    if name in _LABEL_METRICS:
        return _confusion_terms(y, _labels(scores, threshold), classes=1 if scores.ndim == 1 else scores.shape[1])
    if name == "log_loss":
        return _with_count(-np.log(np.clip(_own_probability(y, scores), _TINY, 1.0)))
    if name == "brier":
        return _with_count(_squared_error(y, scores))
    return _value_terms(name, y, scores)


def combine_terms(name: str, sums: np.ndarray) -> np.ndarray:
    """Return the metric of sums of terms, shape (..., d) -> (...)."""
    if name in _LABEL_METRICS:
        return _macro(name, sums)
    with np.errstate(invalid="ignore", divide="ignore"):
        if name == "r2":
            count = sums[..., 3]
            return 1.0 - sums[..., 0] / (sums[..., 2] - sums[..., 1] ** 2 / count)
        mean = sums[..., 0] / sums[..., 1]
    return np.sqrt(mean) if name == "rmse" else mean


def _labels(scores: np.ndarray, threshold: float | None) -> np.ndarray:
    if scores.ndim == 1:
        return (scores >= (0.5 if threshold is None else threshold)).astype(np.int64)
    return scores.argmax(axis=1)


def _with_count(values: np.ndarray) -> np.ndarray:
    return np.column_stack([values.astype(np.float64), np.ones(len(values))])


def _confusion_terms(y: np.ndarray, predicted: np.ndarray, *, classes: int) -> np.ndarray:
    """Columns hit, predicted, actual: of the positive class, or of each class in turn."""
    codes = [1] if classes == 1 else range(classes)
    columns = [column for code in codes for column in ((predicted == code) & (y == code), predicted == code, y == code)]
    return np.column_stack(columns).astype(np.float64)


def _macro(name: str, sums: np.ndarray) -> np.ndarray:
    hit, predicted, actual = sums[..., 0::3], sums[..., 1::3], sums[..., 2::3]
    below = {"precision": predicted, "recall": actual, "f1": (predicted + actual) / 2}[name]
    values = np.divide(hit, below, out=np.zeros_like(hit), where=below > 0)
    if values.shape[-1] == 1:
        return values[..., 0]
    present = (predicted + actual) > 0
    return (values * present).sum(axis=-1) / np.maximum(present.sum(axis=-1), 1)


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
    return _with_count(np.abs(error) / np.maximum(np.abs(y), _TINY))
