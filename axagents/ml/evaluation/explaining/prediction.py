"""Why a model answered one row as it did."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from axagents.errors import UserError
from axagents.ml.columns import prepare_frame
from axagents.ml.evaluation.explaining.contributions import EVALUATIONS, find_contributions
from axagents.ml.evaluation.explaining.hints import Hint, find_hints, plain_value
from axagents.ml.fitted import FittedModel

_BACKGROUND = 500


@dataclass(frozen=True)
class Contribution:
    """What one column adds to a score; `error` is its standard error where it was sampled."""

    column: str
    value: Any
    amount: float
    error: float | None = None


@dataclass(frozen=True)
class Explanation:
    """One prediction, taken apart.

    Attributes:
        label: the answer, by the threshold or the most probable class; None for regression.
        score: the probability of `explained`, or the predicted value.
        explained: the class whose score is taken apart; None for regression.
        scale: what the amounts are in: "log-odds", "probability" or "target".
        base, total: the contributions add up to `total` less `base`, both on that scale.
        contributions: the largest first.
        hints: the smallest single changes that flip the label.
    """

    label: str | None
    score: float
    explained: str | None
    scale: str
    base: float
    total: float
    contributions: tuple[Contribution, ...]
    method: str
    hints: tuple[Hint, ...]


def explain_prediction(
    model: FittedModel,
    data: pd.DataFrame,
    row: int,
    *,
    explained: str | None = None,
    fixed: Collection[str] = (),
    most_evaluations: int = EVALUATIONS,
    seed: int = 0,
) -> Explanation:
    """Explain the prediction of one row against the rows of `data`, of which at most 500 are drawn.

    Binary: the positive class is explained; several classes: the one answered, unless `explained` names another.
    UserError for a row or class that is not there. `fixed` columns are not changed in hints.
    """
    if not 0 <= row < len(data):
        raise UserError(f"there is no row {row}: rows are numbered from 0 to {len(data) - 1}", field="row")
    prepared = prepare_frame(data, model.columns).reset_index(drop=True)
    own = prepared.iloc[[row]]
    scores = model.scores(own)
    label = None if model.task == "regression" else str(model.decide(scores)[0])
    name, output = _explained_class(model, label, explained)
    drawn = np.random.default_rng(seed).permutation(len(prepared))[:_BACKGROUND]
    found = find_contributions(
        model, own, background=prepared.iloc[drawn], most_evaluations=most_evaluations, seed=seed
    )
    amounts, base = found.values[0, :, output], float(found.base[output])
    errors = None if found.errors is None else found.errors[0, :, output].tolist()
    values = own.astype(object).iloc[0]
    parts = [
        Contribution(column, plain_value(values[column]), amount, None if errors is None else errors[place])
        for place, (column, amount) in enumerate(zip(found.columns, amounts.tolist(), strict=True))
    ]
    return Explanation(
        label=label,
        score=float(scores[0] if scores.ndim == 1 else scores[0, output]),
        explained=name,
        scale=found.scale,
        base=base,
        total=base + float(amounts.sum()),
        contributions=tuple(sorted(parts, key=lambda part: -abs(part.amount))),
        method=found.method,
        hints=tuple(find_hints(model, prepared, row, fixed=fixed)),
    )


def _explained_class(model: FittedModel, label: str | None, asked: str | None) -> tuple[str | None, int]:
    """Return the class whose score is taken apart, and where its score lies."""
    if model.task == "regression":
        return None, 0
    legal = model.classes[1:] if model.task == "binary" else model.classes
    name = asked or (legal[0] if model.task == "binary" else str(label))
    if name not in legal:
        raise UserError(f"the score of {name!r} cannot be explained", field="explained", legal=legal)
    return name, legal.index(name)
