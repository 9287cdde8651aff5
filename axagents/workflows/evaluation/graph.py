"""The graph of ml-model-evaluation: performance, fairness, errors, thresholds, comparison, report."""

import time
from typing import Any, TypedDict

from axagents.decisions.table import Decision
from axagents.progress import note
from axagents.project import Project
from axagents.workflows.evaluation.comparing import comparison_section
from axagents.workflows.evaluation.deciding import decide_evaluation
from axagents.workflows.evaluation.erring import error_section
from axagents.workflows.evaluation.measuring import fairness_section, performance_section
from axagents.workflows.evaluation.recording import open_evaluation_run, record
from axagents.workflows.evaluation.report import report_text
from axagents.workflows.evaluation.request import EvaluationRequest, EvaluationResult
from axagents.workflows.evaluation.result import Found, build_result, tell_figure
from axagents.workflows.evaluation.rivals import find_rivals
from axagents.workflows.evaluation.sections import (
    AttributeReport,
    ComparisonReport,
    ErrorReport,
    FairnessReport,
    PerformanceReport,
    ThresholdReport,
)
from axagents.workflows.evaluation.setup import Setup, complete_request, load_material, release_material
from axagents.workflows.evaluation.thresholds import threshold_section
from axagents.workflows.evaluation.withholding import keep_slices, must_withhold
from axagents.workflows.graphs import State, StepContext, Workflow, by_name
from axagents.workflows.outcome import Artifact, Outcome


class EvaluationState(TypedDict, total=False):
    """What the steps hand on: plain JSON; model and rows are read again by a process that goes on."""

    request: dict[str, Any]
    setup: dict[str, Any]
    performance: dict[str, Any]
    fairness: dict[str, Any] | None
    gates: list[dict[str, Any]]
    errors: dict[str, Any]
    thresholds: dict[str, Any] | None
    comparison: dict[str, Any]
    seconds: float
    outcome: dict[str, Any]


def check(project: Project, request: EvaluationRequest) -> None:
    """Find what is wrong before a run is opened: names, columns, labels, answers, metrics that do not fit."""
    complete_request(project, request, anew=True)


def performance_metrics(state: EvaluationState, context: StepContext) -> State:
    """Let the model answer, and measure it by every metric of the task."""
    began = time.perf_counter()
    request = EvaluationRequest.model_validate(state.get("request"))
    setup, material = complete_request(context.project, request)
    note(str(material.subject))
    note(f"{material.answers.rows:,} labelled rows of {material.rows.label}, {material.answers.task}")
    for warning in material.notes:
        note(warning)
    found = performance_section(material, seed=request.seed)
    note(f"{setup.primary} {tell_figure(found.metrics[setup.primary])}")
    seconds = time.perf_counter() - began
    return {"setup": setup.model_dump(mode="json"), "performance": found.model_dump(mode="json"), "seconds": seconds}


def fairness_analysis(state: EvaluationState, context: StepContext) -> State:
    """Compare the groups of the sensitive columns by the one declared criterion; the others inform."""
    setup = Setup.model_validate(state.get("setup"))
    if not setup.sensitive:
        note("not asked for, and no column is declared sensitive" if setup.request.include_fairness is None else "no")
        return {"fairness": None, "gates": []}
    began = time.perf_counter()
    material = load_material(context.project, setup)
    found, decisions = fairness_section(
        context.project, material, setup.request, columns=setup.sensitive, seed=setup.request.seed
    )
    for each in found.attributes:
        note(_tell_gate(each, found.rule.criterion))
    gates = [each.model_dump(mode="json") for each in decisions]
    return {"fairness": found.model_dump(mode="json"), "gates": gates, "seconds": _spent(state, began)}


def error_analysis(state: EvaluationState, context: StepContext) -> State:
    """Search for segments in which the model errs more, and see what disturbed features cost."""
    setup, began = Setup.model_validate(state.get("setup")), time.perf_counter()
    material = load_material(context.project, setup)
    found = error_section(material, setup.request, primary=setup.primary)
    sensitive = [*material.dataset.sensitive, *(setup.request.sensitive or ())]
    told = keep_slices(found.searches, found.notes, sensitive)[1]
    for each in told if must_withhold(context.project) else found.notes:
        note(each)
    return {"errors": found.model_dump(mode="json"), "seconds": _spent(state, began)}


def threshold_analysis(state: EvaluationState, context: StepContext) -> State:
    """Choose decision thresholds by cost and by constraint, and report them on rows that they were not chosen on."""
    setup, began = Setup.model_validate(state.get("setup")), time.perf_counter()
    found = threshold_section(load_material(context.project, setup), setup.request, seed=setup.request.seed)
    if found is None:
        note("no threshold: the model gives no probability of one class")
        return {"thresholds": None}
    note(found.because)
    return {"thresholds": found.model_dump(mode="json"), "seconds": _spent(state, began)}


def comparison(state: EvaluationState, context: StepContext) -> State:
    """Compare with the baseline and the version before, paired on the same rows."""
    setup, began = Setup.model_validate(state.get("setup")), time.perf_counter()
    material = load_material(context.project, setup)
    request = setup.request
    rivals = find_rivals(context.project, material, request.baseline, allow_pickle=request.allow_pickle)
    found = comparison_section(material.answers, rivals, primary=setup.primary, seed=setup.request.seed)
    for each in found.rivals:
        note(f"{each.role}: {each.because}")
    return {"comparison": found.model_dump(mode="json"), "seconds": _spent(state, began)}


def report(state: EvaluationState, context: StepContext) -> State:
    """Decide by the table, write the reports, and put everything on record."""
    began = time.perf_counter()
    setup = Setup.model_validate(state.get("setup"))
    material, found = load_material(context.project, setup), _found(state)
    gates = [Decision.model_validate(each) for each in state.get("gates", [])]
    verdict = decide_evaluation(context.project, setup, material.seen, found=found, gates=gates)
    run, places = open_evaluation_run(context, material)
    result = build_result(setup, material, found=found, verdict=verdict, places=places, seconds=_spent(state, began))
    files = record(context, run, material, result=result)
    release_material()
    outcome = Outcome(
        verdict=result.verdict,
        result=result.model_dump(mode="json"),
        decisions=(verdict.decision, *verdict.gates),
        artifacts=tuple(Artifact(name=name, path=path) for name, path in files.items()),
        report=report_text(result),
    )
    return {"outcome": outcome.model_dump(mode="json")}


def _tell_gate(found: AttributeReport, criterion: str) -> str:
    value = found.criteria[criterion].value
    return f"{found.name}: {found.verdict}" + (f", {criterion} {tell_figure(value)}" if value else "")


def _found(state: EvaluationState) -> Found:
    fairness, thresholds = state.get("fairness"), state.get("thresholds")
    return Found(
        performance=PerformanceReport.model_validate(state.get("performance")),
        fairness=FairnessReport.model_validate(fairness) if fairness else None,
        errors=ErrorReport.model_validate(state.get("errors")),
        thresholds=ThresholdReport.model_validate(thresholds) if thresholds else None,
        comparison=ComparisonReport.model_validate(state.get("comparison")),
    )


def _spent(state: EvaluationState, began: float) -> float:
    return state.get("seconds", 0.0) + time.perf_counter() - began


WORKFLOW = Workflow(
    name="ml-model-evaluation",
    summary="Evaluate a version of a model on labelled rows: how good, how fair, where wrong, and GO or NO_GO.",
    request=EvaluationRequest,
    result=EvaluationResult,
    state=EvaluationState,
    steps=by_name(performance_metrics, fairness_analysis, error_analysis, threshold_analysis, comparison, report),
    check=check,
)
