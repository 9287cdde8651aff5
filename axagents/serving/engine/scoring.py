"""The last step of a model in numpy: encoded rows become raw scores, as the estimator's own `predict_proba` gives."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from axagents.serving.engine.booster import Booster
from axagents.serving.engine.encoding import Arrays

Scorer = Callable[[np.ndarray], np.ndarray]


def make_scorer(plan: Mapping[str, Any], arrays: Arrays, folder: Path) -> Scorer:
    """Return the function that `compiling` planned: (n, m) to (n,) for a binary task or a value, else (n, k).

    Raises:
        BoosterError: XGBoost's library is missing or refuses its model.
    """
    if plan["kind"] == "booster":
        return Booster((folder / plan["file"]).read_bytes(), rounds=plan["rounds"]).predict
    return {"linear": _linear, "trees": _trees, "constant": _constant}[plan["kind"]](plan, arrays)


def logistic(values: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-z)) without overflow."""
    small = np.exp(-np.abs(values))
    return np.where(values >= 0, 1.0, small) / (1.0 + small)


def softmax(values: np.ndarray) -> np.ndarray:
    """Return probabilities (n, k) of logarithms (n, k)."""
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _value(values: np.ndarray) -> np.ndarray:
    return values


LINKS: dict[str, Scorer] = {"logistic": logistic, "softmax": softmax, "identity": _value, "exp": np.exp}


def _linear(plan: Mapping[str, Any], arrays: Arrays) -> Scorer:
    coefficients, intercept = arrays[plan["coefficients"]].T, arrays[plan["intercept"]]
    link = LINKS[plan["link"]]

    def score(matrix: np.ndarray) -> np.ndarray:
        if np.isnan(matrix).any():
            raise ValueError("a linear model answers no row with a missing value")
        return link(_narrow(matrix @ coefficients + intercept))

    return score


def _narrow(values: np.ndarray) -> np.ndarray:
    return values[:, 0] if values.shape[1] == 1 else values


def _constant(plan: Mapping[str, Any], arrays: Arrays) -> Scorer:
    answer = arrays[plan["answer"]]
    return lambda matrix: np.repeat(answer, len(matrix), axis=0)


def _trees(plan: Mapping[str, Any], arrays: Arrays) -> Scorer:
    """Walk all trees of an ensemble at once, level by level; leaves lead to themselves."""
    roots, feature, threshold = (arrays[plan[name]] for name in ("roots", "feature", "threshold"))
    children, missing_right, values = (arrays[plan[name]] for name in ("children", "missing_right", "values"))
    baseline, link, share = arrays[plan["baseline"]], LINKS[plan["link"]], plan["share"]
    single, group = plan["single"], plan["trees_per_round"]

    def score(matrix: np.ndarray) -> np.ndarray:
        rows, width = matrix.shape
        held = matrix.astype(np.float32).astype(np.float64) if single else matrix
        cells, gaps = held.ravel(), bool(np.isnan(held).any())
        node = np.tile(roots, rows)
        begin = np.repeat(np.arange(rows) * width, len(roots))
        for _ in range(plan["depth"]):
            found = cells.take(begin + feature.take(node))
            right = found > threshold.take(node)
            if gaps:
                right = np.where(np.isnan(found), missing_right.take(node), right)
            node = children.take(2 * node + right)
        # One column of values for each class, or one tree for each class in turn.
        summed = values.take(node, axis=0).reshape(rows, -1, group, values.shape[1]).sum(axis=1).reshape(rows, -1)
        return link(_narrow(summed * share + baseline))

    return score
