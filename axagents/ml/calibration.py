"""Probabilities made to mean what they say, when that helps."""

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict


class Calibrator(BaseModel):
    """A map from a model's scores to probabilities, plain JSON.

    sigmoid: p = 1 / (1 + exp(-(slope * logit(s) + intercept))); isotonic: interpolation between points;
    temperature: softmax(log(s) / temperature) over classes.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["sigmoid", "isotonic", "temperature"]
    slope: float = 1.0
    intercept: float = 0.0
    xs: tuple[float, ...] = ()
    ys: tuple[float, ...] = ()
    temperature: float = 1.0

    def apply(self, scores: np.ndarray) -> np.ndarray:
        """Return calibrated probabilities of scores (n,) or (n, k)."""
        raise NotImplementedError
