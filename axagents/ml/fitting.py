"""One model fitted on some rows and scored on others, whatever its kind."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer

from axagents.ml.candidates import EARLY_STOPPING_ROUNDS, MOST_TREES, Candidate, Config, build_model, row_weights
from axagents.ml.preprocessing import Style, make_encoder, needs_encoding, prepared_matrix
from axagents.ml.problem import Problem


@dataclass(frozen=True, eq=False)
class Prepared:
    """A problem with its matrix, which is made once."""

    problem: Problem
    matrix: pd.DataFrame

    @property
    def y(self) -> np.ndarray:
        """The target's values."""
        return self.problem.target.values

    @property
    def width(self) -> int:
        """Columns of a score: 1, or the number of classes of a multiclass problem."""
        return len(self.problem.target.classes) if self.problem.task == "multiclass" else 1


def prepare_problem(problem: Problem) -> Prepared:
    """Return the prepared of a problem."""
    return Prepared(problem, prepared_matrix(problem.features))


@dataclass(eq=False)
class Part:
    """Rows that teach and rows that test, encoded once for each style; encoders learn from the teaching rows only."""

    prepared: Prepared
    train: np.ndarray
    test: np.ndarray
    _encoded: dict[Style, tuple[Any, Any, ColumnTransformer | None]] = field(default_factory=dict)

    def encoded(self, style: Style) -> tuple[Any, Any, ColumnTransformer | None]:
        """Return the encoded train and test matrix, and the fitted encoder where there is one."""
        if style not in self._encoded:
            self._encoded[style] = self._encode(style)
        return self._encoded[style]

    def _encode(self, style: Style) -> tuple[Any, Any, ColumnTransformer | None]:
        if style == "none":
            return np.zeros((len(self.train), 1)), np.zeros((len(self.test), 1)), None
        train, test = self.prepared.matrix.iloc[self.train], self.prepared.matrix.iloc[self.test]
        columns = self.prepared.problem.columns
        if not needs_encoding(columns, style):
            return train, test, None
        encoder = make_encoder(train, columns, style=style)
        return encoder.fit_transform(train), encoder.transform(test), encoder


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted estimator, the class codes it knows, and the configuration with what early stopping decided."""

    estimator: Any
    present: np.ndarray
    config: Config
    encoder: ColumnTransformer | None = None


def fit_part(
    candidate: Candidate, config: Config, part: Part, *, seed: int, stop_early: bool = False, threads: int = 1
) -> Fit:
    """Fit a configuration on teaching rows; with `stop_early` the testing rows say how many trees are enough."""
    problem = part.prepared.problem
    train, test, encoder = part.encoded(candidate.style)
    y = part.prepared.y[part.train]
    if problem.task == "regression":
        present, codes, weights = np.empty(0), y, None
    else:
        present, codes = np.unique(y, return_inverse=True)
        if len(present) == 1:
            return Fit(None, present, config, encoder)
        weights = row_weights(codes, float(config.get("balance", 0)))
    estimator = build_model(candidate.name, problem.task, config, seed=seed, threads=threads)
    if stop_early and "n_estimators" not in config:
        trees = _fit_until_no_gain(estimator, (train, codes, weights), part=part, present=present, test=test)
        return Fit(estimator, present, {**config, "n_estimators": trees}, encoder)
    estimator.fit(train, codes, **({} if weights is None else {"sample_weight": weights}))
    return Fit(estimator, present, config, encoder)


def score_part(fit: Fit, part: Part, candidate: Candidate) -> np.ndarray:
    """Return a fit's scores of a part's testing rows, (n,) or (n, k)."""
    return score_matrix(fit, part.encoded(candidate.style)[1], part.prepared)


def score_matrix(fit: Fit, matrix: Any, prepared: Prepared) -> np.ndarray:
    """Return a fit's scores of encoded rows: classes it never saw get probability 0."""
    if prepared.problem.task == "regression":
        return np.asarray(fit.estimator.predict(matrix), dtype=np.float64)
    classes = len(prepared.problem.target.classes)
    scores = np.zeros((len(matrix), classes))
    if fit.estimator is None:
        scores[:, fit.present] = 1.0
    else:
        scores[:, fit.present] = fit.estimator.predict_proba(matrix)
    if prepared.width == 1:
        return scores[:, 1]
    return scores / scores.sum(axis=1, keepdims=True)


def _fit_until_no_gain(
    estimator: Any, taught: tuple[Any, np.ndarray, Any], *, part: Part, present: Any, test: Any
) -> int:
    train, codes, weights = taught
    y = part.prepared.y[part.test]
    if part.prepared.problem.task != "regression":
        # A class that the teaching rows lack cannot be asked about.
        known = np.isin(y, present)
        test, y = test[known], np.searchsorted(present, y[known])
    loss = {"binary": "logloss", "multiclass": "mlogloss", "regression": "rmse"}[part.prepared.problem.task]
    if loss == "mlogloss" and len(present) == 2:
        loss = "logloss"
    estimator.set_params(n_estimators=MOST_TREES, early_stopping_rounds=EARLY_STOPPING_ROUNDS, eval_metric=loss)
    estimator.fit(train, codes, sample_weight=weights, eval_set=[(test, y)], verbose=False)
    return int(estimator.best_iteration) + 1
