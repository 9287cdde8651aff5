"""The figures of a training, in the shapes that its result tells them."""

from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from axagents.ml.candidates import FLOOR
from axagents.ml.importance import Importance
from axagents.ml.intervals import Interval
from axagents.ml.metrics import compute_metric
from axagents.stores.tracking.predictions import OutOfFold, PredictionFacts
from axagents.workflows.train.request import (
    CalibrationSummary,
    CandidateSummary,
    ColumnImportance,
    Figure,
    ThresholdSummary,
)
from axagents.workflows.train.setup import Material
from axagents.workflows.train.trained import Trained, measure_floor


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
    seconds: float = 0.0


def figure(found: Interval) -> Figure:
    """Return an interval as a figure; ends that are not finite become null."""
    low, high = (float(end) if np.isfinite(end) else None for end in (found.low, found.high))
    return Figure(mean=float(found.value), low=low, high=high, method=found.method)


def collect_figures(trained: Trained, important: list[Importance]) -> Figures:
    """Gather every figure of a training."""
    found = trained.found
    floors = {name: measure_floor(trained, name) for name in FLOOR}
    return Figures(
        method=found.method,
        metrics={name: figure(each) for name, each in found.metrics.items()},
        floors={name: {key: figure(each) for key, each in floor.metrics.items()} for name, floor in floors.items()},
        gain=figure(floors["linear"].gain),
        gain_over_dummy=figure(floors["dummy"].gain),
        candidates=_candidates(trained),
        chosen_in_folds=found.chosen_in_folds,
        threshold=_threshold(trained),
        calibration=_calibration(trained),
        importance=[ColumnImportance(column=each.column, loss=each.loss, spread=each.spread) for each in important],
        fold_scores=[float(each) for each in trained.chosen.fold_scores],
        configuration=trained.model.facts.get("config", {}),
        notes=list(found.notes),
    )


def _candidates(trained: Trained) -> list[CandidateSummary]:
    return [
        CandidateSummary(
            name=each.name,
            role="chosen" if each.name == trained.selection.chosen else "floor" if each.name in FLOOR else "candidate",
            score=figure(each.score),
            loss=figure(each.loss),
            within_margin=each.within_margin,
            trials=len(trained.run(each.name).trials),
            seconds=round(trained.run(each.name).seconds, 2),
        )
        for each in trained.selection.standings
    ]


def _tested_rows(trained: Trained) -> np.ndarray:
    """The rows that every repeat has a score for."""
    views = trained.chosen.calibrated
    return np.flatnonzero(np.isfinite(views.reshape(*views.shape[:2], -1)).all(axis=(0, 2)))


def _threshold(trained: Trained) -> ThresholdSummary | None:
    threshold = trained.model.threshold
    if threshold is None:
        return None
    rows = _tested_rows(trained)
    y = trained.problem.target.values[rows]
    views = [view[rows] for view in trained.chosen.calibrated]

    def mean(name: str) -> float:
        return float(np.mean([compute_metric(name, y, view, threshold=threshold) for view in views]))

    return ThresholdSummary(
        threshold=threshold,
        precision=mean("precision"),
        recall=mean("recall"),
        f1=mean("f1"),
        share_positive=float(np.mean([(view >= threshold).mean() for view in views])),
    )


def _calibration(trained: Trained) -> CalibrationSummary | None:
    if trained.problem.task == "regression":
        return None
    rows = _tested_rows(trained)
    y = trained.problem.target.values[rows]
    raw, calibrated = (
        float(np.mean([compute_metric("brier", y, view[rows]) for view in views]))
        for views in (trained.chosen.raw, trained.chosen.calibrated)
    )
    calibrator = trained.model.calibrator
    return CalibrationSummary(kind=calibrator.kind if calibrator else None, brier_raw=raw, brier=calibrated)


def kept_predictions(trained: Trained, material: Material) -> OutOfFold:
    """Return the predictions that the figures come from, in long form."""
    problem, found = trained.problem, trained.found
    repeats = len(found.folds)
    tested = found.folds.reshape(-1) >= 0
    row = np.tile(found.rows, repeats)[tested]
    scores = found.out_of_fold
    return OutOfFold(
        facts=PredictionFacts(
            dataset=trained.setup.dataset,
            fingerprint=trained.setup.fingerprint,
            target=trained.setup.target,
            task=problem.task,
            classes=tuple(str(each) for each in problem.target.classes),
            threshold=trained.model.threshold,
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
