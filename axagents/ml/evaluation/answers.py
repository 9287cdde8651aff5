"""A model's answers on labelled rows, as every part of an evaluation reads them."""

from dataclasses import dataclass, replace

import numpy as np

from axagents.ml.columns import Task
from axagents.ml.metrics import decide_labels


@dataclass(frozen=True, eq=False)
class Answers:
    """A model's answers on labelled rows.

    Attributes:
        y: class codes (binary: 1 is positive) or values, shape (n,).
        scores: probability of the positive class (n,), of each class (n, k), or predicted values (n,); after the
            version's calibrator.
        classes: by code; empty for regression.
        threshold: from which probability a row is called positive; binary only.
        entity: codes of what the rows are about, shape (n,); rows of one entity are no independent observations.
    """

    task: Task
    y: np.ndarray
    scores: np.ndarray
    classes: tuple[str, ...] = ()
    threshold: float | None = None
    entity: np.ndarray | None = None

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.y)

    @property
    def labels(self) -> np.ndarray:
        """The class codes that the scores mean, shape (n,); for classification."""
        return decide_labels(self.scores, self.threshold)

    def take(self, rows: np.ndarray) -> "Answers":
        """Return the answers on some rows, by number or by mask."""
        entity = None if self.entity is None else self.entity[rows]
        return replace(self, y=self.y[rows], scores=self.scores[rows], entity=entity)
