"""Search inside each outer fold: what is tried there never sees the rows that the figures come from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from axagents.ml.problem import Problem
from axagents.ml.splits import SplitPlan

Progress = Callable[[float, float, str], None]


@dataclass(frozen=True)
class Budget:
    """What a search may use: `seconds` of wall time over all outer folds, or exactly `trials` per candidate and fold
    (then the result is a function of the seed alone)."""

    seconds: float = 60.0
    trials: int | None = None
    workers: int | None = None


@dataclass(frozen=True)
class Trial:
    """One configuration tried in one outer fold (-1: on all development rows), with its inner score and seconds."""

    candidate: str
    fold: int
    number: int
    config: dict[str, Any]
    score: float
    seconds: float


@dataclass(frozen=True, eq=False)
class CandidateRun:
    """What one candidate gave on the outer folds.

    `raw` and `calibrated` are out-of-fold scores (repeats, n) or (repeats, n, k), NaN where a row was in no test fold;
    `thresholds`, `inner_scores` and `fold_scores` hold one number an outer fold, the last in the primary metric.
    """

    name: str
    order: int
    raw: np.ndarray
    calibrated: np.ndarray
    thresholds: np.ndarray
    inner_scores: np.ndarray
    fold_scores: np.ndarray
    configs: tuple[dict[str, Any], ...]
    calibrators: tuple[dict[str, Any], ...]
    trials: tuple[Trial, ...]
    seconds: float


def evaluate_candidates(
    problem: Problem,
    plan: SplitPlan,
    names: Sequence[str],
    *,
    primary: str,
    budget: Budget,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[CandidateRun]:
    """Search and fit each candidate inside every outer fold and score it on that fold's test rows.

    C calls it twice: in `floor` with ("dummy", "linear"), in `search` with the rest. `progress(done, total, text)`
    counts seconds, or trials when they are the budget.
    """
    raise NotImplementedError


def pack_runs(runs: Sequence[CandidateRun]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return runs as named arrays (for numpy.savez) and a plain JSON object."""
    raise NotImplementedError


def unpack_runs(arrays: dict[str, np.ndarray], facts: dict[str, Any]) -> list[CandidateRun]:
    """Return the runs that `pack_runs` packed."""
    raise NotImplementedError
