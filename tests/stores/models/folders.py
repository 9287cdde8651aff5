"""Small fitted models to save, and folders that nobody should load."""

from pathlib import Path

import numpy as np
import pandas as pd
import xgboost
import yaml
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from axagents.ml.calibration import Calibrator
from axagents.ml.columns import ColumnSpec
from axagents.ml.fitted import FittedModel


def frame(rows: int = 120, seed: int = 0) -> pd.DataFrame:
    """Customers as a file has them: numbers with gaps, a category, a date as text, the target as words."""
    rng = np.random.default_rng(seed)
    made = pd.DataFrame(
        {
            "tenure": rng.integers(0, 72, rows).astype(float),
            "charges": rng.normal(70, 20, rows).round(2),
            "plan": rng.choice(["basic", "plus", None], rows),
            "since": pd.to_datetime("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, rows), unit="D"),
        }
    )
    made["since"] = made["since"].dt.strftime("%Y-%m-%d")
    made.loc[made.index[::7], "charges"] = np.nan
    made["churned"] = np.where(rng.random(rows) < 1 / (1 + np.exp((made["tenure"] - 36) / 9)), "Yes", "No")
    return made


def number(name: str) -> ColumnSpec:
    return ColumnSpec(name=name, kind="numeric", dtype="number", rows=120, missing=0, distinct=60)


NUMBERS = (number("tenure"), number("charges"))
MIXED = (
    *NUMBERS,
    ColumnSpec(name="plan", kind="category", dtype="string", rows=120, missing=40, distinct=2),
    ColumnSpec(name="since", kind="date", dtype="date", rows=120, missing=0, distinct=100, date_format="iso"),
)


def boosted(seed: int = 0) -> FittedModel:
    """A binary xgboost model of two numeric columns, calibrated, with a threshold of its own."""
    data = frame(seed=seed)
    codes = (data["churned"] == "Yes").astype(int)
    estimator = xgboost.XGBClassifier(n_estimators=8, max_depth=3, random_state=seed, n_jobs=1)
    estimator.fit(data[["tenure", "charges"]], codes)
    return FittedModel(
        task="binary",
        estimator=estimator,
        flavour="xgboost",
        columns=NUMBERS,
        target="churned",
        classes=("No", "Yes"),
        calibrator=Calibrator(kind="sigmoid", slope=0.9, intercept=0.1),
        threshold=0.4,
    )


def pipeline() -> FittedModel:
    """A binary scikit-learn pipeline of numbers, a category with gaps, and a date."""
    data = frame()
    made = FittedModel(
        task="binary",
        estimator=make_pipeline(
            make_column_transformer(
                (make_pipeline(SimpleImputer(), StandardScaler()), ["tenure", "charges", "since"]),
                (OneHotEncoder(handle_unknown="ignore"), ["plan"]),
            ),
            LogisticRegression(),
        ),
        flavour="sklearn",
        columns=MIXED,
        target="churned",
        classes=("No", "Yes"),
        threshold=0.5,
    )
    made.estimator.fit(made.matrix(data), (data["churned"] == "Yes").astype(int))
    return made


def regression() -> FittedModel:
    """A scikit-learn regression of one numeric column on another."""
    data = frame()
    estimator = make_pipeline(SimpleImputer(), Ridge()).fit(data[["charges"]], data["tenure"])
    return FittedModel("regression", estimator, "sklearn", (number("charges"),), "tenure")


def change_mlmodel(folder: Path, **flavour: object) -> None:
    """Write keys into every flavour of an MLmodel file."""
    path = folder / "MLmodel"
    content = yaml.safe_load(path.read_text())
    for table in content["flavors"].values():
        table.update(flavour)
    path.write_text(yaml.safe_dump(content))
