"""Which columns a model leans on: the loss of the metric when one is shuffled."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

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
    encoded = encode_rows(model, problem.features.iloc[looked])
    base = compute_metric(metric.name, y, encoded.score(encoded.matrix), threshold=model.threshold)
    found: list[Importance] = []
    for name, shuffled in shuffled_scores(encoded, repeats=repeats, rng=rng):
        losses = [
            (base - compute_metric(metric.name, y, scores, threshold=model.threshold)) * metric.sign
            for scores in shuffled
        ]
        found.append(Importance(name, float(np.mean(losses)), float(np.std(losses))))
    return sorted(found, key=lambda each: -each.loss)


@dataclass(frozen=True, eq=False)
class EncodedRows:
    """Rows as a model's last step takes them.

    Attributes:
        matrix: what is shuffled.
        places: where each column of the data lies in it.
        score: how it is scored, calibrated.
    """

    matrix: pd.DataFrame
    places: dict[str, list[int]]
    score: Callable[[pd.DataFrame], np.ndarray]


def shuffled_scores(
    encoded: EncodedRows, *, repeats: int, rng: np.random.Generator
) -> Iterator[tuple[str, list[np.ndarray]]]:
    """Yield each column with the scores of the rows while it is shuffled, `repeats` times."""
    for name, own in encoded.places.items():
        scores: list[np.ndarray] = []
        for _ in range(repeats):
            moved = encoded.matrix.copy()
            moved.iloc[:, own] = encoded.matrix.iloc[rng.permutation(len(moved)), own].to_numpy()
            scores.append(encoded.score(moved))
        yield name, scores


def encode_rows(model: FittedModel, features: pd.DataFrame) -> EncodedRows:
    """Return rows as they are shuffled, or mixed with others.

    Behind an encoder of ours these are the encoded columns, so that texts are encoded once and not at each shuffle.
    """
    matrix = model.matrix(features.reset_index(drop=True))
    encoder, last = split_estimator(model)
    if encoder is None:
        places = {str(name): [place] for place, name in enumerate(matrix.columns)}
        return EncodedRows(matrix, places, lambda moved: model.calibrate(model.raw_matrix_scores(moved)))
    inner = replace(model, estimator=last)
    encoded = pd.DataFrame(np.asarray(encoder.transform(matrix)))
    return EncodedRows(
        encoded, encoded_places(encoder), lambda moved: model.calibrate(inner.raw_matrix_scores(moved.to_numpy()))
    )


def split_estimator(model: FittedModel) -> tuple[ColumnTransformer | None, Any]:
    """Return the encoder, None where there is none of ours, and the estimator behind it."""
    steps = dict(getattr(model.estimator, "steps", []))
    encoder = steps.get("encode")
    if set(steps) != {"encode", "model"} or not isinstance(encoder, ColumnTransformer):
        return None, model.estimator
    return encoder, steps["model"]
