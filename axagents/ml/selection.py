"""Of the candidates that are as good as the best, the simplest."""

from collections.abc import Sequence
from dataclasses import dataclass

from axagents.ml.intervals import Interval
from axagents.ml.problem import Problem
from axagents.ml.search import CandidateRun
from axagents.ml.splits import SplitPlan


@dataclass(frozen=True)
class Standing:
    """A candidate's primary score over the outer folds and its paired loss to the best (positive: worse)."""

    name: str
    order: int
    score: Interval
    loss: Interval
    within_margin: bool


@dataclass(frozen=True)
class Selection:
    """The chosen candidate, the best, the margin used, every standing (simplest first) and the reason in a sentence."""

    primary: str
    chosen: str
    best: str
    margin: float
    standings: tuple[Standing, ...]
    because: str


def select_candidate(
    problem: Problem,
    plan: SplitPlan,
    runs: Sequence[CandidateRun],
    *,
    primary: str,
    margin: float | None = None,
) -> Selection:
    """Choose the simplest candidate whose paired loss to the best is within the margin."""
    raise NotImplementedError
