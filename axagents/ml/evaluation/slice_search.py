"""The search for groups of rows whose mean loss is notably higher than elsewhere, by one or two coded conditions."""

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from scipy.stats import norm

LEAST_RATIO = 1.2
_LEAST_Z = 2.5
# A second condition is worth its words when it makes the group worse than each condition alone by as much, and by more
# than the luckiest of so many pairs would.
_LEAST_GAIN = 1.1
_LUCK = 0.05
_MOST_PAIRED_COLUMNS = 30
_MOST_COMPARED = 300
_MOST_OVERLAP = 0.5


@dataclass(frozen=True)
class Candidate:
    """A group: the columns it is about and the code of each.

    `z` says by how many standard errors it stands out from all other rows, `added` by how many from those that meet one
    of its two conditions, and `difference` by how much its mean is higher.
    """

    columns: tuple[int, ...]
    codes: tuple[int, ...]
    z: float = 0.0
    added: float = float("inf")
    difference: float = 0.0


@dataclass(frozen=True)
class Found:
    """The groups that stand out most, how many were looked at, and how many columns were looked at in pairs."""

    candidates: list[Candidate]
    looked_at: int
    paired_columns: int


@dataclass(frozen=True, eq=False)
class _Groups:
    """How many rows each group has, and the sums of their losses and squared losses; arrays of one shape."""

    rows: np.ndarray
    sums: np.ndarray
    squares: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        return self.sums / np.maximum(self.rows, 1)

    def stand_out(self, whole: "_Groups") -> np.ndarray:
        """By how many standard errors the mean lies above that of the other rows of the whole."""
        rest = whole.without(self)
        error = np.sqrt(self._variance() + rest._variance())
        gap = self.mean - rest.mean
        return np.divide(gap, error, out=np.where(gap > 0, np.inf, 0.0), where=error > 0)

    def without(self, other: "_Groups") -> "_Groups":
        return _Groups(self.rows - other.rows, self.sums - other.sums, self.squares - other.squares)

    def shaped(self, *shape: int) -> "_Groups":
        return _Groups(self.rows.reshape(shape), self.sums.reshape(shape), self.squares.reshape(shape))

    def _variance(self) -> np.ndarray:
        """The variance of the mean."""
        rows = np.maximum(self.rows, 1)
        return np.maximum(self.squares / rows - self.mean**2, 0) / rows


def search_slices(columns: list[np.ndarray], sizes: list[int], loss: np.ndarray, *, least: int, most: int) -> Found:
    """Return at most `most` groups of at least `least` rows, no two of which are half the same rows.

    Args:
        columns: the codes of each column, int64 (n,); the last code of a column describes nothing.
        sizes: how many codes each column has.
        loss: what each row costs, shape (n,).
    """
    # The square of a loss of 0 or 1 is itself.
    search = _Search(columns, sizes, loss, None if np.isin(loss, (0.0, 1.0)).all() else loss**2, least)
    singles = [search.count(codes, size) for codes, size in zip(columns, sizes, strict=True)]
    found: list[Candidate] = []
    looked_at = 0
    strongest = np.zeros(len(singles))
    for place, groups in enumerate(singles):
        enough, z = search.enough(groups), groups.stand_out(search.whole)
        strongest[place] = z[enough].max(initial=0.0)
        looked_at += int(enough.sum())
        found += search.candidates((place,), groups, z=z)
    paired = sorted(np.argsort(-strongest, kind="stable")[:_MOST_PAIRED_COLUMNS].tolist())
    for one, other in combinations(paired, 2):
        groups = search.count(columns[one] * sizes[other] + columns[other], sizes[one], sizes[other])
        looked_at += int(search.enough(groups).sum())
        added = _added(groups, singles[one], singles[other])
        found += search.candidates((one, other), groups, z=groups.stand_out(search.whole), added=added)
    luckiest = float(norm.isf(_LUCK / max(looked_at, 1)))
    found = [each for each in found if each.added >= luckiest]
    found.sort(key=lambda each: (-each.z, each.columns, each.codes))
    return Found(search.unlike(found[:_MOST_COMPARED], most), looked_at, len(paired))


def rows_of(candidate: Candidate, columns: list[np.ndarray]) -> np.ndarray:
    """Return which rows belong to a group, by the codes of every column, shape (n,)."""
    inside = np.ones(len(columns[0]), dtype=bool)
    for column, code in zip(candidate.columns, candidate.codes, strict=True):
        inside &= columns[column] == code
    return inside


def _added(pairs: _Groups, one: _Groups, other: _Groups) -> np.ndarray:
    """By how many standard errors a pair is worse than each of its conditions alone; none where not notably."""
    added = np.full(pairs.rows.shape, np.inf)
    for parent in (one.shaped(-1, 1), other.shaped(1, -1)):
        notable = pairs.mean >= _LEAST_GAIN * parent.mean
        added = np.minimum(added, np.where(notable, pairs.stand_out(parent), 0.0))
    return added


@dataclass(frozen=True, eq=False)
class _Search:
    columns: list[np.ndarray]
    sizes: list[int]
    loss: np.ndarray
    squared: np.ndarray | None
    least: int

    @cached_property
    def whole(self) -> _Groups:
        squares = self.loss if self.squared is None else self.squared
        return _Groups(np.array(len(self.loss)), self.loss.sum(), squares.sum())

    def count(self, codes: np.ndarray, *sizes: int) -> _Groups:
        """Count the groups of codes; the last code of each column is left out."""
        size = int(np.prod(sizes))
        sums = np.bincount(codes, weights=self.loss, minlength=size)
        squares = sums if self.squared is None else np.bincount(codes, weights=self.squared, minlength=size)
        groups = _Groups(np.bincount(codes, minlength=size).astype(np.float64), sums, squares).shaped(*sizes)
        inside = tuple(slice(0, -1) for _ in sizes)
        return _Groups(groups.rows[inside], groups.sums[inside], groups.squares[inside])

    def enough(self, groups: _Groups) -> np.ndarray:
        """Whether the group and all other rows are enough to compare."""
        return (groups.rows >= self.least) & (len(self.loss) - groups.rows >= self.least)

    def candidates(
        self, places: tuple[int, ...], groups: _Groups, *, z: np.ndarray, added: np.ndarray | None = None
    ) -> list[Candidate]:
        """Return those of the groups that stand out."""
        more = np.full(z.shape, np.inf) if added is None else added
        rest = self.whole.without(groups).mean
        notable = self.enough(groups) & (z >= _LEAST_Z) & (more >= _LEAST_Z) & (groups.mean >= LEAST_RATIO * rest)
        gap = groups.mean - rest
        where = [tuple(codes) for codes in np.argwhere(notable).tolist()]
        return [Candidate(places, codes, float(z[codes]), float(more[codes]), float(gap[codes])) for codes in where]

    def unlike(self, found: list[Candidate], most: int) -> list[Candidate]:
        """Return the first groups that do not share more than half of their rows with one before."""
        kept: list[Candidate] = []
        taken: list[np.ndarray] = []
        for each in found:
            inside = rows_of(each, self.columns)
            if all((inside & other).sum() <= _MOST_OVERLAP * (inside | other).sum() for other in taken):
                kept.append(each)
                taken.append(inside)
            if len(kept) == most:
                break
        return kept
