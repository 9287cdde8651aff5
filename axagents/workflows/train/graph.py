"""The graph of ml-train: profile, split, floor, search, select, assess, log."""

import json
import time
from pathlib import Path
from typing import Any, TypedDict

from axagents.decisions.table import Decision, decide
from axagents.errors import Refused
from axagents.filesystem import write_whole
from axagents.ml.candidates import FLOOR, asked_candidate, choose_candidates
from axagents.ml.leakage import LeakageReport, check_leakage
from axagents.ml.metrics import find_metric
from axagents.ml.problem import Problem
from axagents.ml.search import Budget, CandidateRun, evaluate_candidates
from axagents.ml.selection import Selection, select_candidate
from axagents.progress import advance, note
from axagents.project import Project
from axagents.stores.tracking.entries import log_files
from axagents.stores.tracking.runs import RunRecord, find_run, finish_run
from axagents.stores.tracking.tags import LEAKAGE, NOTE, VERDICT
from axagents.workflows.experiments.remembering import remember_report
from axagents.workflows.graphs import State, StepContext, Workflow, by_name
from axagents.workflows.outcome import Artifact, Outcome
from axagents.workflows.train.assessing import MODEL, PLOTS, assess_model
from axagents.workflows.train.dataset import find_training_dataset
from axagents.workflows.train.figures import Figures
from axagents.workflows.train.files import from_json, load_runs, save_runs, to_json
from axagents.workflows.train.recording import open_training_run, record_training
from axagents.workflows.train.report import report_markdown, report_text
from axagents.workflows.train.request import LeakageFinding, LeakageSummary, TrainRequest, TrainResult
from axagents.workflows.train.result import Logged, build_result, tell_figure, tell_gain
from axagents.workflows.train.setup import (
    Material,
    Setup,
    complete_request,
    leakage_context,
    load_material,
    make_plan,
)

# Of the time for search and assessment: what the floor may take, and what is kept for the final fit and the figures.
_FLOOR_SHARE = 0.2
_RESERVED_SHARE = 0.2
_LONGEST_RESERVE = 15.0
_MOST_TOLD = 6
_RUN_FILES = ("floor", "search")
REPORT = "report.md"


class TrainState(TypedDict, total=False):
    """What the steps hand on: plain JSON; arrays and models lie in the run's folder."""

    request: dict[str, Any]
    setup: dict[str, Any]
    leakage: dict[str, Any]
    floor_seconds: float
    search_seconds: float
    selection: dict[str, Any]
    figures: dict[str, Any]
    outcome: dict[str, Any]


def profile(state: TrainState, context: StepContext) -> State:
    """Look at the data, and settle what is learned from what."""
    setup, material = complete_request(context.project, TrainRequest.model_validate(state.get("request")))
    problem = material.problem
    note(f"{problem.rows:,} rows, {len(problem.columns)} features, {problem.task} target {setup.target!r}")
    if problem.left_out:
        more = len(problem.left_out) - _MOST_TOLD
        told = ", ".join(f"{each.column} ({each.why})" for each in problem.left_out[:_MOST_TOLD])
        note(f"left out: {told}" + (f", and {more} more" if more > 0 else ""))
    return {"setup": setup.model_dump(mode="json")}


def split(state: TrainState, context: StepContext) -> State:
    """Divide the rows, and look for what leaks.

    Raises:
        Refused: every feature leaks.
    """
    setup, material = _begin(state, context)
    plan = make_plan(material.problem, setup)
    note(plan.text)
    report = check_leakage(
        material.problem,
        context=leakage_context(material.dataset),
        plan=plan,
        primary=setup.primary,
        seed=setup.seed,
    )
    allowed = setup.request.allow_leakage
    if not report.kept and not allowed:
        raise _refuse(context.project, setup, report)
    leakage = _summarise(report, allowed)
    note(f"leakage: {leakage.verdict}" + (f", left out {', '.join(leakage.removed)}" if leakage.removed else ""))
    return {"leakage": leakage.model_dump(mode="json")}


