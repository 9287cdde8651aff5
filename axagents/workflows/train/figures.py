"""The figures of a training, in the shapes that its result tells them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from axagents.ml.assessment import Assessment
from axagents.ml.candidates import FLOOR
from axagents.ml.fitted import FittedModel
from axagents.ml.intervals import Interval, paired_fold_interval
from axagents.ml.metrics import METRICS, compute_metric
from axagents.ml.problem import Problem
from axagents.ml.search import CandidateRun
from axagents.ml.selection import Selection
from axagents.ml.splits import SplitPlan
from axagents.stores.tracking.predictions import OutOfFold, PredictionFacts
from axagents.workflows.train.request import (
    CalibrationSummary,
    CandidateSummary,
    ColumnImportance,
    Figure,
    ThresholdSummary,
)
from axagents.workflows.train.setup import Material, Setup


class Figures(BaseModel):
    """What `assess` found out; `gain` is over the linear floor, `gain_over_dummy` over guessing by the base rate."""

    model_config = ConfigDict(frozen=True)

    method: str
    metrics: dict[str, Figure]
    floors: dict[str, dict[str, Figure]]
    gain: Figure
    gain_over_dummy: Figure
    candidates: list[CandidateSummary]
    chosen_in_folds: dict[str, int]
    threshold: ThresholdSummary | None
    calibration: CalibrationSummary | None
    importance: list[ColumnImportance]
    fold_scores: list[float]
    configuration: dict[str, Any]
    notes: list[str]
    seconds: float


def figure(found: Interval) -> Figure:
    """Return an interval as a figure; ends that are not finite become null."""
    low, high = (float(end) if np.isfinite(end) else None for end in (found.low, found.high))
    return Figure(mean=float(found.value), low=low, high=high, method=found.method)


def measure_gain(plan: SplitPlan, chosen: CandidateRun, other: CandidateRun, *, primary: str) -> Figure:
    """Return by how much `chosen` beats `other` on the primary metric, fold by fold; positive is better."""
    if chosen.name == other.name:
        return Figure(mean=0.0, low=0.0, high=0.0, method="the same model")
    folds = min(chosen.folds, other.folds)
    scores = [each.fold_scores[:folds] * METRICS[primary].sign for each in (chosen, other)]
    return figure(paired_fold_interval(scores[0].tolist(), scores[1].tolist(), test_ratio=plan.test_ratio))


def _tested(*runs: CandidateRun) -> np.ndarray:
    """The rows that every repeat of every run has a score for."""
    known = [np.isfinite(run.calibrated.reshape(*run.calibrated.shape[:2], -1)).all(axis=(0, 2)) for run in runs]
    return np.flatnonzero(np.logical_and.reduce(known))


def summarise_candidates(selection: Selection, runs: Sequence[CandidateRun]) -> list[CandidateSummary]:
    """Return every candidate's standing, simplest first."""
    by_name = {run.name: run for run in runs}

    def role(name: str) -> str:
        return "chosen" if name == selection.chosen else "floor" if name in FLOOR else "candidate"

    return [
        CandidateSummary.model_validate(
            {
                "name": each.name,
                "role": role(each.name),
                "score": figure(each.score),
                "loss": figure(each.loss),
                "within_margin": each.within_margin,
                "trials": len(by_name[each.name].trials),
                "seconds": round(by_name[each.name].seconds, 2),
            }
        )
        for each in selection.standings
    ]


def summarise_threshold(problem: Problem, chosen: CandidateRun, model: FittedModel) -> ThresholdSummary | None:
    """Return what the final threshold gives on the out-of-fold predictions, averaged over the repeats."""
    if model.threshold is None:
        return None
    rows = _tested(chosen)
    y = problem.target.values[rows]

    def mean(name: str) -> float:
        return float(
            np.mean([compute_metric(name, y, view[rows], threshold=model.threshold) for view in chosen.calibrated])
        )

    return ThresholdSummary(
        threshold=model.threshold,
        rule="best F1 on out-of-fold predictions",
        precision=mean("precision"),
        recall=mean("recall"),
        f1=mean("f1"),
        share_positive=float(np.mean([(view[rows] >= model.threshold).mean() for view in chosen.calibrated])),
    )


def summarise_calibration(problem: Problem, chosen: CandidateRun, model: FittedModel) -> CalibrationSummary | None:
    """Return the calibrator in use, and the Brier score of the out-of-fold predictions without and with it."""
    if problem.task == "regression":
        return None
    rows = _tested(chosen)
    y = problem.target.values[rows]
    raw, calibrated = (
        float(np.mean([compute_metric("brier", y, view[rows]) for view in views]))
        for views in (chosen.raw, chosen.calibrated)
    )
    kind = model.calibrator.kind if model.calibrator else None
    return CalibrationSummary(kind=kind, brier_raw=raw, brier=calibrated)


def predictions_of(setup: Setup, material: Material, found: Assessment, *, threshold: float | None) -> OutOfFold:
    """Return the predictions the figures come from, in long form."""
    problem = material.problem
    repeats = len(found.folds)
    tested = found.folds.reshape(-1) >= 0
    row = np.tile(found.rows, repeats)[tested]
    scores = found.out_of_fold
    return OutOfFold(
        facts=PredictionFacts(
            dataset=setup.dataset,
            fingerprint=setup.fingerprint,
            target=setup.target,
            task=problem.task,
            classes=tuple(str(each) for each in problem.target.classes),
            threshold=threshold,
            entity=material.dataset.entity,
        ),
        repeat=np.arange(repeats).repeat(len(found.rows))[tested],
        row=row,
        fold=found.folds.reshape(-1)[tested],
        y=problem.target.values[row],
        scores=scores.reshape(-1, *scores.shape[2:])[tested],
        labels=None if problem.task == "regression" else found.labels.reshape(-1)[tested],
        entity=None if material.keys is None else material.keys[row],
    )
