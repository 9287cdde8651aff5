"""A model as it is used: estimator, calibrator, decision threshold and the columns it reads."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from axagents.ml.calibration import Calibrator
from axagents.ml.columns import ColumnSpec, Task


@dataclass(frozen=True, eq=False)
class FittedModel:
    """A trained model.

    `estimator` is an xgboost.XGBClassifier/XGBRegressor fed numbers only (flavour "xgboost"), or a scikit-learn
    Pipeline fed the frame of `matrix` (flavour "sklearn"). Every other field is plain JSON when dumped:
    `columns` by ColumnSpec, `calibrator` by Calibrator.model_dump, so that D writes them into axagents.json.
    """

    task: Task
    estimator: Any
    flavour: Literal["xgboost", "sklearn"]
    columns: tuple[ColumnSpec, ...]
    target: str
    classes: tuple[str, ...] = ()
    calibrator: Calibrator | None = None
    threshold: float | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    def matrix(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Parse a raw or prepared frame into what the estimator takes: numbers float64, dates as days, texts."""
        raise NotImplementedError

    def scores(self, frame: pd.DataFrame) -> np.ndarray:
        """Return calibrated probabilities of the positive class (n,), of each class (n, k), or values (n,)."""
        raise NotImplementedError

    def predict(self, frame: pd.DataFrame) -> np.ndarray:
        """Return class labels by the threshold (or the most probable class), or values."""
        raise NotImplementedError
