"""A fitted model taken apart into plain arrays, so that it can answer without the library that made it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sklearn.ensemble as ensembles
import sklearn.linear_model as linear
import sklearn.tree as trees
import xgboost
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

from axagents.ml.fitted import FittedModel
from axagents.serving.engine.trees import TreeTable, forest_table, histogram_table

Plan = dict[str, Any]


class NotCompiled(Exception):
    """A part of a model that cannot be taken apart; the message names it."""


@dataclass
class Compiled:
    """Plans of the encoder (None: numbers as they are) and of the last step, and the arrays and file they name."""

    encoder: Plan | None
    scorer: Plan
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    booster: bytes | None = None
    last: Any = None


def compile_model(fitted: FittedModel) -> Compiled:
    """Take a model apart.

    Raises:
        NotCompiled: something in it has no plan.
    """
    arrays = _Arrays()
    estimator = fitted.estimator
    steps = [step for _, step in estimator.steps] if isinstance(estimator, Pipeline) else [estimator]
    *before, last = steps
    encoder = _encoder(before, fitted, arrays=arrays)
    scorer, booster = _scorer(last, fitted, arrays=arrays)
    return Compiled(encoder=encoder, scorer=scorer, arrays=arrays.held, booster=booster, last=last)


class _Arrays:
    """Arrays by name, as plans refer to them."""

    def __init__(self) -> None:
        self.held: dict[str, np.ndarray] = {}

    def keep(self, array: Any, dtype: Any = np.float64) -> str:
        name = f"a{len(self.held)}"
        self.held[name] = np.ascontiguousarray(array, dtype=dtype)
        return name


def _encoder(before: Sequence[Any], fitted: FittedModel, *, arrays: _Arrays) -> Plan | None:
    numbers = [spec.name for spec in fitted.columns if spec.dtype != "string"]
    first = before[0] if before else None
    if isinstance(first, ColumnTransformer):
        blocks = _blocks(first, fitted, arrays=arrays)
        rest = before[1:]
    elif len(numbers) == len(fitted.columns):
        blocks, rest = [{"kind": "numbers", "slots": list(range(len(numbers))), "operations": []}], before
    else:
        raise NotCompiled(f"texts that go into {type(first).__name__}")
    after = [operation for step in rest for operation in _operations(step, arrays)]
    plain = len(blocks) == 1 and not after and blocks[0].get("operations") == []
    if plain and blocks[0]["slots"] == list(range(len(numbers))):
        return None
    return {"blocks": blocks, "after": after}


def _blocks(transformer: ColumnTransformer, fitted: FittedModel, *, arrays: _Arrays) -> list[Plan]:
    if transformer.transformer_weights:
        raise NotCompiled("a ColumnTransformer with weights")
    names = [spec.name for spec in fitted.columns]
    blocks: list[Plan] = []
    for _, step, taken in transformer.transformers_:
        columns = _column_names(taken, names)
        if columns and not (isinstance(step, str) and step == "drop"):
            blocks.append(_block(step, columns, fitted=fitted, arrays=arrays))
    return blocks


def _column_names(taken: Any, names: Sequence[str]) -> list[str]:
    if isinstance(taken, slice):
        return list(names[taken])
    listed = [taken] if isinstance(taken, str | int) else list(taken)
    if listed and all(isinstance(each, bool | np.bool_) for each in listed):
        return [name for name, wanted in zip(names, listed, strict=True) if wanted]
    return [each if isinstance(each, str) else names[int(each)] for each in listed]


def _block(step: Any, columns: Sequence[str], *, fitted: FittedModel, arrays: _Arrays) -> Plan:
    texts = [spec.name for spec in fitted.columns if spec.dtype == "string"]
    numbers = [spec.name for spec in fitted.columns if spec.dtype != "string"]
    if isinstance(step, OneHotEncoder | OrdinalEncoder):
        if not all(name in texts for name in columns):
            raise NotCompiled(f"a {type(step).__name__} over numbers")
        return _category_block(step, [texts.index(name) for name in columns])
    if not all(name in numbers for name in columns):
        raise NotCompiled(f"a {type(step).__name__} over texts")
    slots = [numbers.index(name) for name in columns]
    return {"kind": "numbers", "slots": slots, "operations": _operations(step, arrays)}


def _category_block(step: Any, slots: Sequence[int]) -> Plan:
    categories = [each.tolist() for each in step.categories_]
    if not all(isinstance(text, str) for each in categories for text in each):
        raise NotCompiled(f"a {type(step).__name__} with categories that are no texts")
    if getattr(step, "_infrequent_enabled", False):
        raise NotCompiled(f"a {type(step).__name__} that groups rare categories")
    plan: Plan = {"slots": list(slots), "categories": categories, "refuses": step.handle_unknown == "error"}
    if isinstance(step, OneHotEncoder):
        if step.drop is not None or step.handle_unknown not in {"error", "ignore"}:
            raise NotCompiled("a OneHotEncoder that drops or warns")
        return {"kind": "one-hot", **plan}
    unknown = None if step.unknown_value is None else float(step.unknown_value)
    return {"kind": "ordinal", **plan, "unknown": None if unknown is None or np.isnan(unknown) else unknown}


def _operations(step: Any, arrays: _Arrays) -> list[Plan]:
    if isinstance(step, Pipeline):
        return [operation for _, inner in step.steps for operation in _operations(inner, arrays)]
    if (isinstance(step, str) and step == "passthrough") or (
        isinstance(step, FunctionTransformer) and step.func is None
    ):
        return []
    makers: dict[Any, Any] = {SimpleImputer: _impute, StandardScaler: _scale, MinMaxScaler: _stretch}
    known = makers.get(type(step))
    if known is None:
        raise NotCompiled(f"a {type(step).__name__}")
    return [known(step, arrays)]


def _impute(step: SimpleImputer, arrays: _Arrays) -> Plan:
    statistics = np.asarray(step.statistics_)
    missing: Any = step.missing_values
    if statistics.dtype.kind not in "fi" or np.isnan(statistics).any() or not np.isnan(missing):
        raise NotCompiled("a SimpleImputer of something else than numbers, or with a column that had none")
    marks = [] if step.indicator_ is None else step.indicator_.features_.tolist()
    return {"kind": "impute", "statistics": arrays.keep(statistics), "marks": marks}


def _scale(step: StandardScaler, arrays: _Arrays) -> Plan:
    mean = arrays.keep(step.mean_) if step.with_mean else None
    return {"kind": "scale", "mean": mean, "scale": arrays.keep(step.scale_) if step.with_std else None}


def _stretch(step: MinMaxScaler, arrays: _Arrays) -> Plan:
    if step.clip:
        raise NotCompiled("a MinMaxScaler that clips")
    return {"kind": "stretch", "scale": arrays.keep(step.scale_), "least": arrays.keep(step.min_)}


def _scorer(last: Any, fitted: FittedModel, *, arrays: _Arrays) -> tuple[Plan, bytes | None]:
    if isinstance(last, xgboost.XGBModel):
        return _booster(last)
    kind = type(last)
    if kind in _REGRESSIONS:
        return _linear(last, "identity", arrays), None
    if kind is linear.LogisticRegression:
        return _logistic(last, arrays), None
    if kind in {DummyClassifier, DummyRegressor}:
        return _constant(last, fitted, arrays=arrays), None
    if kind in _FORESTS:
        return _tree_plan(forest_table(last), arrays), None
    if kind in _HISTOGRAMS:
        table = histogram_table(last)
        if table is None:
            raise NotCompiled(f"a {kind.__name__} with categories or another loss")
        return _tree_plan(table, arrays), None
    raise NotCompiled(f"a {kind.__name__}")


_REGRESSIONS = {linear.LinearRegression, linear.Ridge, linear.Lasso, linear.ElasticNet, linear.RidgeCV}
_FORESTS = {
    ensembles.RandomForestClassifier,
    ensembles.RandomForestRegressor,
    ensembles.ExtraTreesClassifier,
    ensembles.ExtraTreesRegressor,
    trees.DecisionTreeClassifier,
    trees.DecisionTreeRegressor,
}
_HISTOGRAMS = {ensembles.HistGradientBoostingClassifier, ensembles.HistGradientBoostingRegressor}


def _booster(last: Any) -> tuple[Plan, bytes]:
    booster = last.get_booster()
    if not np.isnan(last.missing) or "c" in (booster.feature_types or ()):
        raise NotCompiled("an XGBoost model with its own mark for missing values, or with categories")
    best = booster.attr("best_iteration")
    rounds = int(best) + 1 if best is not None else 0
    return {"kind": "booster", "file": "booster.ubj", "rounds": rounds}, bytes(booster.save_raw("ubj"))


def _linear(last: Any, link: str, arrays: _Arrays) -> Plan:
    coefficients = np.atleast_2d(last.coef_)
    intercept = np.broadcast_to(np.asarray(last.intercept_, dtype=np.float64), len(coefficients))
    named = {"coefficients": arrays.keep(coefficients), "intercept": arrays.keep(intercept)}
    return {"kind": "linear", "link": link, **named}


def _logistic(last: Any, arrays: _Arrays) -> Plan:
    if len(last.classes_) > 2 and last.solver == "liblinear":
        raise NotCompiled("a LogisticRegression of several classes by liblinear")
    return _linear(last, "logistic" if len(last.classes_) == 2 else "softmax", arrays)


def _constant(last: Any, fitted: FittedModel, *, arrays: _Arrays) -> Plan:
    if isinstance(last, DummyClassifier) and last.strategy not in {"prior", "most_frequent"}:
        raise NotCompiled(f"a DummyClassifier that answers {last.strategy}")
    rows = np.zeros((1, 1))
    answer: Any = last.predict(rows) if fitted.task == "regression" else last.predict_proba(rows)
    return {"kind": "constant", "answer": arrays.keep(answer[:, 1] if fitted.task == "binary" else answer)}


def _tree_plan(table: TreeTable, arrays: _Arrays) -> Plan:
    whole = {"feature": np.intp, "children": np.intp, "roots": np.intp, "missing_right": np.bool_}
    kept = {name: arrays.keep(array, whole.get(name, np.float64)) for name, array in table.arrays().items()}
    return {"kind": "trees", **kept, **table.facts()}
