"""Fit the chosen model on everything, and find out what it is worth: figures, plots, predictions, model folder."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from axagents.ml.assessment import Assessment, assess, fit_final
from axagents.ml.candidates import FLOOR
from axagents.ml.fitted import FittedModel
from axagents.ml.importance import Importance, permutation_importance
from axagents.ml.metrics import METRICS
from axagents.ml.plots import draw_importance, draw_model, draw_search
from axagents.ml.problem import Problem
from axagents.ml.search import CandidateRun
from axagents.ml.selection import Selection
from axagents.ml.splits import SplitPlan
from axagents.progress import note
from axagents.stores.models.save import save_model
from axagents.stores.tracking.predictions import write_predictions
from axagents.workflows.train.figures import (
    Figures,
    figure,
    measure_gain,
    predictions_of,
    summarise_calibration,
    summarise_candidates,
    summarise_threshold,
)
from axagents.workflows.train.files import write_whole
from axagents.workflows.train.request import ColumnImportance
from axagents.workflows.train.setup import Material, Setup, make_plan

MODEL = "model"
PLOTS = "plots"
_MOST_BARS = 20


def assess_model(
    folder: Path,
    setup: Setup,
    material: Material,
    *,
    selection: Selection,
    runs: Sequence[CandidateRun],
    seconds: float,
) -> Figures:
    """Fit, assess, draw and save; return the figures.

    Args:
        folder: the run's folder; `model/`, `plots/` and the predictions go there.
        seconds: what the final fit may take.
    """
    began = time.perf_counter()
    problem = material.problem
    plan = make_plan(problem, setup)
    model = fit_final(
        problem, plan, runs, selection=selection, seconds=seconds, trials=setup.request.trials, seed=setup.seed
    )
    note(f"fitted {selection.chosen} on {len(plan.development):,} rows")
    found = assess(problem, plan, runs, selection=selection, model=model, seed=setup.seed)
    important = permutation_importance(model, problem, primary=setup.primary, rows=plan.holdout, seed=setup.seed)
    figures = _collect(
        problem, plan, runs, setup=setup, selection=selection, model=model, found=found, important=important
    )
    write_predictions(folder, predictions_of(setup, material, found, threshold=model.threshold))
    _draw(folder, problem, runs, setup=setup, found=found, important=important, model=model)
    facts = _training_facts(folder, setup, plan, selection=selection, figures=figures)
    save_model(folder / MODEL, model, input_example=material.example, training=facts, replace=True)
    return figures.model_copy(update={"seconds": round(time.perf_counter() - began, 2)})


def _collect(
    problem: Problem,
    plan: SplitPlan,
    runs: Sequence[CandidateRun],
    *,
    setup: Setup,
    selection: Selection,
    model: FittedModel,
    found: Assessment,
    important: Sequence[Importance],
) -> Figures:
    by_name = {run.name: run for run in runs}
    chosen = by_name[selection.chosen]
    dummy, linear = (measure_gain(plan, chosen, by_name[name], primary=setup.primary) for name in FLOOR)
    return Figures(
        method=found.method,
        metrics={name: figure(each) for name, each in found.metrics.items()},
        floors={name: {key: figure(each) for key, each in found.candidates[name].items()} for name in FLOOR},
        gain=linear,
        gain_over_dummy=dummy,
        candidates=summarise_candidates(selection, runs),
        chosen_in_folds=found.chosen_in_folds,
        threshold=summarise_threshold(problem, chosen, model),
        calibration=summarise_calibration(problem, chosen, model),
        importance=[ColumnImportance(column=each.column, loss=each.loss, spread=each.spread) for each in important],
        fold_scores=[float(each) for each in chosen.fold_scores],
        configuration=model.facts.get("config", {}),
        notes=list(found.notes),
        seconds=0.0,
    )


def _draw(
    folder: Path,
    problem: Problem,
    runs: Sequence[CandidateRun],
    *,
    setup: Setup,
    found: Assessment,
    important: Sequence[Importance],
    model: FittedModel,
) -> None:
    """Draw the first repeat's predictions: each row once, from a model that had not seen it."""
    place = folder / PLOTS
    place.mkdir(exist_ok=True)
    scores = found.out_of_fold[0]
    known = np.isfinite(scores.reshape(len(scores), -1)).all(axis=1)
    drawn = draw_model(
        problem.task,
        problem.target.values[found.rows][known],
        scores[known],
        classes=problem.target.classes,
        threshold=model.threshold,
    )
    bars = list(important)[:_MOST_BARS]
    drawn["importance.png"] = draw_importance(
        [each.column for each in bars], [each.loss for each in bars], errors=[each.spread for each in bars]
    )
    tried = [trial.score for run in runs for trial in run.trials if run.name not in FLOOR and np.isfinite(trial.score)]
    if tried:
        drawn["search.png"] = draw_search(tried, greater_is_better=METRICS[setup.primary].greater_is_better)
    for name, content in drawn.items():
        write_whole(place / name, content)


def _training_facts(
    folder: Path,
    setup: Setup,
    plan: SplitPlan,
    *,
    selection: Selection,
    figures: Figures,
) -> dict[str, Any]:
    return {
        "run_id": folder.name,
        "experiment": setup.experiment,
        "dataset": setup.dataset,
        "location": setup.location,
        "fingerprint": setup.fingerprint,
        "target": setup.target,
        "rows": len(plan.development),
        "split": plan.text,
        "assessment": figures.method,
        "primary_metric": setup.primary,
        "candidate": selection.chosen,
        "configuration": figures.configuration,
        "seed": setup.seed,
        "folds": setup.folds,
        "repeats": setup.request.repeats,
        "search_seconds": setup.search_seconds,
        "allow_leakage": setup.request.allow_leakage,
        "metrics": {name: each.model_dump(mode="json") for name, each in figures.metrics.items()},
    }