def floor(state: TrainState, context: StepContext) -> State:
    """Score the dummy and the linear model: what costs nothing."""
    setup, material = _begin(state, context)
    began = time.perf_counter()
    runs = _evaluate(state, material, list(FLOOR), seconds=setup.search_seconds * _FLOOR_SHARE)
    save_runs(context.folder, "floor", runs)
    for run in runs:
        note(f"{run.name}: {setup.primary} {run.fold_scores.mean():.4f}")
    return {"floor_seconds": time.perf_counter() - began}


def search(state: TrainState, context: StepContext) -> State:
    """Search the other kinds of model inside every outer fold, within the time that is left."""
    setup, material = _begin(state, context)
    names = [each for each in choose_candidates(setup.request.model) if each not in FLOOR]
    began = time.perf_counter()
    left = setup.search_seconds - state.get("floor_seconds", 0.0) - _reserve(setup)
    runs = _evaluate(state, material, names, seconds=max(1.0, left)) if names else []
    save_runs(context.folder, "search", runs)
    for run in runs:
        note(f"{run.name}: {setup.primary} {run.fold_scores.mean():.4f}, {len(run.trials)} configurations tried")
    return {"search_seconds": time.perf_counter() - began}


def select(state: TrainState, context: StepContext) -> State:
    """Choose the simplest candidate that is as good as the best."""
    setup, material = _begin(state, context)
    problem = _learnable(state, material)
    selection = select_candidate(
        problem,
        make_plan(problem, setup),
        load_runs(context.folder, *_RUN_FILES),
        primary=setup.primary,
        margin=setup.margin,
        asked=asked_candidate(setup.request.model),
    )
    note(f"chosen: {selection.chosen}. {selection.because}")
    return {"selection": to_json(Selection, selection)}


def assess(state: TrainState, context: StepContext) -> State:
    """Fit the chosen model on everything, and compute what it is worth on rows that the search never saw."""
    setup, material = _begin(state, context)
    figures = assess_model(
        context.folder,
        setup,
        Material(material.dataset, _learnable(state, material), material.example, material.keys),
        selection=from_json(Selection, state.get("selection")),
        runs=load_runs(context.folder, *_RUN_FILES),
        seconds=_reserve(setup),
    )
    note(f"{setup.primary} {tell_figure(figures.metrics[setup.primary])}")
    return {"figures": figures.model_dump(mode="json")}


def log(state: TrainState, context: StepContext) -> State:
    """Write everything into MLflow, and tell it."""
    setup, material = _begin(state, context)
    problem = _learnable(state, material)
    leakage, figures = LeakageSummary.model_validate(state.get("leakage")), Figures.model_validate(state.get("figures"))
    selection = from_json(Selection, state.get("selection"))
    decision = _decide(context.project, leakage, features_left=True, gain=tell_gain(figures.gain_over_dummy))
    run = open_training_run(context, setup, chosen=selection.chosen)
    plots = sorted(context.project.place_of(path) for path in (context.folder / PLOTS).iterdir())
    result = build_result(
        setup,
        problem,
        leakage=leakage,
        figures=figures,
        selection=selection,
        decision=decision,
        logged=Logged(context.project.place_of(context.folder / MODEL), tuple(plots), run.run_id),
        split=make_plan(problem, setup).text,
        seconds=state.get("floor_seconds", 0.0) + state.get("search_seconds", 0.0) + figures.seconds,
    )
    report = write_whole(context.folder / REPORT, report_markdown(result))
    _record(context, run, setup=setup, problem=problem, figures=figures, result=result)
    files = {"model": result.model_path, "report": context.project.place_of(report)}
    files |= {Path(each).stem: each for each in plots}
    outcome = Outcome(
        verdict=result.verdict,
        result=result.model_dump(mode="json"),
        decisions=(decision,),
        artifacts=tuple(Artifact(name=name, path=path) for name, path in files.items()),
        report=report_text(result),
    )
    return {"outcome": outcome.model_dump(mode="json")}


