"""Fit the chosen model on everything, and find out what it is worth: figures, plots, predictions, model folder."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from axagents.filesystem import write_whole
from axagents.ml.candidates import FLOOR
from axagents.ml.importance import Importance, permutation_importance
from axagents.ml.metrics import METRICS
from axagents.ml.plots import draw_importance, draw_model, draw_search
from axagents.ml.search import CandidateRun
from axagents.ml.selection import Selection
from axagents.progress import note
from axagents.stores.models.save import save_model
from axagents.stores.tracking.predictions import write_predictions
from axagents.workflows.train.figures import Figures, collect_figures, kept_predictions
from axagents.workflows.train.setup import Material, Setup, make_plan
from axagents.workflows.train.trained import Trained, fit_and_assess

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
    trained = fit_and_assess(setup, problem, plan, runs=runs, selection=selection, seconds=seconds)
    note(f"fitted {selection.chosen} on {len(plan.development):,} rows")
    important = permutation_importance(
        trained.model, problem, primary=setup.primary, rows=plan.holdout, seed=setup.seed
    )
    figures = collect_figures(trained, important)
    write_predictions(folder, kept_predictions(trained, material))
    _draw(folder / PLOTS, trained, important)
    facts = _training_facts(folder, trained, figures)
    save_model(
        folder / MODEL,
        trained.model,
        input_example=material.example,
        training=facts,
        features=setup.features,
        replace=True,
    )
    return figures.model_copy(update={"seconds": round(time.perf_counter() - began, 2)})


def _draw(place: Path, trained: Trained, important: Sequence[Importance]) -> None:
    """Draw the first repeat's predictions: each row once, from a model that had not seen it."""
    place.mkdir(exist_ok=True)
    found, target = trained.found, trained.problem.target
    scores = found.out_of_fold[0]
    known = np.isfinite(scores.reshape(len(scores), -1)).all(axis=1)
    drawn = draw_model(
        target.task,
        target.values[found.rows][known],
        scores[known],
        classes=target.classes,
        threshold=trained.model.threshold,
    )
    bars = list(important)[:_MOST_BARS]
    drawn["importance.png"] = draw_importance(
        [each.column for each in bars], [each.loss for each in bars], errors=[each.spread for each in bars]
    )
    tried = [trial.score for run in trained.runs for trial in run.trials if run.name not in FLOOR]
    if np.isfinite(tried).any():
        better = METRICS[trained.setup.primary].greater_is_better
        drawn["search.png"] = draw_search([each for each in tried if np.isfinite(each)], greater_is_better=better)
    for name, content in drawn.items():
        write_whole(place / name, content)


def _training_facts(folder: Path, trained: Trained, figures: Figures) -> dict[str, Any]:
    setup = trained.setup
    return {
        "run_id": folder.name,
        "experiment": setup.experiment,
        "dataset": setup.dataset,
        "location": setup.location,
        "fingerprint": setup.fingerprint,
        "target": setup.target,
        "rows": len(trained.plan.development),
        "split": trained.plan.text,
        "assessment": figures.method,
        "primary_metric": setup.primary,
        "candidate": trained.selection.chosen,
        "configuration": figures.configuration,
        "seed": setup.seed,
        "folds": setup.folds,
        "repeats": setup.request.repeats,
        "search_seconds": setup.search_seconds,
        "allow_leakage": setup.request.allow_leakage,
        "metrics": {name: each.model_dump(mode="json") for name, each in figures.metrics.items()},
    }
