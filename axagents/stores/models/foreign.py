"""Models saved by other tools: what their signature and their estimator tell, in place of our own `axagents.json`."""

from typing import Any

import numpy as np
import xgboost

from axagents.errors import UserError
from axagents.ml.columns import ColumnSpec, Dtype, Task
from axagents.ml.fitted import FittedModel
from axagents.stores.models.folder import ModelFolder

_DTYPES: dict[str, Dtype] = {
    "double": "number",
    "float": "number",
    "long": "number",
    "integer": "number",
    "boolean": "boolean",
    "string": "string",
    "datetime": "date",
}
_KINDS = {"number": "numeric", "boolean": "boolean", "string": "category", "date": "date"}


def describe_foreign(opened: ModelFolder, estimator: Any) -> FittedModel:
    """Make a FittedModel of an estimator that came without a card: no calibrator, a threshold of one half.

    Raises:
        UserError: its columns are known from nowhere, or are of a type that no table holds.
    """
    classes = _classes(estimator)
    task = _task(estimator, classes)
    return FittedModel(
        task=task,
        estimator=estimator,
        flavour="xgboost" if isinstance(estimator, xgboost.XGBModel) else "sklearn",
        columns=_columns(opened, estimator),
        target="",
        classes=classes,
        threshold=0.5 if task == "binary" else None,
    )


def _classes(estimator: Any) -> tuple[str, ...]:
    if isinstance(estimator, xgboost.XGBModel) and not isinstance(estimator, xgboost.XGBClassifier):
        return ()
    found = getattr(estimator, "classes_", None)
    return () if found is None else tuple(str(each) for each in np.asarray(found).tolist())


def _task(estimator: Any, classes: tuple[str, ...]) -> Task:
    if not classes:
        return "regression"
    if not hasattr(estimator, "predict_proba"):
        raise UserError(
            f"{type(estimator).__name__} gives labels without probabilities, so it can be neither judged nor served",
            field="model_path",
            hint="train a classifier with predict_proba",
        )
    return "binary" if len(classes) == 2 else "multiclass"


def _columns(opened: ModelFolder, estimator: Any) -> tuple[ColumnSpec, ...]:
    signature = opened.mlmodel.inputs
    if signature:
        return tuple(_column(opened, column.name, column.type) for column in signature)
    names = _feature_names(estimator)
    if not names:
        raise UserError(
            f"{opened.path} has no signature and its columns have no names: what it reads is unknown",
            field="model_path",
            hint="save it again with a signature (mlflow.models.infer_signature)",
        )
    return tuple(_column(opened, name, "double") for name in names)


def _feature_names(estimator: Any) -> list[str]:
    if isinstance(estimator, xgboost.XGBModel):
        return list(estimator.get_booster().feature_names or [])
    return [str(each) for each in getattr(estimator, "feature_names_in_", ())]


def _column(opened: ModelFolder, name: str, type_name: str) -> ColumnSpec:
    dtype = _DTYPES.get(type_name)
    if dtype is None:
        raise UserError(
            f"{opened.path}: column {name!r} is of type {type_name}; a table holds {', '.join(_DTYPES)}",
            field="model_path",
        )
    whole = type_name in {"long", "integer"}
    kind: Any = _KINDS[dtype]
    return ColumnSpec(name=name, kind=kind, dtype=dtype, rows=0, missing=0, distinct=0, whole=whole)