def _record(
    context: StepContext, run: RunRecord, *, setup: Setup, problem: Problem, figures: Figures, result: TrainResult
) -> None:
    record_training(
        context,
        run,
        setup=setup,
        problem=problem,
        figures=figures,
        runs=load_runs(context.folder, *_RUN_FILES),
        chosen=result.chosen,
        facts={
            VERDICT: result.verdict,
            LEAKAGE: result.leakage.verdict,
            NOTE: report_markdown(result),
        },
    )
    log_files(context.project, run.run_id, [context.folder / REPORT])
    if not setup.request.mlflow_run_id:
        told = {"verdict": result.verdict, "summary": result.headline}
        remember_report(context.project, result.experiment, run.run_id, **told)
        finish_run(context.project, run.run_id)


def _begin(state: TrainState, context: StepContext) -> tuple[Setup, Material]:
    setup = Setup.model_validate(state.get("setup"))
    return setup, load_material(context.project, setup)


def _learnable(state: TrainState, material: Material) -> Problem:
    """The problem without what leaks, unless somebody gave a reason to keep it."""
    leakage = LeakageSummary.model_validate(state.get("leakage"))
    if leakage.allowed or not leakage.removed:
        return material.problem
    return material.problem.without(leakage.removed)


def _reserve(setup: Setup) -> float:
    return min(_LONGEST_RESERVE, setup.search_seconds * _RESERVED_SHARE)


def _evaluate(state: TrainState, material: Material, names: list[str], *, seconds: float) -> list[CandidateRun]:
    setup = Setup.model_validate(state.get("setup"))
    problem = _learnable(state, material)
    return evaluate_candidates(
        problem,
        make_plan(problem, setup),
        names,
        primary=setup.primary,
        budget=Budget(seconds=seconds, trials=setup.request.trials),
        seed=setup.seed,
        progress=advance,
    )


def _decide(project: Project, leakage: LeakageSummary, *, features_left: bool, gain: str) -> Decision:
    inputs = {
        "features_left": features_left,
        "leakage": leakage.verdict,
        "leakage_allowed": leakage.allowed is not None,
        "gain": gain,
    }
    return decide(project, "train", inputs)


def _summarise(report: LeakageReport, allowed: str | None) -> LeakageSummary:
    """What was found, and what it took out: nothing where somebody gave a reason to keep it."""
    findings = [LeakageFinding.model_validate(each.model_dump()) for each in report.findings]
    if allowed:
        findings = [each.model_copy(update={"removed": ()}) for each in findings]
    removed = () if allowed else report.removed
    return LeakageSummary(verdict=report.verdict, findings=tuple(findings), removed=removed, allowed=allowed)


def _refuse(project: Project, setup: Setup, report: LeakageReport) -> Refused:
    decision = _decide(project, _summarise(report, None), features_left=False, gain="unclear")
    told = "; ".join(each.text for each in report.findings if each.removed)
    request = json.dumps({"dataset": setup.dataset, "target": setup.target, "allow_leakage": "REASON"})
    return Refused(
        f"{decision.because} {told}",
        field="dataset",
        hint=f"name other features, or ax run ml-train --input '{request}'",
    )


def check(project: Project, request: TrainRequest) -> None:
    """Refuse what can be known to be wrong before a run is opened: names of datasets, columns, models and metrics."""
    find_training_dataset(project, request)
    choose_candidates(request.model)
    if request.primary_metric:
        find_metric(request.primary_metric, request.task)
    if request.mlflow_run_id:
        find_run(project, request.mlflow_run_id)


WORKFLOW = Workflow(
    name="ml-train",
    summary="Train a model, and report what it is worth on rows that the search never saw.",
    request=TrainRequest,
    result=TrainResult,
    state=TrainState,
    steps=by_name(profile, split, floor, search, select, assess, log),
    check=check,
)
