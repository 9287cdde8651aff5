"""Shapley values of any model, estimated by walks from other rows to the row that is explained."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from axagents.ml.importance import EncodedRows

_STATES_AT_ONCE = 100_000


@dataclass(frozen=True, eq=False)
class Sampled:
    """Estimated Shapley values.

    Attributes:
        values: of each row, column and output, shape (n, columns, outputs); they sum to the score less `base`.
        errors: their standard errors, of the same shape.
        base: the mean score of the background rows that were used, shape (outputs,).
        pairs: how many pairs of walks each row was given.
    """

    values: np.ndarray
    errors: np.ndarray
    base: np.ndarray
    pairs: int


def sample_shapley(
    encoded: EncodedRows, background: EncodedRows, *, most_evaluations: int, rng: np.random.Generator
) -> Sampled:
    """Estimate the Shapley values of every row against the background rows.

    A walk starts at a background row and takes over the explained row's columns one by one, in a random order; what
    the score moves at each step is that column's. Each order is walked backwards too (Strumbelj and Kononenko 2014;
    antithetic pairs: Mitchell et al. 2022). Every background row used starts equally many walks, so that values and
    base sum to the score exactly. The standard error is that between pairs of walks.
    """
    columns, rows = len(encoded.places), len(encoded.matrix)
    wanted = max(2, most_evaluations // (2 * max(rows, 1) * (columns + 1)))
    starts = rng.permutation(len(background.matrix))[: min(wanted, len(background.matrix))]
    pairs = len(starts) * max(1, wanted // len(starts))
    start_rows = background.matrix.iloc[np.resize(starts, pairs)].reset_index(drop=True)
    values, errors = [], []
    for place in range(rows):
        moved = np.concatenate(list(_walk(encoded, place, start_rows, rng=rng)))
        values.append(moved.mean(axis=0))
        errors.append(moved.std(axis=0, ddof=1) / np.sqrt(pairs))
    base = _outputs(background.score(background.matrix.iloc[starts])).mean(axis=0)
    return Sampled(np.array(values), np.array(errors), base, pairs)


def _walk(encoded: EncodedRows, place: int, starts: pd.DataFrame, *, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield what each column moves in pairs of walks, shape (pairs, columns, outputs), some pairs at a time."""
    columns = len(encoded.places)
    at_once = max(1, _STATES_AT_ONCE // (2 * (columns + 1)))
    for first in range(0, len(starts), at_once):
        some = starts.iloc[first : first + at_once]
        orders = rng.permuted(np.tile(np.arange(columns), (len(some), 1)), axis=1)
        both = np.concatenate([orders, orders[:, ::-1]])
        # A column is taken over after the step of its rank in the order.
        taken = np.argsort(both, axis=1)[:, None, :] < np.arange(columns + 1)[None, :, None]
        states = _mix(encoded, place, some, taken=taken)
        scores = _outputs(encoded.score(states)).reshape(len(both), columns + 1, -1)
        moved = np.empty((len(both), columns, scores.shape[2]))
        np.put_along_axis(moved, both[:, :, None], np.diff(scores, axis=1), axis=1)
        yield (moved[: len(some)] + moved[len(some) :]) / 2


def _mix(encoded: EncodedRows, place: int, starts: pd.DataFrame, *, taken: np.ndarray) -> pd.DataFrame:
    """Return the rows of all steps of all walks: the explained row's columns where taken, else the start's."""
    walks, steps, _ = taken.shape
    flat = taken.reshape(walks * steps, -1)
    mixed: dict[Any, np.ndarray] = {}
    for number, own in enumerate(encoded.places.values()):
        for at in own:
            start = np.repeat(np.tile(starts.iloc[:, at].to_numpy(), 2), steps)
            mixed[at] = np.where(flat[:, number], encoded.matrix.iloc[place, at], start)
    frame = pd.DataFrame({at: mixed[at] for at in sorted(mixed)})
    return frame.set_axis(encoded.matrix.columns, axis=1)


def _outputs(scores: np.ndarray) -> np.ndarray:
    return scores[:, None] if scores.ndim == 1 else scores
