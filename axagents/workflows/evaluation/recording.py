"""Put an evaluation on record: report and page in the run's folder, an MLflow run, the registry, and memory."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from axagents.actor import actor
from axagents.clock import stamp
from axagents.filesystem import write_whole
from axagents.project import Project
from axagents.stores.memory.memory import Memory
from axagents.stores.registry.evaluations import Evaluation, record_evaluation
from axagents.stores.runs import Runs
from axagents.stores.tracking.entries import DatasetNote, log_dataset, log_files, log_metrics, log_params, set_tags
from axagents.stores.tracking.experiments import ExperimentRecord, list_experiments, open_experiment
from axagents.stores.tracking.predictions import FILE, FOLDER, OutOfFold, PredictionFacts, write_predictions
from axagents.stores.tracking.runs import RunRecord, find_run, finish_run, open_run
from axagents.stores.tracking.tags import EVALUATED, NOTE, VERDICT
from axagents.workflows.evaluation.deciding import flat_metrics
from axagents.workflows.evaluation.material import Material
from axagents.workflows.evaluation.page import write_page
from axagents.workflows.evaluation.report import report_markdown
from axagents.workflows.evaluation.request import EvaluationResult
from axagents.workflows.evaluation.result import Places
from axagents.workflows.graphs import StepContext

NAMESPACE = "ml-evaluations"
_LONGEST_NOTE = 5000
_UNNAMEABLE = re.compile(r"[^\w\-. /]")
REPORT, PAGE, DATA = "report.md", "report.html", "evaluation.json"


def open_evaluation_run(context: StepContext, material: Material) -> tuple[RunRecord, Places]:
    """Return the MLflow run of this evaluation, in the experiment that trained the model, and where its files go."""
    project, subject = context.project, material.subject
    experiment = _experiment(project, material)
    began = datetime.fromisoformat(Runs(project).get(context.run_id).started_at).astimezone(UTC)
    name = f"evaluation of {subject.label} on {material.dataset.name}"
    run = open_run(project, experiment, name=name, owner=context.run_id, started_at=began)
    places = Places(experiment.name, run.run_id, _place(context, REPORT), _place(context, PAGE))
    return run, places


def record(context: StepContext, run: RunRecord, material: Material, *, result: EvaluationResult) -> dict[str, str]:
    """Write reports, MLflow run, registry entry and memory; repeating it adds nothing. Return the files by name."""
    folder = context.folder
    files = [
        write_whole(folder / REPORT, report_markdown(result)),
        write_whole(folder / PAGE, write_page(result, material.answers)),
        write_whole(folder / DATA, result.model_dump_json(indent=1) + "\n"),
    ]
    predictions = write_predictions(folder, _predictions(material))
    _log(context.project, run, material, result=result, files=files, predictions=predictions)
    record_evaluation(
        context.project,
        Evaluation(
            evaluation_id=context.run_id,
            sha256=result.sha256,
            at=stamp(),
            who=actor(),
            verdict=result.verdict,
            dataset=result.dataset,
            fingerprint=result.fingerprint,
            metrics=_figures(result),
            predictions=_place(context, FILE),
            run_id=run.run_id,
        ),
    )
    _remember(context, result)
    named = {"report": REPORT, "page": PAGE, "result": DATA, "predictions": FILE}
    return {name: _place(context, file) for name, file in named.items()}


def _log(
    project: Project,
    run: RunRecord,
    material: Material,
    *,
    result: EvaluationResult,
    files: list[Path],
    predictions: Path,
) -> None:
    facts = {
        "model": material.subject.label,
        "dataset": result.rows_from,
        "rows": result.rows,
        "primary_metric": result.primary_metric,
    }
    log_params(project, run.run_id, facts)
    log_metrics(project, run.run_id, _flat(result))
    told = report_markdown(result)[:_LONGEST_NOTE]
    set_tags(project, run.run_id, {EVALUATED: result.sha256, VERDICT: result.verdict, NOTE: told})
    dataset = material.dataset
    note = DatasetNote(
        dataset.name, dataset.fingerprint.sha256, dataset.location, context="evaluation", rows=result.rows
    )
    log_dataset(project, run.run_id, note)
    log_files(project, run.run_id, files)
    log_files(project, run.run_id, [predictions], folder=FOLDER)
    finish_run(project, run.run_id)


def _experiment(project: Project, material: Material) -> ExperimentRecord:
    subject = material.subject
    if subject.run_id:
        trained = find_run(project, subject.run_id)
        found = [each for each in list_experiments(project) if each.experiment_id == trained.experiment_id]
        if found:
            return found[0]
    return open_experiment(project, f"{Path(subject.name).name}-evaluations")


def _predictions(material: Material) -> OutOfFold:
    answers, dataset = material.answers, material.dataset
    return OutOfFold(
        facts=PredictionFacts(
            dataset=dataset.name,
            fingerprint=dataset.fingerprint.sha256,
            target=material.target,
            task=answers.task,
            classes=answers.classes,
            threshold=answers.threshold,
            entity=dataset.entity,
        ),
        repeat=np.zeros(answers.rows, dtype=np.int64),
        row=material.numbers,
        fold=np.zeros(answers.rows, dtype=np.int64),
        y=answers.y,
        scores=answers.scores,
        labels=None if answers.task == "regression" else answers.labels,
        entity=answers.entity,
    )


def _figures(result: EvaluationResult) -> dict[str, Any]:
    return {
        name: {"mean": each.mean, "low": each.low, "high": each.high}
        for name, each in result.performance.metrics.items()
    }


def _flat(result: EvaluationResult) -> dict[str, float]:
    """Return what MLflow draws: metrics with their ends, and the fairness measures of each column."""
    flat = flat_metrics(result.performance)
    for attribute in result.fairness.attributes if result.fairness else ():
        for name, criterion in attribute.criteria.items():
            if criterion.value is not None:
                flat[f"fairness.{_UNNAMEABLE.sub('_', attribute.name)}.{name}"] = criterion.value.mean
    return flat


def _remember(context: StepContext, result: EvaluationResult) -> None:
    """Write the record unless it says the same already: a step may be repeated after a crash."""
    version = f"/{result.version}" if result.version else ""
    key = f"{result.model}{version}/{context.run_id}"
    value = {
        "model": result.model,
        "version": result.version,
        "sha256": result.sha256,
        "verdict": result.verdict,
        "because": result.because,
        "dataset": result.rows_from,
        "metrics": _figures(result),
        "fairness": result.fairness.verdict if result.fairness else None,
        "summary": result.headline,
        "mlflow_run_id": result.mlflow_run_id,
        "report": result.report,
    }
    memory = Memory(context.project)
    known = memory.retrieve(key, namespace=NAMESPACE)
    if known is None or known.value != value:
        memory.store(key, value, namespace=NAMESPACE)


def _place(context: StepContext, name: str) -> str:
    return (context.folder / name).relative_to(context.project.root).as_posix()
