"""Values at which a model's answer may change: thresholds of its trees, categories and means of its encoders."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import xgboost
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

from axagents.ml.fitted import FittedModel

_MOST = 400


def knots_of(fitted: FittedModel) -> dict[str, list[Any]]:
    """Return such values by column, as far as the model shows them; at most 400 of each."""
    found: dict[str, set[Any]] = {}
    for name, value in _walk(fitted):
        found.setdefault(name, set()).add(value)
    return {name: _thinned(sorted(values)) for name, values in found.items()}


def _thinned(values: list[Any]) -> list[Any]:
    step = max(1, len(values) // _MOST)
    return values[::step]


def _walk(fitted: FittedModel) -> Iterator[tuple[str, Any]]:
    names = [spec.name for spec in fitted.columns]
    estimator = fitted.estimator
    steps = [step for _, step in estimator.steps] if isinstance(estimator, Pipeline) else [estimator]
    for step in steps:
        if isinstance(step, ColumnTransformer):
            for _, inner, columns in step.transformers_:
                yield from _of_encoder(inner, columns, names=names)
    # Behind an encoder that adds or moves columns the trees' features are not the model's columns.
    if len(steps) == 1:
        for place, value in _thresholds(steps[0]):
            if place < len(names):
                yield names[place], value


def _of_encoder(step: Any, columns: Any, *, names: list[str]) -> Iterator[tuple[str, Any]]:
    listed = columns if isinstance(columns, list | tuple | np.ndarray) else []
    taken = [each if isinstance(each, str) else names[int(each)] for each in listed]
    for inner in [one for _, one in step.steps] if isinstance(step, Pipeline) else [step]:
        for name, values in zip(taken, getattr(inner, "categories_", []), strict=False):
            yield from ((name, value) for value in values.tolist() if isinstance(value, str))
        for name, value in zip(taken, np.asarray(getattr(inner, "statistics_", [])).tolist(), strict=False):
            if isinstance(value, float) and np.isfinite(value):
                yield name, value
        for name, mean, scale in zip(taken, _of(inner, "mean_"), _of(inner, "scale_"), strict=False):
            yield from ((name, float(mean + times * scale)) for times in (-2, -1, 0, 1, 2))


def _of(step: Any, attribute: str) -> list[float]:
    held = getattr(step, attribute, None)
    return [] if held is None else np.asarray(held).tolist()


def _thresholds(last: Any) -> Iterator[tuple[int, float]]:
    if isinstance(last, xgboost.XGBModel):
        model = json.loads(last.get_booster().save_raw("json"))["learner"]["gradient_booster"]
        for tree in model.get("model", {}).get("trees", []):
            for place, value, left in zip(
                tree["split_indices"], tree["split_conditions"], tree["left_children"], strict=True
            ):
                if left >= 0:
                    yield int(place), float(value)
    for member in getattr(last, "estimators_", [last]):
        tree = getattr(member, "tree_", None)
        if tree is not None:
            inner = tree.children_left >= 0
            yield from zip(tree.feature[inner].tolist(), tree.threshold[inner].tolist(), strict=True)
    for one in getattr(last, "_predictors", []):
        for predictor in one:
            nodes = predictor.nodes[~predictor.nodes["is_leaf"].astype(bool)]
            yield from zip(nodes["feature_idx"].tolist(), nodes["num_threshold"].tolist(), strict=True)
