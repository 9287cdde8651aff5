"""Which columns a model leans on: the loss of the metric when one is shuffled."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer

from axagents.ml.fitted import FittedModel
from axagents.ml.metrics import compute_metric, find_metric
from axagents.ml.preprocessing import encoded_places
from axagents.ml.problem import Problem


@dataclass(frozen=True)
class Importance:
    """A column's mean loss of the primary metric over shuffles (positive: it is needed), and its standard deviation."""

    column: str
    loss: float
    spread: float


def permutation_importance(
    model: FittedModel,
    problem: Problem,
    *,
    primary: str,
    rows: np.ndarray | None = None,
    repeats: int = 5,
    most_rows: int = 3000,
    seed: int = 0,
) -> list[Importance]:
    """Return the columns, the most important first (Breiman 2001).

    It tells what the model uses, not what causes the target. `rows` are those to look at (all, unless the holdout is
    given); of more than `most_rows` a sample is taken. Columns that move together share their importance.
    """
    metric = find_metric(primary, problem.task)
    rng = np.random.default_rng(seed)
    looked = np.arange(problem.rows) if rows is None else rows
    if len(looked) > most_rows:
        looked = np.sort(rng.choice(looked, size=most_rows, replace=False))
    y = problem.target.values[looked]
    matrix, places, score = _encode(model, problem.features.iloc[looked])
    base = compute_metric(metric.name, y, score(matrix), threshold=model.threshold)
    found: list[Importance] = []
    for name, own in places.items():
        losses: list[float] = []
        for _ in range(repeats):
            moved = matrix.copy()
            moved.iloc[:, own] = matrix.iloc[rng.permutation(len(matrix)), own].to_numpy()
            value = compute_metric(metric.name, y, score(moved), threshold=model.threshold)
            losses.append((base - value) * metric.sign)
        found.append(Importance(name, float(np.mean(losses)), float(np.std(losses))))
    return sorted(found, key=lambda each: -each.loss)


def _encode(
    model: FittedModel, features: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, list[int]], Callable[[pd.DataFrame], np.ndarray]]:
    """Return what is shuffled, where each column lies in it, and how it is scored.

    Behind an encoder of ours the encoded columns are shuffled, so that texts are encoded once and not at each shuffle.
    """
    matrix = model.matrix(features.reset_index(drop=True))
    steps = dict(getattr(model.estimator, "steps", []))
    encoder = steps.get("encode")
    if set(steps) != {"encode", "model"} or not isinstance(encoder, ColumnTransformer):
        places = {str(name): [place] for place, name in enumerate(matrix.columns)}
        return matrix, places, lambda moved: model.calibrate(model.raw_matrix_scores(moved))
    inner = replace(model, estimator=steps["model"])
    encoded = pd.DataFrame(np.asarray(encoder.transform(matrix)))
    return encoded, encoded_places(encoder), lambda moved: model.calibrate(inner.raw_matrix_scores(moved.to_numpy()))
