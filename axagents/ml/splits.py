"""Which rows teach and which rows test: stratified, by entity, by time, or by both, and an untouched holdout."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from axagents.ml.problem import Problem

SplitKind = Literal["stratified", "shuffled", "entity", "time", "time+entity"]


@dataclass(frozen=True, eq=False)
class Fold:
    """Row numbers of one outer fold; `repeat` counts the shuffles, `number` the folds of one, both from 0."""

    repeat: int
    number: int
    train: np.ndarray
    test: np.ndarray


@dataclass(frozen=True, eq=False)
class SplitPlan:
    """How a problem is divided.

    `assessment` is "nested" (figures come from the outer folds, searched inside each) or "holdout" (figures come
    from rows that nothing has seen; the folds then lie inside `development`).
    """

    kind: SplitKind
    assessment: Literal["nested", "holdout"]
    repeats: int
    folds: tuple[Fold, ...]
    development: np.ndarray
    holdout: np.ndarray | None
    text: str
    notes: tuple[str, ...] = ()


def plan_splits(
    problem: Problem,
    *,
    folds: int = 5,
    repeats: int = 3,
    assessment: Literal["auto", "nested", "holdout"] = "auto",
    holdout_share: float = 0.2,
    seed: int = 0,
) -> SplitPlan:
    """Divide a problem; the same problem and seed give the same plan, so it need not be stored."""
    raise NotImplementedError
