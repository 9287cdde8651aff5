"""What the candidates gave on the outer folds, and how it is kept between the steps of a workflow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_ARRAYS = ("raw", "calibrated", "thresholds", "inner_scores", "fold_scores")


@dataclass(frozen=True)
class Trial:
    """One configuration tried inside one outer fold.

    `score` is its inner score (NaN: it fell out of the race), `rows` how many it was taught over the inner folds.
    """

    candidate: str
    fold: int
    number: int
    config: dict[str, Any]
    score: float
    seconds: float
    rows: int = 0


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
    calibrators: tuple[dict[str, Any] | None, ...]
    trials: tuple[Trial, ...]
    seconds: float

    @property
    def folds(self) -> int:
        """The number of outer folds that were run."""
        return len(self.fold_scores)


def pack_runs(runs: Sequence[CandidateRun]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return runs as named arrays (for numpy.savez) and a plain JSON object."""
    arrays: dict[str, np.ndarray] = {}
    facts: dict[str, Any] = {}
    for run in runs:
        for name in _ARRAYS:
            arrays[f"{run.name}.{name}"] = getattr(run, name)
        facts[run.name] = {
            "order": run.order,
            "configs": list(run.configs),
            "calibrators": list(run.calibrators),
            "trials": [_trial_facts(trial) for trial in run.trials],
            "seconds": run.seconds,
        }
    return arrays, facts


def unpack_runs(arrays: Any, facts: dict[str, Any]) -> list[CandidateRun]:
    """Return the runs that `pack_runs` packed; `arrays` may be an open npz file."""
    return [
        CandidateRun(
            name=name,
            order=each["order"],
            configs=tuple(each["configs"]),
            calibrators=tuple(each["calibrators"]),
            trials=tuple(_read_trial(trial) for trial in each["trials"]),
            seconds=each["seconds"],
            **{key: np.asarray(arrays[f"{name}.{key}"]) for key in _ARRAYS},
        )
        for name, each in facts.items()
    ]


def _trial_facts(trial: Trial) -> dict[str, Any]:
    score = trial.score if np.isfinite(trial.score) else None
    return {
        "candidate": trial.candidate,
        "fold": trial.fold,
        "number": trial.number,
        "config": trial.config,
        "score": score,
        "seconds": trial.seconds,
        "rows": trial.rows,
    }


def _read_trial(facts: dict[str, Any]) -> Trial:
    score = float("nan") if facts["score"] is None else float(facts["score"])
    return Trial(
        candidate=facts["candidate"],
        fold=facts["fold"],
        number=facts["number"],
        config=facts["config"],
        score=score,
        seconds=facts["seconds"],
        rows=facts["rows"],
    )
