"""What a model leans on as a whole: what shuffling a column costs, and how much it moves scores."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from axagents.ml.evaluation.explaining.contributions import EVALUATIONS, find_contributions
from axagents.ml.fitted import FittedModel
from axagents.ml.importance import encode_rows, shuffled_scores
from axagents.ml.intervals import Interval, paired_interval
from axagents.ml.metrics import compute_metric, find_metric

_SAMPLED_ROWS = 100
_BACKGROUND = 500


@dataclass(frozen=True)
class ColumnLoss:
    """How much of a metric is lost when a column is shuffled (positive: it is needed), with its interval."""

    column: str
    loss: Interval


@dataclass(frozen=True)
class ColumnEffect:
    """The mean absolute Shapley value of a column, over rows and classes, with its interval over rows."""

    column: str
    effect: Interval


@dataclass(frozen=True)
class Overview:
    """The effects of all columns, the largest first, on a scale ("log-odds", "probability" or "target")."""

    effects: tuple[ColumnEffect, ...]
    scale: str
    base: tuple[float, ...]
    rows: int
    method: str


def column_losses(
    model: FittedModel,
    features: pd.DataFrame,
    y: np.ndarray,
    *,
    metric: str,
    entity: np.ndarray | None = None,
    repeats: int = 5,
    most_rows: int = 3000,
    level: float = 0.95,
    seed: int = 0,
) -> list[ColumnLoss]:
    """Return permutation importance (Breiman 2001), the most important first, each with the paired interval of rows.

    It tells what the model uses, not what causes the target; columns that move together share their importance. The
    interval is of the metric less its mean over shuffles, on the same rows or entities; of more than `most_rows` a
    sample is taken. Empty where the metric is not defined on that, as when a rare class is not in it.
    """
    found = find_metric(metric, model.task)
    rng = np.random.default_rng(seed)
    looked = np.arange(len(y))
    if len(looked) > most_rows:
        looked = np.sort(rng.choice(looked, size=most_rows, replace=False))
    encoded = encode_rows(model, features.iloc[looked])
    base, truth = encoded.score(encoded.matrix), y[looked]
    if not np.isfinite(compute_metric(found.name, truth, base, threshold=model.threshold)):
        return []
    tied = None if entity is None else entity[looked]
    losses: list[ColumnLoss] = []
    for column, shuffled in shuffled_scores(encoded, repeats=repeats, rng=rng):
        first, second = (base, shuffled) if found.greater_is_better else (shuffled, base)
        loss = paired_interval(
            found.name,
            truth,
            first=first,
            second=second,
            thresholds=(model.threshold, model.threshold),
            entity=tied,
            level=level,
            seed=seed,
        )
        losses.append(ColumnLoss(column, loss))
    return sorted(losses, key=lambda each: -each.loss.value)


def column_effects(
    model: FittedModel,
    features: pd.DataFrame,
    *,
    most_rows: int = 1000,
    most_evaluations: int = EVALUATIONS,
    level: float = 0.95,
    seed: int = 0,
) -> Overview:
    """Return the mean absolute Shapley value of each column, the largest first, over a sample of rows.

    Where values are sampled, at most 100 rows are looked at, and the noise of sampling makes small effects look
    larger than they are by about their standard error.
    """
    rng = np.random.default_rng(seed)
    drawn = rng.permutation(len(features))
    background = features.iloc[drawn[:_BACKGROUND]]
    probe = find_contributions(model, features.iloc[drawn[:1]], background=background, most_evaluations=1)
    looked = drawn[: most_rows if probe.errors is None else min(most_rows, _SAMPLED_ROWS)]
    found = find_contributions(
        model, features.iloc[looked], background=background, most_evaluations=most_evaluations, seed=seed
    )
    sizes = np.abs(found.values).mean(axis=2)
    half = norm.ppf(0.5 + level / 2) * sizes.std(axis=0, ddof=1 if len(looked) > 1 else 0) / np.sqrt(len(looked))
    effects = [
        ColumnEffect(
            column,
            Interval(float(mean), max(float(mean - width), 0.0), float(mean + width), level, "normal, over rows"),
        )
        for column, mean, width in zip(found.columns, sizes.mean(axis=0), half, strict=True)
    ]
    ordered = tuple(sorted(effects, key=lambda each: -each.effect.value))
    return Overview(ordered, found.scale, tuple(found.base.tolist()), len(looked), found.method)
