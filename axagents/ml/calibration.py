"""Probabilities made to mean what they say, when that helps."""

from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, logit, softmax
from scipy.stats import norm
from sklearn.isotonic import IsotonicRegression
from sklearn.model_selection import StratifiedKFold

_TINY = 1e-7
# Isotonic regression needs many rows; a gain below this is not worth another moving part.
LEAST_ISOTONIC_ROWS = 2000
LEAST_ROWS = 100
LEAST_GAIN = 0.002
_FOLDS = 5

Kind = Literal["sigmoid", "isotonic", "temperature"]


class Calibrator(BaseModel):
    """A map from a model's scores to probabilities, plain JSON.

    sigmoid: p = 1 / (1 + exp(-(slope * logit(s) + intercept))); isotonic: interpolation between points;
    temperature: softmax(log(s) / temperature) over classes.
    """

    model_config = ConfigDict(frozen=True)

    kind: Kind
    slope: float = 1.0
    intercept: float = 0.0
    xs: tuple[float, ...] = ()
    ys: tuple[float, ...] = ()
    temperature: float = 1.0

    def apply(self, scores: np.ndarray) -> np.ndarray:
        """Return calibrated probabilities of scores (n,) or (n, k)."""
        if self.kind == "sigmoid":
            return expit(self.slope * _logit(scores) + self.intercept)
        if self.kind == "isotonic":
            return np.interp(scores, self.xs, self.ys)
        return softmax(np.log(np.clip(scores, _TINY, 1)) / self.temperature, axis=1)


def fit_calibrator(kind: Kind, y: np.ndarray, scores: np.ndarray) -> Calibrator:
    """Fit one calibrator of out-of-fold scores to class codes.

    sigmoid is Platt's (1999) with his smoothed targets, on the logit of the score; isotonic is pulled from 0 and 1 by
    half a row; temperature is that of Guo et al. (2017).
    """
    if kind == "sigmoid":
        slope, intercept = _fit_sigmoid(y, scores)
        return Calibrator(kind=kind, slope=slope, intercept=intercept)
    if kind == "isotonic":
        edge = 1 / (2 * len(y))
        fitted = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip").fit(scores, y)
        return Calibrator(kind=kind, xs=tuple(fitted.X_thresholds_.tolist()), ys=tuple(fitted.y_thresholds_.tolist()))
    logs = np.log(np.clip(scores, _TINY, 1))
    found: Any = minimize_scalar(
        lambda log_t: _mean_loss(y, softmax(logs / np.exp(log_t), axis=1)), bounds=(-2.0, 2.0), method="bounded"
    )
    return Calibrator(kind=kind, temperature=float(np.exp(found.x)))


def choose_calibrator(y: np.ndarray, scores: np.ndarray, *, level: float = 0.95, seed: int = 0) -> Calibrator | None:
    """Return the calibrator that helps, fitted on all rows, or None when none shows that it does.

    A kind helps when its cross-fitted log loss is lower by more than .2 % and the paired interval of the difference
    lies wholly below zero; the simplest such kind is taken unless isotonic beats sigmoid in the same way.
    """
    finite = np.isfinite(scores if scores.ndim == 1 else scores.sum(axis=1))
    y, scores = y[finite], scores[finite]
    counts = np.bincount(y)
    if len(y) < LEAST_ROWS or (counts > 0).sum() < 2 or counts[counts > 0].min() < _FOLDS:
        return None
    kinds: list[Kind] = ["temperature"] if scores.ndim == 2 else ["sigmoid"]
    if scores.ndim == 1 and len(y) >= LEAST_ISOTONIC_ROWS and len(np.unique(scores)) > 2:
        kinds.append("isotonic")
    best: Kind | None = None
    losses = _row_losses(y, scores)
    for kind in kinds:
        tried = _cross_fitted_losses(kind, y, scores, seed=seed)
        if _is_lower(tried, losses, level=level):
            best, losses = kind, tried
    return fit_calibrator(best, y, scores) if best else None


def _cross_fitted_losses(kind: Kind, y: np.ndarray, scores: np.ndarray, *, seed: int) -> np.ndarray:
    losses = np.empty(len(y))
    for train, test in StratifiedKFold(_FOLDS, shuffle=True, random_state=seed).split(scores, y):
        losses[test] = _row_losses(y[test], fit_calibrator(kind, y[train], scores[train]).apply(scores[test]))
    return losses


def _is_lower(tried: np.ndarray, losses: np.ndarray, *, level: float) -> bool:
    gap = tried - losses
    half = float(norm.ppf(0.5 + level / 2)) * gap.std(ddof=1) / np.sqrt(len(gap))
    return bool(gap.mean() + half < 0 and -gap.mean() > LEAST_GAIN * losses.mean())


def _row_losses(y: np.ndarray, scores: np.ndarray) -> np.ndarray:
    own = np.where(y == 1, scores, 1 - scores) if scores.ndim == 1 else scores[np.arange(len(y)), y]
    return -np.log(np.clip(own, _TINY, 1))


def _mean_loss(y: np.ndarray, scores: np.ndarray) -> float:
    return float(_row_losses(y, scores).mean())


def _fit_sigmoid(y: np.ndarray, scores: np.ndarray) -> tuple[float, float]:
    ones = int((y == 1).sum())
    goal = np.where(y == 1, (ones + 1) / (ones + 2), 1 / (len(y) - ones + 2))
    x = _logit(scores)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        z = parameters[0] * x + parameters[1]
        gap = expit(z) - goal
        return float(np.mean(np.logaddexp(0, z) - goal * z)), np.array([np.mean(gap * x), np.mean(gap)])

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B")
    return float(found.x[0]), float(found.x[1])


def _logit(scores: np.ndarray) -> np.ndarray:
    return logit(np.clip(scores, _TINY, 1 - _TINY))
