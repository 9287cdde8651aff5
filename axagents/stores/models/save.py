"""Write a fitted model as an MLflow model folder that holds no code: native XGBoost, or a pipeline by skops."""

import math
import shutil
import tempfile
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow import sklearn as mlflow_sklearn
from mlflow import xgboost as mlflow_xgboost
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature

from axagents.errors import Failed, UserError
from axagents.ml.fitted import FittedModel
from axagents.stores.features.record import FeatureReference
from axagents.stores.models.card import Example, ModelCard, write_card
from axagents.stores.models.digest import digest
from axagents.stores.models.trusted import TRUSTED_TYPES

EXAMPLE_ROWS = 5

_PACKAGES = {
    "xgboost": ("numpy", "pandas", "scikit-learn", "scipy"),
    "sklearn": ("numpy", "pandas", "scikit-learn", "scipy", "skops"),
}


def save_model(
    folder: Path,
    fitted: FittedModel,
    *,
    input_example: pd.DataFrame,
    training: Mapping[str, Any],
    features: FeatureReference | None = None,
    replace: bool = False,
) -> str:
    """Write `fitted` as the model folder `folder` and return the folder's SHA-256.

    Args:
        folder: must not exist yet, or be empty; it appears whole or not at all.
        input_example: rows as they were read from the data; the first five are kept, with the model's answers.
        training: plain JSON facts about data, experiment, run, configuration and metrics.
        features: the version of a feature set that the columns come from.
        replace: take away what an earlier attempt of the same step left in `folder`.

    Raises:
        UserError: the folder exists and holds something.
        Failed: the model holds types that our own loader would refuse.
    """
    if folder.exists() and not replace and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} exists already; a saved model is never written over", field="folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as made:
        whole = Path(made) / folder.name
        _write_mlflow(whole, fitted, input_example.head(EXAMPLE_ROWS))
        write_card(whole, _card(fitted, input_example.head(EXAMPLE_ROWS), training=training, features=features))
        if folder.exists():
            shutil.rmtree(folder)
        shutil.move(whole, folder)
    return digest(folder)


def _write_mlflow(folder: Path, fitted: FittedModel, rows: pd.DataFrame) -> None:
    matrix = fitted.matrix(rows)
    common: dict[str, Any] = {
        "path": str(folder),
        "signature": infer_signature(matrix.fillna(_present(matrix)), fitted.estimator.predict(matrix)),
        "input_example": matrix,
        "pip_requirements": _requirements(fitted),
    }
    if fitted.flavour == "xgboost":
        mlflow_xgboost.save_model(fitted.estimator, model_format="ubj", **common)
        return
    try:
        mlflow_sklearn.save_model(
            fitted.estimator,
            serialization_format=mlflow_sklearn.SERIALIZATION_FORMAT_SKOPS,
            skops_trusted_types=sorted(TRUSTED_TYPES),
            **common,
        )
    except MlflowException as error:
        cause = error.__cause__ or error.__context__
        if isinstance(cause, OSError):
            # A full disk, above all, which MLflow tells as a type that skops cannot write.
            raise cause from None
        # MLflow loads what it wrote, trusting our list only: what it cannot load our loader would refuse.
        told = error.message.rpartition("Root error: ")[2]
        raise Failed(f"cannot save {type(_last(fitted.estimator)).__name__} as data: {told}") from error


def _present(matrix: pd.DataFrame) -> dict[str, Any]:
    # A gap in the few example rows says nothing about the column: MLflow would mark it as one that may be left out.
    numbers = set(matrix.select_dtypes("number").columns)
    return {name: 0.0 if name in numbers else "" for name in matrix.columns}


def _requirements(fitted: FittedModel) -> list[str]:
    wanted = [f"{name}=={version(name)}" for name in _PACKAGES[fitted.flavour]]
    if type(_last(fitted.estimator)).__module__.startswith("xgboost"):
        wanted.append(f"xgboost=={_xgboost_version()}")
    return sorted(wanted)


def _xgboost_version() -> str:
    try:
        return version("xgboost")
    except PackageNotFoundError:
        return version("xgboost-cpu")


def _last(estimator: Any) -> Any:
    steps = getattr(estimator, "steps", None)
    return steps[-1][1] if steps else estimator


def _card(
    fitted: FittedModel, rows: pd.DataFrame, *, training: Mapping[str, Any], features: FeatureReference | None
) -> ModelCard:
    last = _last(fitted.estimator)
    return ModelCard(
        framework="xgboost" if type(last).__module__.startswith("xgboost") else "sklearn",
        estimator=f"{type(last).__module__}.{type(last).__qualname__}",
        task=fitted.task,
        target=fitted.target,
        classes=fitted.classes,
        positive=fitted.classes[1] if fitted.task == "binary" else None,
        calibrator=fitted.calibrator,
        threshold=fitted.threshold,
        columns=fitted.columns,
        features=features,
        facts=fitted.facts,
        training=dict(training),
        example=_example(fitted, rows),
    )


def _example(fitted: FittedModel, rows: pd.DataFrame) -> Example:
    shown = rows.loc[:, [spec.name for spec in fitted.columns]]
    return Example(
        columns=tuple(shown.columns),
        rows=tuple(tuple(_plain(cell) for cell in row) for row in shown.itertuples(index=False, name=None)),
        scores=tuple(np.asarray(fitted.scores(shown), dtype=float).tolist()),
        labels=tuple(_plain(label) for label in fitted.predict(shown)),
    )


def _plain(cell: Any) -> Any:
    """Return a cell as JSON can hold it; what is missing as None, times as ISO 8601."""
    if isinstance(cell, np.generic):
        cell = cell.item()
    if cell is None or cell is pd.NaT or (isinstance(cell, float) and not math.isfinite(cell)):
        return None
    if isinstance(cell, (str, bool, int, float)):
        return cell
    return cell.isoformat() if hasattr(cell, "isoformat") else str(cell)
