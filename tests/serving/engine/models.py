"""Fitted models of every kind that is served, and rows for them."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import xgboost
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline

from axagents.ml.calibration import Calibrator
from axagents.ml.fitted import FittedModel
from axagents.ml.preprocessing import make_encoder
from tests.stores.models.folders import MIXED, boosted, frame, pipeline

ISOTONIC = Calibrator(kind="isotonic", xs=(0.0, 0.3, 0.6, 1.0), ys=(0.02, 0.2, 0.7, 0.98))
WARM = Calibrator(kind="temperature", temperature=1.7)
CLASSES = ("basic", "gold", "plus")


def rows(count: int = 200, seed: int = 7) -> pd.DataFrame:
    """Rows that no model was taught on, with gaps everywhere and a category nobody knows."""
    made = frame(count, seed=seed)
    made.loc[made.index[3::11], "tenure"] = np.nan
    made.loc[made.index[5::13], "plan"] = "diamond"
    made.loc[made.index[6::17], "since"] = None
    return made.drop(columns="churned")


def encoded(last: Any, *, style: Any = "tree", **changes: Any) -> FittedModel:
    """A binary pipeline of our own encoder and one last step."""
    data = frame(400, seed=3)
    made = pipeline()
    matrix = made.matrix(data)
    steps = [("encode", make_encoder(matrix, MIXED, style=style)), ("model", last)]
    estimator = Pipeline(steps).fit(matrix, (data["churned"] == "Yes").astype(int))
    return dataclasses.replace(made, estimator=estimator, **changes)


def several(last: Any) -> FittedModel:
    """A model of three classes, calibrated."""
    data = frame(400, seed=4)
    codes = np.digitize(data["tenure"].to_numpy(), [20, 50])
    made = pipeline()
    matrix = made.matrix(data)
    style: Any = "linear" if isinstance(last, LogisticRegression) else "tree"
    estimator = Pipeline([("encode", make_encoder(matrix, MIXED, style=style)), ("model", last)]).fit(matrix, codes)
    return dataclasses.replace(
        made, task="multiclass", estimator=estimator, classes=CLASSES, threshold=None, calibrator=WARM
    )


def values(last: Any, style: Any = "tree") -> FittedModel:
    """A regression."""
    data = frame(400, seed=5)
    made = pipeline()
    matrix = made.matrix(data)
    target = data["tenure"] * 3 + data["charges"].fillna(50)
    estimator = Pipeline([("encode", make_encoder(matrix, MIXED, style=style)), ("model", last)]).fit(matrix, target)
    return FittedModel("regression", estimator, "sklearn", MIXED, "spent")


def counted() -> FittedModel:
    """A binary model whose classes are the whole numbers 0 and 1, as MLflow answers them."""
    return dataclasses.replace(boosted(seed=2), classes=("0", "1"), calibrator=None, threshold=0.5)


KINDS: dict[str, Any] = {
    "boosted": boosted,
    "boosted-plain": counted,
    "pipeline": pipeline,
    "linear": lambda: encoded(LogisticRegression(), style="linear", calibrator=ISOTONIC, threshold=0.37),
    "forest": lambda: encoded(RandomForestClassifier(20, max_depth=6, random_state=0)),
    "histogram": lambda: encoded(HistGradientBoostingClassifier(max_iter=20)),
    "boosted-pipeline": lambda: encoded(xgboost.XGBClassifier(n_estimators=20, max_depth=3), threshold=0.3),
    "neighbours": lambda: encoded(KNeighborsClassifier(5), style="linear"),
    "several-linear": lambda: several(LogisticRegression()),
    "several-boosted": lambda: several(xgboost.XGBClassifier(n_estimators=9, max_depth=3)),
    "several-histogram": lambda: several(HistGradientBoostingClassifier(max_iter=9)),
    "several-forest": lambda: several(RandomForestClassifier(9, random_state=0)),
    "value-linear": lambda: values(Ridge(), "linear"),
    "value-boosted": lambda: values(xgboost.XGBRegressor(n_estimators=9)),
    "value-forest": lambda: values(RandomForestRegressor(9, random_state=0)),
}
ENGINES = {"neighbours": {"frame"}, "histogram": {"arrays"}, "linear": {"arrays"}, "pipeline": {"arrays"}}
