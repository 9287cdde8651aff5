"""The bootstrap of metrics of labels: drawing the counts of a confusion table gives what drawing rows would."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from axagents.ml.intervals.bootstrap import MOST_UNITS, RESAMPLES, draw_weights, pool_units
from axagents.ml.terms import Average, combine_labels

_MOST_CODES = 1_000_000


@dataclass(frozen=True, eq=False)
class Draws:
    """Sums as by `label_sums` of several views of the same rows, one view's beside the other's.

    `drawn` (RESAMPLES, views * 3k) of each resample; `left` (m, views * 3k) of all rows but one unit, of which there
    are `counts` (m,) with these same sums.
    """

    drawn: np.ndarray
    left: np.ndarray
    counts: np.ndarray
    views: int

    def metric(self, name: str, average: Average, views: Sequence[int] | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return replicates and leave-one-out values of a metric, averaged over some views (all)."""
        wanted = range(self.views) if views is None else views
        width = self.left.shape[1] // self.views
        pieces = [slice(view * width, (view + 1) * width) for view in wanted]
        found = [
            np.mean([combine_labels(name, sums[:, piece], average=average) for piece in pieces], axis=0)
            for sums in (self.drawn, self.left)
        ]
        return found[0], found[1]


def draw_labels(
    y: np.ndarray, views: Sequence[np.ndarray], units: np.ndarray | None, *, classes: int, seed: int
) -> Draws:
    """Draw rows, or whole `units`, whose true class is `y` and whose predicted ones are the `views`.

    Rows that agree in all of them are exchangeable, so without units the number of each kind is drawn, multinomial.
    """
    if units is None:
        kinds, counts = _count_kinds(y, views, classes=classes)
        if len(counts) <= MOST_UNITS:
            own = np.hstack([_sums_by(kinds[0], kind, None, classes=classes) for kind in kinds[1:]])
            rng = np.random.default_rng([seed, len(y)])
            drawn = rng.multinomial(len(y), counts / len(y), size=RESAMPLES)
            return Draws(drawn @ own, counts @ own - own, counts, len(views))
    codes, count = pool_units(len(y), units, seed=seed)
    own = np.hstack([_sums_by(y, view, codes, classes=classes, units=count) for view in views])
    drawn = draw_weights(count, seed) @ own
    return Draws(drawn, own.sum(axis=0) - own, np.ones(count), len(views))


def _count_kinds(y: np.ndarray, views: Sequence[np.ndarray], *, classes: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the distinct (true, predicted, ...) combinations, one array a column, and how many rows have each."""
    code = y.astype(np.int64)
    for view in views:
        # Renumbered where the codes of many views would overflow.
        code = code if code.max(initial=0) < _MOST_CODES else np.unique(code, return_inverse=True)[1]
        code = code * classes + view
    if code.max(initial=0) < _MOST_CODES:
        counts = np.bincount(code)
        present = np.flatnonzero(counts)
        first = np.empty(len(counts), dtype=np.int64)
        first[code] = np.arange(len(code))
        first, counts = first[present], counts[present]
    else:
        _, first, counts = np.unique(code, return_index=True, return_counts=True)
    return [column[first] for column in (y, *views)], counts.astype(np.float64)


def _sums_by(
    y: np.ndarray, predicted: np.ndarray, codes: np.ndarray | None, *, classes: int, units: int = 0
) -> np.ndarray:
    """Return sums as by `label_sums` of each unit (units, 3k); without `codes` every row is one."""
    where = np.arange(len(y)) if codes is None else codes
    size = (len(y) if codes is None else units) * classes
    hits = predicted == y
    columns = [
        np.bincount(rows * classes + kind, minlength=size)
        for rows, kind in ((where[hits], y[hits]), (where, predicted), (where, y))
    ]
    return np.stack(columns, axis=1).reshape(-1, classes * 3).astype(np.float64)
