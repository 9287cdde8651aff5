"""Raw scores made into answers in numpy: calibrator, then labels by the threshold."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from axagents.serving.engine.scoring import logistic, softmax

_TINY = 1e-7  # as ml/calibration clips scores


def calibrate(raw: np.ndarray, calibrator: Mapping[str, Any] | None) -> np.ndarray:
    """Return the probabilities that raw scores mean; `calibrator` is a dumped ml.calibration.Calibrator."""
    if calibrator is None:
        return raw
    if calibrator["kind"] == "isotonic":
        return np.interp(raw, calibrator["xs"], calibrator["ys"])
    if calibrator["kind"] == "sigmoid":
        held = np.clip(raw, _TINY, 1 - _TINY)
        return logistic(calibrator["slope"] * (np.log(held) - np.log1p(-held)) + calibrator["intercept"])
    return softmax(np.log(np.clip(raw, _TINY, 1)) / calibrator["temperature"])


def decide(scores: np.ndarray, threshold: float | None) -> np.ndarray:
    """Return class codes: p >= threshold (0.5) for one column, the largest of several."""
    if scores.ndim == 1:
        return (scores >= (0.5 if threshold is None else threshold)).astype(np.intp)
    return scores.argmax(axis=1)
