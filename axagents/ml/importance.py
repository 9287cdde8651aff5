"""Which columns a model leans on: the loss of the metric when one is shuffled."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from axagents.ml.fitted import FittedModel
from axagents.ml.metrics import compute_metric, find_metric
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
    matrix, y = model.matrix(problem.features.iloc[looked].reset_index(drop=True)), problem.target.values[looked]

    def value(moved: pd.DataFrame) -> float:
        scores = model.calibrate(model.raw_matrix_scores(moved))
        return compute_metric(metric.name, y, scores, threshold=model.threshold)

    base = value(matrix)
    found: list[Importance] = []
    for name in matrix.columns:
        losses: list[float] = []
        for _ in range(repeats):
            shuffled = matrix.assign(**{name: matrix[name].to_numpy()[rng.permutation(len(matrix))]})
            losses.append((base - value(shuffled)) * metric.sign)
        found.append(Importance(str(name), float(np.mean(losses)), float(np.std(losses))))
    return sorted(found, key=lambda each: -each.loss)
