"""Write a training into MLflow: parameters, metrics, curves, plots, predictions, environment, data set and model."""

import math
from datetime import UTC, datetime
from typing import Any

from axagents.filesystem import write_whole
from axagents.ml.problem import Problem
from axagents.ml.search import CandidateRun
from axagents.stores.models.digest import digest
from axagents.stores.runs import Runs
from axagents.stores.tracking.entries import (
    Curve,
    DatasetNote,
    flatten,
    log_dataset,
    log_files,
    log_metrics,
    log_params,
    set_tags,
)
from axagents.stores.tracking.environment import capture_environment
from axagents.stores.tracking.experiments import join_tags, open_experiment, split_tags
from axagents.stores.tracking.models import log_model
from axagents.stores.tracking.predictions import FILE, FOLDER
from axagents.stores.tracking.runs import RunRecord, find_run, open_run
from axagents.stores.tracking.tags import FINGERPRINT, MODEL_PATH, MODEL_SHA256, SPLIT, TRAINING, WORDS
from axagents.workflows.experiments.evidence import FOLD
from axagents.workflows.graphs import StepContext
from axagents.workflows.train.assessing import MODEL, PLOTS
from axagents.workflows.train.figures import Figures
from axagents.workflows.train.setup import Setup

_TYPES = {"number": "double", "boolean": "boolean", "date": "datetime", "string": "string"}


def open_training_run(context: StepContext, setup: Setup, *, chosen: str) -> RunRecord:
    """Return the MLflow run of a training: the one the request names, else its own, opened now."""
    if setup.request.mlflow_run_id:
        return find_run(context.project, setup.request.mlflow_run_id)
    experiment = open_experiment(context.project, setup.experiment, tags=setup.request.tags)
    began = datetime.fromisoformat(Runs(context.project).get(context.run_id).started_at).astimezone(UTC)
    name = f"{chosen} on {setup.dataset}"
    return open_run(context.project, experiment, name=name, owner=context.run_id, started_at=began)


def record_training(
    context: StepContext,
    run: RunRecord,
    *,
    setup: Setup,
    problem: Problem,
    figures: Figures,
    runs: list[CandidateRun],
    chosen: str,
    facts: dict[str, str],
) -> None:
    """Write all of it into the MLflow run; repeating it adds nothing.

    Args:
        facts: further tags, such as the verdict and the report.
    """
    project = context.project
    environment = capture_environment(project.root)
    write_whole(context.folder / "environment.json", environment.model_dump_json(indent=1))
    log_params(project, run.run_id, _params(setup, problem, chosen=chosen) | {"config": figures.configuration})
    set_tags(project, run.run_id, environment.as_tags() | _tags(context, setup, run) | facts)
    log_dataset(project, run.run_id, _data(setup, problem))
    model_id = log_model(project, run, context.folder / MODEL, name=chosen, params=flatten(figures.configuration))
    log_metrics(project, run.run_id, {name: each.mean for name, each in figures.metrics.items()}, model_id=model_id)
    log_metrics(project, run.run_id, _metrics(setup, figures, runs=runs))
    log_files(project, run.run_id, sorted((context.folder / PLOTS).iterdir()), folder=PLOTS)
    log_files(project, run.run_id, [context.folder / FILE], folder=FOLDER)
    log_files(project, run.run_id, [context.folder / "environment.json"])


def _params(setup: Setup, problem: Problem, *, chosen: str) -> dict[str, Any]:
    request = setup.request
    return {
        "dataset": setup.dataset,
        "target": setup.target,
        "task": problem.task,
        "model": chosen,
        "primary_metric": setup.primary,
        "features": len(problem.columns),
        "rows": problem.rows,
        "folds": setup.folds,
        "repeats": request.repeats,
        "seed": setup.seed,
        "search_seconds": setup.search_seconds,
        "allow_leakage": request.allow_leakage or "no",
    } | ({"feature_set": str(setup.features)} if setup.features else {})


def _tags(context: StepContext, setup: Setup, run: RunRecord) -> dict[str, str]:
    words = join_tags([*split_tags(run.tags.get(WORDS, "")), *setup.request.tags])
    tags = {
        SPLIT: f"{setup.fingerprint[:16]}/{setup.target}/{setup.folds}x{setup.request.repeats}/{setup.seed}",
        TRAINING: context.run_id,
        FINGERPRINT: setup.fingerprint,
        MODEL_SHA256: digest(context.folder / MODEL),
        MODEL_PATH: context.project.place_of(context.folder / MODEL),
    }
    return tags | ({WORDS: words} if words else {})


def _data(setup: Setup, problem: Problem) -> DatasetNote:
    fields = {spec.name: _TYPES[spec.dtype] for spec in problem.columns}
    kind = "double" if problem.task == "regression" else "string"
    return DatasetNote(
        setup.dataset, setup.fingerprint, setup.location, rows=problem.rows, fields=fields | {setup.target: kind}
    )


def _metrics(setup: Setup, figures: Figures, *, runs: list[CandidateRun]) -> dict[str, float | Curve]:
    logged: dict[str, float | Curve] = {}
    for name, each in figures.metrics.items():
        logged |= {f"{name}.{end}": value for end in ("low", "high") if (value := getattr(each, end)) is not None}
    for name, floor in figures.floors.items():
        logged |= {f"floor.{name}.{metric}": each.mean for metric, each in floor.items()}
    logged |= {f"candidate.{each.name}.{setup.primary}": each.score.mean for each in figures.candidates}
    logged[FOLD + setup.primary] = list(enumerate(figures.fold_scores))
    if figures.threshold:
        logged["threshold"] = figures.threshold.threshold
    for run in runs:
        tried = [trial.score for trial in run.trials if math.isfinite(trial.score)]
        if len(tried) > 1:
            logged[f"search.{run.name}"] = list(enumerate(tried))
    return {name: value for name, value in logged.items() if value or not isinstance(value, list)}
