"""What a model is worth on rows that neither search nor choice has seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from axagents.ml.fitted import FittedModel
from axagents.ml.intervals import Interval
from axagents.ml.problem import Problem
from axagents.ml.search import CandidateRun
from axagents.ml.selection import Selection
from axagents.ml.splits import SplitPlan


@dataclass(frozen=True, eq=False)
class Assessment:
    """The reported figures.

    `metrics` are those of the whole procedure (search, choice, calibration and threshold repeated inside each outer
    fold), or of the final model on the holdout; `candidates` those of each candidate over the outer folds (they were
    used for choosing). `out_of_fold` holds the scores the figures come from, (repeats, n) or (repeats, n, k);
    `rows` the row numbers they cover, for paired comparison with other experiments.
    """

    method: str
    metrics: dict[str, Interval]
    candidates: dict[str, dict[str, Interval]]
    chosen_in_folds: dict[str, int]
    out_of_fold: np.ndarray
    labels: np.ndarray
    rows: np.ndarray
    notes: tuple[str, ...] = ()


def fit_final(
    problem: Problem,
    plan: SplitPlan,
    runs: Sequence[CandidateRun],
    *,
    selection: Selection,
    seconds: float = 10.0,
    seed: int = 0,
) -> FittedModel:
    """Fit the chosen candidate on all development rows, with calibrator and threshold from its out-of-fold scores."""
    raise NotImplementedError


def assess(
    problem: Problem,
    plan: SplitPlan,
    runs: Sequence[CandidateRun],
    *,
    selection: Selection,
    model: FittedModel,
    metrics: Sequence[str] = (),
    seed: int = 0,
) -> Assessment:
    """Compute every figure with its interval; without `metrics`, all that fit the task."""
    raise NotImplementedError
