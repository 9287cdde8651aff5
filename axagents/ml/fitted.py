"""A model as it is used: estimator, calibrator, decision threshold and the columns it reads."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from axagents.errors import UserError
from axagents.ml.calibration import Calibrator
from axagents.ml.columns import ColumnSpec, Task
from axagents.ml.metrics import decide_labels
from axagents.ml.preprocessing import feature_matrix

Flavour = Literal["xgboost", "sklearn"]


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A trained model.

    `estimator` is an xgboost.XGBClassifier or XGBRegressor fed numbers only (flavour "xgboost"), or a scikit-learn
    Pipeline (flavour "sklearn"); both are fed the frame of `matrix`. Everything else is plain JSON once dumped:
    `columns` and `calibrator` by model_dump, `facts` (candidate, configuration, seed, rows, versions) as they are.
    In binary tasks `classes` are (negative, positive) and `threshold` says from where a row is called positive.
    """

    task: Task
    estimator: Any
    flavour: Flavour
    columns: tuple[ColumnSpec, ...]
    target: str
    classes: tuple[str, ...] = ()
    calibrator: Calibrator | None = None
    threshold: float | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def positive(self) -> str | None:
        """The class whose probability a binary model gives."""
        return self.classes[1] if self.task == "binary" else None

    def matrix(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Parse a raw or prepared frame into what the estimator takes: numbers float64, dates as days, texts.

        Other columns are ignored, order does not matter, unreadable values count as missing. UserError when a column
        is not there.
        """
        return feature_matrix(frame, self.columns)

    def raw_scores(self, frame: pd.DataFrame) -> np.ndarray:
        """Return the estimator's own scores, before calibration: (n,), or (n, k) with several classes."""
        matrix = self.matrix(frame)
        if len(matrix) == 0:
            raise UserError("there are no rows to score")
        return self.raw_matrix_scores(matrix)

    def raw_matrix_scores(self, matrix: pd.DataFrame | np.ndarray) -> np.ndarray:
        """Return the estimator's own scores of what `matrix` made."""
        if self.task == "regression":
            return np.asarray(self.estimator.predict(matrix), dtype=np.float64)
        scores = np.asarray(self.estimator.predict_proba(matrix), dtype=np.float64)
        return scores[:, 1] if self.task == "binary" else scores

    def scores(self, frame: pd.DataFrame) -> np.ndarray:
        """Return calibrated probabilities of the positive class (n,), of each class (n, k), or values (n,)."""
        return self.calibrate(self.raw_scores(frame))

    def calibrate(self, raw: np.ndarray) -> np.ndarray:
        """Return the probabilities that raw scores mean."""
        return raw if self.calibrator is None else self.calibrator.apply(raw)

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        """Return class labels by the threshold (or the most probable class), or values."""
        return self.decide(self.scores(frame))

    def decide(self, scores: np.ndarray) -> np.ndarray:
        """Return the labels, or values, of scores."""
        if self.task == "regression":
            return scores
        return np.array(self.classes, dtype=object)[decide_labels(scores, self.threshold)]
