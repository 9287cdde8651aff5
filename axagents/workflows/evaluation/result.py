"""Put the result of an evaluation together: its headline, its warnings and the commands that come next."""

import json
import shlex
from dataclasses import dataclass
from typing import Literal, cast

from axagents.decisions.table import Decision
from axagents.workflows.evaluation.material import Material
from axagents.workflows.evaluation.request import EvaluationResult, Rule
from axagents.workflows.evaluation.sections import (
    ComparisonReport,
    ErrorReport,
    FairnessReport,
    PerformanceReport,
    ThresholdReport,
)
from axagents.workflows.evaluation.setup import Setup
from axagents.workflows.experiments.request import Criterion
from axagents.workflows.train.result import tell_figure


@dataclass(frozen=True)
class Found:
    """What the steps found, section by section."""

    performance: PerformanceReport
    fairness: FairnessReport | None
    errors: ErrorReport
    thresholds: ThresholdReport | None
    comparison: ComparisonReport


@dataclass(frozen=True)
class Verdict:
    """The decision with the rules that speak, the success criteria, and the gates of the sensitive columns."""

    decision: Decision
    rules: list[Rule]
    criteria: list[Criterion]
    gates: list[Decision]


@dataclass(frozen=True)
class Places:
    """Where an evaluation is kept: the MLflow run, and files relative to the project."""

    experiment: str
    mlflow_run_id: str
    report: str
    page: str


def build_result(
    setup: Setup, material: Material, *, found: Found, verdict: Verdict, places: Places, seconds: float
) -> EvaluationResult:
    """Return the whole result."""
    subject, answers, dataset = material.subject, material.answers, material.dataset
    decision = verdict.decision
    return EvaluationResult(
        model=subject.name,
        version=subject.version,
        stage=subject.stage,
        sha256=subject.sha256,
        dataset=dataset.name,
        rows_from=material.rows.label,
        fingerprint=dataset.fingerprint.sha256,
        rows=answers.rows,
        entities=None if answers.entity is None else int(answers.entity.max()) + 1,
        task=answers.task,
        target=material.target,
        classes=list(answers.classes),
        sensitive=list(dict.fromkeys([*dataset.sensitive, *(setup.request.sensitive or ())])),
        threshold=answers.threshold,
        verdict=cast('Literal["GO", "NO_GO", "INSUFFICIENT"]', decision.verdict),
        headline=_headline(setup, material, found=found, decision=decision),
        because=decision.because,
        rules=verdict.rules,
        warnings=_warnings(setup, material, found),
        metrics={name: found.performance.metrics[name] for name in setup.metrics if name in found.performance.metrics},
        primary_metric=setup.primary,
        criteria=verdict.criteria,
        performance=found.performance,
        fairness=found.fairness,
        errors=found.errors,
        thresholds=found.thresholds,
        comparison=found.comparison,
        experiment=places.experiment,
        mlflow_run_id=places.mlflow_run_id,
        report=places.report,
        page=places.page,
        seconds=round(seconds, 1),
        next=_next_commands(material, decision.verdict),
    )


def _headline(setup: Setup, material: Material, *, found: Found, decision: Decision) -> str:
    score = f"{setup.primary} {tell_figure(found.performance.metrics[setup.primary])}"
    told = f"{material.subject.label} on {material.rows.label}: {decision.verdict}, {score}."
    seen = material.seen
    if seen.amount != "none":
        return f"{seen.warning} {told}"
    return told if decision.verdict == "GO" else f"{told} {decision.because}"


def _warnings(setup: Setup, material: Material, found: Found) -> list[str]:
    told = list(material.notes)
    declared = material.dataset.sensitive
    if declared and not setup.sensitive:
        told.append(f"Fairness was not looked at, though {', '.join(declared)} are declared sensitive.")
    told += found.performance.notes
    told += [note for each in found.performance.calibration for note in each.notes]
    told += [f"{each.role} {each.name}: {each.because}." for each in found.comparison.rivals if each.outcome is None]
    return told


def _next_commands(material: Material, verdict: str) -> list[str]:
    subject = material.subject
    if subject.version is None:
        request = json.dumps({"model_path": subject.name})
        return [f"ax run ml-model-registry --input {shlex.quote(request)}"]
    shown = f"ax registry show {subject.label}"
    if verdict == "GO" and subject.stage == "staged":
        return [f'ax registry stage {subject.name} {subject.version} canary --why "evaluated GO"', shown]
    return [shown]
