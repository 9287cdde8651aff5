"""Put the result of a training together, with its headline, its warnings and the commands that come next."""

import json
import shlex
from dataclasses import dataclass
from typing import Any, Literal, cast

from axagents.decisions.table import Decision
from axagents.layout import with_interval
from axagents.ml.problem import Problem
from axagents.ml.selection import Selection
from axagents.workflows.train.figures import Figures
from axagents.workflows.train.request import Figure, LeakageFinding, LeakageSummary, LeftOutColumn, TrainResult
from axagents.workflows.train.setup import Setup

# What the result tells as `assess` found it.
_OF_FIGURES = (
    "metrics", "floors", "gain", "candidates", "chosen_in_folds", "threshold", "calibration", "importance",
)  # fmt: skip


def tell_gain(gain: Figure) -> Literal["shown", "unclear", "refuted"]:
    """Say what the whole interval of a gain shows."""
    if gain.low is None or gain.high is None:
        return "unclear"
    return "shown" if gain.low > 0 else "refuted" if gain.high < 0 else "unclear"


def tell_figure(found: Figure) -> str:
    """Write a figure with its interval."""
    told = with_interval(found.mean, found.low, found.high)
    return f"{told} (no interval)" if found.low is None or found.high is None else told


def find_warnings(leakage: LeakageSummary, figures: Figures, decision: Decision) -> list[str]:
    """List what a person should know before trusting the model, the worst first."""
    order = {"DANGEROUS": 0, "WARNING": 1, "SAFE": 2}
    findings = sorted(leakage.findings, key=lambda each: order[each.severity])
    told = [_tell_finding(each) for each in findings if each.severity != "SAFE"]
    if leakage.allowed and leakage.verdict == "DANGEROUS":
        told.insert(0, f"Leaking features were kept: {leakage.allowed}")
    if decision.row in ("learned-nothing", "gain-unclear"):
        told.append(decision.because)
    return [*told, *figures.notes]


@dataclass(frozen=True)
class Logged:
    """Where a training was logged: paths relative to the project, and the id of the MLflow run."""

    model_path: str
    plots: tuple[str, ...]
    mlflow_run_id: str


def _tell_finding(found: LeakageFinding) -> str:
    question = f"{found.question[:1].upper()}{found.question[1:]}"
    return f"{found.text.rstrip('.')}. {question}".strip()


def build_result(
    setup: Setup,
    problem: Problem,
    *,
    leakage: LeakageSummary,
    figures: Figures,
    selection: Selection,
    decision: Decision,
    logged: Logged,
    split: str,
    seconds: float,
) -> TrainResult:
    """Return the whole result; `seconds` is what floor, search and assessment took."""
    shared: dict[str, Any] = {each: getattr(figures, each) for each in _OF_FIGURES}
    return TrainResult(
        **shared,
        task=problem.task,
        dataset=setup.dataset,
        target=setup.target,
        floor=figures.floors["linear"],
        model_path=logged.model_path,
        mlflow_run_id=logged.mlflow_run_id,
        experiment=setup.experiment,
        warnings=find_warnings(leakage, figures, decision),
        headline=_headline(setup, leakage, figures=figures, chosen=selection.chosen),
        verdict=cast('Literal["TRAINED", "WARNING"]', decision.verdict),
        fingerprint=setup.fingerprint,
        rows=problem.rows,
        features=[spec.name for spec in problem.columns],
        feature_set=str(setup.features) if setup.features else None,
        left_out=[LeftOutColumn(column=each.column, why=each.why) for each in problem.left_out],
        classes=[str(each) for each in problem.target.classes],
        primary_metric=setup.primary,
        chosen=selection.chosen,
        because=selection.because,
        margin=selection.margin,
        assessment=figures.method,
        split=split,
        leakage=leakage,
        plots=list(logged.plots),
        seed=setup.seed,
        trials=sum(each.trials for each in figures.candidates),
        seconds=round(seconds, 1),
        next=_next_commands(setup, logged.model_path),
    )


def _headline(setup: Setup, leakage: LeakageSummary, *, figures: Figures, chosen: str) -> str:
    score = f"{chosen} predicts {setup.target} with {setup.primary} {tell_figure(figures.metrics[setup.primary])}"
    if leakage.verdict == "DANGEROUS" and leakage.allowed:
        return f"Leaking features were kept ({leakage.allowed}), so these figures cannot be trusted. {score}."
    if leakage.removed:
        count = len(leakage.removed)
        what = "a feature that leaks the target" if count == 1 else f"{count} features that leak the target"
        return f"Left out {what}: {', '.join(leakage.removed)}. Without: {score}."
    open_questions = [each.question for each in leakage.findings if each.question]
    if open_questions:
        count = len(open_questions)
        told = "One question is open" if count == 1 else f"{count} questions are open, the first"
        return f"{score}. {told}: {open_questions[0]}"
    return f"{score}."


def _next_commands(setup: Setup, model_path: str) -> list[str]:
    name = f"{setup.dataset.partition(':')[0]}-{setup.target}".lower().replace("_", "-")
    request = json.dumps({"model_path": model_path, "model_name": name})
    return [
        f"ax experiments show {shlex.quote(setup.experiment)}",
        f"ax run ml-model-registry --input {shlex.quote(request)}",
    ]
