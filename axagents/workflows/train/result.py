"""Put the result of a training together, with its headline, its warnings and the commands that come next."""

import json
from collections.abc import Sequence
from typing import Literal, cast

from axagents.decisions.table import Decision
from axagents.ml.problem import Problem
from axagents.workflows.train.figures import Figures
from axagents.workflows.train.request import Figure, LeakageSummary, LeftOutColumn, TrainResult
from axagents.workflows.train.setup import Setup


def tell_gain(gain: Figure) -> Literal["shown", "unclear", "refuted"]:
    """Say what the whole interval of a gain shows."""
    if gain.low is None or gain.high is None:
        return "unclear"
    return "shown" if gain.low > 0 else "refuted" if gain.high < 0 else "unclear"


def tell_figure(found: Figure) -> str:
    """Write a figure with its interval."""
    if found.low is None or found.high is None:
        return f"{found.mean:.4f} (no interval)"
    return f"{found.mean:.4f} [{found.low:.4f}, {found.high:.4f}]"


def find_warnings(leakage: LeakageSummary, figures: Figures, decision: Decision) -> list[str]:
    """List what a person should know before trusting the model, the worst first."""
    order = {"DANGEROUS": 0, "WARNING": 1, "SAFE": 2}
    findings = sorted(leakage.findings, key=lambda each: order[each.severity])
    told = [f"{each.text} {each.question}".strip() for each in findings if each.severity != "SAFE"]
    if leakage.allowed and leakage.verdict == "DANGEROUS":
        told.insert(0, f"Leaking features were kept: {leakage.allowed}")
    if decision.row in ("learned-nothing", "gain-unclear"):
        told.append(decision.because)
    return [*told, *figures.notes]


def build_result(
    setup: Setup,
    problem: Problem,
    *,
    leakage: LeakageSummary,
    figures: Figures,
    decision: Decision,
    mlflow_run_id: str,
    paths: tuple[str, Sequence[str]],
    chosen: tuple[str, str, float],
    split: str,
    seconds: float,
) -> TrainResult:
    """Return the whole result.

    Args:
        paths: of the model folder and of the plots, relative to the project.
        chosen: the chosen candidate, the sentence that says why, and the margin used.
        seconds: what floor, search and assessment took.
    """
    name, because, margin = chosen
    model_path, plots = paths
    return TrainResult(
        task=problem.task,
        dataset=setup.dataset,
        target=setup.target,
        metrics=figures.metrics,
        floor=figures.floors["linear"],
        model_path=model_path,
        mlflow_run_id=mlflow_run_id,
        experiment=setup.experiment,
        warnings=find_warnings(leakage, figures, decision),
        headline=_headline(setup, leakage, figures=figures, chosen=name),
        verdict=cast('Literal["TRAINED", "WARNING"]', decision.verdict),
        fingerprint=setup.fingerprint,
        rows=problem.rows,
        features=[spec.name for spec in problem.columns],
        left_out=[LeftOutColumn(column=each.column, why=each.why) for each in problem.left_out],
        classes=[str(each) for each in problem.target.classes],
        primary_metric=setup.primary,
        chosen=name,
        because=because,
        margin=margin,
        floors=figures.floors,
        gain=figures.gain,
        candidates=figures.candidates,
        chosen_in_folds=figures.chosen_in_folds,
        assessment=figures.method,
        split=split,
        leakage=leakage,
        threshold=figures.threshold,
        calibration=figures.calibration,
        importance=figures.importance,
        plots=list(plots),
        seed=setup.seed,
        trials=sum(each.trials for each in figures.candidates),
        seconds=round(seconds, 1),
        next=_next_commands(setup, model_path),
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
        return f"{score}. One question is open: {open_questions[0]}"
    return f"{score}."


def _next_commands(setup: Setup, model_path: str) -> list[str]:
    name = f"{setup.dataset}-{setup.target}".lower().replace("_", "-")
    request = json.dumps({"model_path": model_path, "model_name": name})
    return [
        f"ax experiments show {setup.experiment}",
        f"ax run ml-model-registry --input '{request}'",
    ]
