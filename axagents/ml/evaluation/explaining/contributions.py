"""What each column adds to a model's score: exactly for boosted trees and linear models, estimated for others."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression, Ridge
from xgboost import DMatrix, XGBModel

from axagents.ml.calibration import Calibrator
from axagents.ml.columns import Task
from axagents.ml.evaluation.explaining.sampling import sample_shapley
from axagents.ml.fitted import FittedModel
from axagents.ml.importance import encode_rows, split_estimator

EVALUATIONS = 100_000


@dataclass(frozen=True, eq=False)
class Contributions:
    """Shapley values of rows, one column of the data each.

    Attributes:
        columns: their names.
        values: shape (n, columns, outputs); outputs are the classes, or one for binary and regression.
        base: what they add to, shape (outputs,): base plus a row's values is its score on this scale.
        scale: "log-odds", "probability" or the target's own.
        method: how they were found, and what was not taken into account.
        errors: standard errors of sampled values, None where they are exact.
    """

    columns: tuple[str, ...]
    values: np.ndarray
    base: np.ndarray
    scale: str
    method: str
    errors: np.ndarray | None = None

    @property
    def totals(self) -> np.ndarray:
        """The scores that the values add up to, shape (n, outputs)."""
        return self.base + self.values.sum(axis=1)


def find_contributions(
    model: FittedModel,
    features: pd.DataFrame,
    *,
    background: pd.DataFrame,
    most_evaluations: int = EVALUATIONS,
    seed: int = 0,
) -> Contributions:
    """Return the Shapley values of rows; columns that were encoded as several are one again.

    xgboost: its own exact TreeSHAP (Lundberg et al. 2020), where a column is unknown along the tree's own shares of
    rows. Linear models behind our encoder: coefficient times distance from the mean of `background`, exact when
    columns vary independently (Lundberg and Lee 2017). Any other: sampled walks from `background` rows. A
    calibrator that is linear in the log-odds is taken in; others are not, and `method` says so.
    """
    encoder, last = split_estimator(model)
    if isinstance(last, XGBModel):
        return _calibrated(model, _tree_contributions(model, features))
    if encoder is not None and isinstance(last, LogisticRegression | Ridge):
        return _calibrated(model, _linear_contributions(model, last, features=features, background=background))
    rng = np.random.default_rng(seed)
    encoded = encode_rows(model, features)
    found = sample_shapley(encoded, encode_rows(model, background), most_evaluations=most_evaluations, rng=rng)
    scale = "target" if model.task == "regression" else "probability"
    method = f"sampled Shapley values, {found.pairs:,} antithetic pairs of walks a row"
    return Contributions(tuple(encoded.places), found.values, found.base, scale, method, found.errors)


def _tree_contributions(model: FittedModel, features: pd.DataFrame) -> Contributions:
    encoder, last = split_estimator(model)
    matrix: Any = model.matrix(features)
    places = {str(name): [place] for place, name in enumerate(matrix.columns)}
    if encoder is not None:
        places = _places_of(model, features)
        matrix = encoder.transform(matrix)
    best = getattr(last, "best_iteration", None) if last.early_stopping_rounds else None
    trees = (0, 0) if best is None else (0, int(best) + 1)
    raw = last.get_booster().predict(DMatrix(matrix), pred_contribs=True, iteration_range=trees)
    raw = np.asarray(raw, dtype=np.float64)
    shaped = raw[:, None, :] if raw.ndim == 2 else raw
    moved = shaped.transpose(0, 2, 1)
    return Contributions(tuple(places), _joined(moved[:, :-1], places), moved[0, -1], _scale(model.task), "TreeSHAP")


def _linear_contributions(
    model: FittedModel, last: LogisticRegression | Ridge, *, features: pd.DataFrame, background: pd.DataFrame
) -> Contributions:
    encoded, known = encode_rows(model, features), encode_rows(model, background)
    mean = known.matrix.to_numpy(dtype=np.float64).mean(axis=0)
    weights = np.atleast_2d(np.asarray(last.coef_, dtype=np.float64))
    away = encoded.matrix.to_numpy(dtype=np.float64) - mean
    values = away[:, :, None] * weights.T[None, :, :]
    base = weights @ mean + np.asarray(last.intercept_, dtype=np.float64)
    method = f"coefficient times distance from the mean of {len(known.matrix):,} rows"
    places = encoded.places
    return Contributions(tuple(places), _joined(values, places), base, _scale(model.task), method)


def _places_of(model: FittedModel, features: pd.DataFrame) -> dict[str, list[int]]:
    return encode_rows(model, features.iloc[:1]).places


def _joined(values: np.ndarray, places: dict[str, list[int]]) -> np.ndarray:
    """Sum what a column was encoded as."""
    return np.stack([values[:, own].sum(axis=1) for own in places.values()], axis=1)


def _scale(task: Task) -> str:
    return "target" if task == "regression" else "log-odds"


def _calibrated(model: FittedModel, found: Contributions) -> Contributions:
    """Take in a calibrator that is linear in the log-odds; say it where one is not."""
    calibrator: Calibrator | None = model.calibrator
    if calibrator is None:
        return found
    if calibrator.kind == "isotonic":
        return Contributions(
            found.columns,
            found.values,
            found.base,
            found.scale,
            found.method + ", before calibration, which is in steps",
        )
    slope, intercept = calibrator.slope, calibrator.intercept
    if calibrator.kind == "temperature":
        slope, intercept = 1 / calibrator.temperature, 0.0
    return Contributions(
        found.columns,
        found.values * slope,
        found.base * slope + intercept,
        found.scale,
        found.method + ", after calibration",
    )
