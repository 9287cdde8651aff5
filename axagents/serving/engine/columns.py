"""Rows of a request as a model takes them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LARGEST = 1e30  # as ml/preprocessing clips numbers


@dataclass(frozen=True, eq=False)
class Columns:
    """The rows of one request.

    Attributes:
        numbers: (n, k) float64, C order: numbers, booleans as 1 and 0, dates as days since 1970; NaN where missing.
        texts: one sequence of n texts for each text column.
    """

    numbers: np.ndarray
    texts: tuple[Sequence[str], ...]

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, rows: slice) -> "Columns":
        """Return some of the rows."""
        return Columns(self.numbers[rows], tuple(each[rows] for each in self.texts))
