"""The smallest change of a single column that would flip a prediction, among values seen in the data."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from axagents.ml.columns import ColumnSpec, prepare_frame
from axagents.ml.fitted import FittedModel
from axagents.ml.problem import column_of

CAVEAT = "a hint says what the model would answer, not what would happen if the value were changed in the world"
_MOST_TRIED = 200


@dataclass(frozen=True)
class Hint:
    """A change of one column that flips the label.

    Attributes:
        value, instead: the value as it is, and the nearest seen one that flips the label.
        label, score: what the model then answers, with the probability of that label.
        distance: the share of the rows whose value lies between the two; for a category, that of the rows without it.
    """

    column: str
    value: Any
    instead: Any
    label: str
    score: float
    distance: float


@dataclass(frozen=True, eq=False)
class _Tried:
    """Values of one column to try, and how far each is."""

    values: np.ndarray
    distances: np.ndarray

    def take(self, kept: np.ndarray) -> "_Tried":
        return _Tried(self.values[kept], self.distances[kept])


@dataclass(frozen=True)
class _Flip:
    """The nearest value tried that flips the label."""

    value: Any
    distance: float
    label: str
    score: float


def find_hints(
    model: FittedModel, data: pd.DataFrame, row: int, *, fixed: Collection[str] = (), most: int = 5
) -> list[Hint]:
    """Return for each column the smallest change that flips the label of a row, the smallest first.

    Values are those seen in `data`: categories, and of a number 200 at even ranks, then those next to the nearest that
    flips. Columns in `fixed` (nobody grows younger) and missing values are left as they are. Empty for regression.
    """
    if model.task == "regression":
        return []
    prepared = prepare_frame(data, model.columns).reset_index(drop=True)
    own = prepared.iloc[[row]].reset_index(drop=True)
    wanted = {spec.name: spec for spec in model.columns if spec.name not in fixed and not own[spec.name].isna().any()}
    seen = {name: _values_seen(prepared, spec, own[name].iloc[0]) for name, spec in wanted.items()}
    coarse = {name: _thin(values) for name, values in seen.items()}
    flips = _flips(model, own, coarse)
    fine = {
        name: _nearer(seen[name], coarse[name], flip=flip, value=own[name].iloc[0])
        for name, flip in flips.items()
        if _is_ordered(wanted[name])
    }
    flips |= _flips(model, own, fine)
    hints = [
        Hint(
            name,
            plain_value(own[name].iloc[0]),
            plain_value(flip.value),
            flip.label,
            flip.score,
            flip.distance,
        )
        for name, flip in flips.items()
    ]
    return sorted(hints, key=lambda hint: hint.distance)[:most]


def _flips(model: FittedModel, own: pd.DataFrame, tried: dict[str, _Tried]) -> dict[str, _Flip]:
    """Return for each column the nearest value that flips the label of a row; all are scored at once."""
    tried = {name: each for name, each in tried.items() if len(each.values)}
    frames = [own]
    for name, each in tried.items():
        moved = own.loc[np.zeros(len(each.values), dtype=np.int64)].reset_index(drop=True)
        moved[name] = pd.Series(each.values).astype(own[name].dtype)
        frames.append(moved)
    scores = model.scores(pd.concat(frames, ignore_index=True))
    labels = model.decide(scores)
    first, flips = 1, dict[str, _Flip]()
    for name, each in tried.items():
        places = first + np.flatnonzero(labels[first : first + len(each.values)] != labels[0])
        if len(places):
            nearest = int(places[each.distances[places - first].argmin()])
            label = str(labels[nearest])
            flips[name] = _Flip(
                each.values[nearest - first],
                float(each.distances[nearest - first]),
                label,
                _probability_of(label, scores[nearest], model),
            )
        first += len(each.values)
    return flips


def _values_seen(data: pd.DataFrame, spec: ColumnSpec, value: Any) -> _Tried:
    """Return the other values of a column with the share of rows that lies between, or that has another category."""
    known = column_of(data, spec.name).dropna()
    if not _is_ordered(spec):
        shares: pd.Series = known.value_counts(normalize=True)
        other = (shares.index != value).nonzero()[0]
        return _Tried(shares.index.to_numpy()[other], 1 - shares.to_numpy(dtype=np.float64)[other])
    values, counts = np.unique(known.to_numpy(), return_counts=True)
    here = np.asarray([value], dtype=values.dtype)[0]
    upto = np.cumsum(counts)
    above = upto - counts[values <= here].sum()
    below = counts[values < here].sum() - (upto - counts)
    distances = np.where(values > here, above, below) / max(len(known), 1)
    return _Tried(values, distances).take(values != here)


def _nearer(seen: _Tried, coarse: _Tried, *, flip: _Flip, value: Any) -> _Tried:
    """Return the values seen between the nearest one tried that flips and the one before it on the same side."""
    here = np.asarray([value], dtype=seen.values.dtype)[0]
    upward = flip.value > here
    inside = coarse.distances[((coarse.values > here) == upward) & (coarse.distances < flip.distance)]
    beyond = inside.max(initial=0.0)
    same_side = (seen.values > here) == upward
    return _thin(seen.take(same_side & (seen.distances > beyond) & (seen.distances < flip.distance)))


def _thin(tried: _Tried) -> _Tried:
    if len(tried.values) <= _MOST_TRIED:
        return tried
    return tried.take(np.unique(np.linspace(0, len(tried.values) - 1, _MOST_TRIED).round().astype(np.int64)))


def _is_ordered(spec: ColumnSpec) -> bool:
    return spec.dtype in ("number", "date")


def _probability_of(label: str, score: Any, model: FittedModel) -> float:
    if model.task == "multiclass":
        return float(score[model.classes.index(label)])
    return float(score) if label == model.classes[1] else 1 - float(score)


def plain_value(value: Any) -> Any:
    """Return a value of a column as plain JSON: text, number or ISO time; None where it is missing."""
    if pd.isna(value):
        return None
    if isinstance(value, np.datetime64 | pd.Timestamp):
        return str(np.array(value, dtype="datetime64[s]"))
    return value.item() if isinstance(value, np.generic) else value
