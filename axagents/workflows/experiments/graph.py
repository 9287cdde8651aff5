"""The graph of ml-experiment-tracker: initialize, log parameters, track metrics, save artifacts, compare, report."""

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any, TypedDict

from axagents.actor import may_name
from axagents.decisions.table import Decision, decide
from axagents.errors import UserError
from axagents.ml.metrics import standard_name
from axagents.progress import note
from axagents.project import Project
from axagents.stores.tracking.entries import check_key, flatten, log_files, log_metrics, log_params, set_tags
from axagents.stores.tracking.environment import capture_environment
from axagents.stores.tracking.experiments import find_experiment, join_tags, open_experiment, split_tags
from axagents.stores.tracking.runs import RunRecord, continue_run, find_run, finish_run, open_run, search_runs
from axagents.stores.tracking.tags import CLAIMED, HYPOTHESIS, NOTE, TRAINING, VERDICT, WORDS
from axagents.workflows.experiments.comparison import choose_metrics, compare_sides
from axagents.workflows.experiments.criteria import judge, read_conditions, summarise
from axagents.workflows.experiments.evidence import Side, find_side, newest_run
from axagents.workflows.experiments.remembering import remember_experiment, remember_report
from axagents.workflows.experiments.report import report_markdown, report_text
from axagents.workflows.experiments.request import Comparison, TrackerRequest, TrackerResult
from axagents.workflows.experiments.training import TRAIN, train, training_request
from axagents.workflows.graphs import State, StepContext, Workflow, by_name
from axagents.workflows.names import load_workflow
from axagents.workflows.outcome import Artifact, Outcome

REPORT = "report.md"
ARTIFACTS = "artifacts"


class TrackerState(TypedDict, total=False):
    """What the steps hand on: plain JSON."""

    request: dict[str, Any]
    run_id: str
    environment: dict[str, str]
    training: dict[str, Any] | None
    comparison: dict[str, Any] | None
    baseline: str | None
    notes: list[str]
    outcome: dict[str, Any]


def initialize_experiment(state: TrackerState, context: StepContext) -> State:
    """Open the experiment and its run, and write down where this happens."""
    request = _request(state)
    project = context.project
    experiment = open_experiment(project, request.experiment_name, description=request.description, tags=request.tags)
    environment = capture_environment(project.root)
    if request.run_id:
        run = find_run(project, request.run_id)
        continue_run(project, run.run_id)
    else:
        number = len(search_runs(project, [experiment])) + 1
        name = request.run_name or f"{experiment.name} #{number}"
        run = open_run(project, experiment, name=name, owner=context.run_id)
    words = join_tags([*split_tags(run.tags.get(WORDS, "")), *request.tags])
    told = {WORDS: words, NOTE: request.description, HYPOTHESIS: request.hypothesis}
    set_tags(project, run.run_id, environment.as_tags() | {name: text for name, text in told.items() if text})
    path = context.folder / "environment.json"
    path.write_text(environment.model_dump_json(indent=1), encoding="utf-8")
    log_files(project, run.run_id, [path])
    note(f"experiment {experiment.name!r}, run {run.name!r}" + (" goes on" if request.run_id else ""))
    return {"run_id": run.run_id, "environment": environment.as_tags()}


def log_parameters(state: TrackerState, context: StepContext) -> State:
    """Write the parameters; once logged they are frozen."""
    log_params(context.project, state.get("run_id", ""), _request(state).params)
    return {}


def track_metrics(state: TrackerState, context: StepContext) -> State:
    """Train and log for real where a dataset is given; write the metrics that were typed, as claimed."""
    request, run_id = _request(state), state.get("run_id", "")
    asked = training_request(request, run_id)
    trained = train(context, asked) if asked else None
    run = find_run(context.project, run_id)
    computed = TRAINING in run.tags
    metrics = {_claimed_name(name, beside=computed): value for name, value in request.metrics.items()}
    log_metrics(context.project, run_id, metrics)
    claimed = join_tags([*split_tags(run.tags.get(CLAIMED, "")), *metrics])
    if claimed:
        set_tags(context.project, run_id, {CLAIMED: claimed})
    return {"training": trained}


def _claimed_name(name: str, *, beside: bool) -> str:
    """A typed figure never stands where a computed one does."""
    return f"claimed.{standard_name(name)}" if beside else standard_name(name)


def save_artifacts(state: TrackerState, context: StepContext) -> State:
    """Keep the files and folders that were named."""
    paths = [find_artifact(context.project, each) for each in _request(state).artifacts]
    log_files(context.project, state.get("run_id", ""), paths, folder=ARTIFACTS)
    return {}


def compare(state: TrackerState, context: StepContext) -> State:
    """Compare the run with the baseline on the primary metric."""
    request = _request(state)
    run = find_run(context.project, state.get("run_id", ""))
    side = Side(context.project, run.name, request.experiment_name, run)
    base = _baseline(context.project, request, run)
    if base is None:
        return {"comparison": None, "baseline": None, "notes": ["There is no earlier run to compare with."]}
    try:
        metrics = choose_metrics([side, base], [], primary=_primary(request, run))
    except UserError as error:
        return {"comparison": None, "baseline": base.name, "notes": [error.message]}
    found = compare_sides([side, base], metrics, baseline=base.name)
    note(found.answer.partition(";")[0])
    return {"comparison": found.model_dump(mode="json"), "baseline": base.name, "notes": []}


def _primary(request: TrackerRequest, run: RunRecord) -> str | None:
    return request.primary_metric or run.params.get("primary_metric")


def _baseline(project: Project, request: TrackerRequest, run: RunRecord) -> Side | None:
    """Return the run to compare with, under a name that is not the run's own; None where that is the run itself."""
    if request.baseline:
        found = find_side(project, request.baseline)
    else:
        earlier = newest_run(project, find_experiment(project, request.experiment_name), before=run.run_id)
        if earlier is None:
            return None
        found = Side(project, earlier.name, request.experiment_name, earlier)
    if found.run.run_id == run.run_id:
        return None
    return found if found.name != run.name else replace(found, name=found.run.run_id)


def report(state: TrackerState, context: StepContext) -> State:
    """Decide, tell, and close the run."""
    request, project = _request(state), context.project
    run = find_run(project, state.get("run_id", ""))
    comparison = Comparison.model_validate(found) if (found := state.get("comparison")) else None
    claimed = frozenset(standard_name(each) for each in split_tags(run.tags.get(CLAIMED, "")))
    metrics = {standard_name(name): value for name, value in run.metrics.items()}
    criteria = [judge(each, metrics, claimed) for each in read_conditions(request.success_criteria)]
    decision = _decide(project, comparison, criteria=summarise(criteria))
    result = TrackerResult(
        experiment=request.experiment_name,
        experiment_id=run.experiment_id,
        mlflow_run_id=run.run_id,
        run_name=run.name,
        continued=request.run_id is not None,
        tags=list(split_tags(run.tags.get(WORDS, ""))),
        params=run.params,
        metrics=metrics,
        claimed=sorted(claimed),
        artifacts=[f"{ARTIFACTS}/{Path(each).name}" for each in request.artifacts],
        environment=state.get("environment", {}),
        baseline=state.get("baseline"),
        comparison=comparison,
        criteria=criteria,
        hypothesis=request.hypothesis,
        training=state.get("training"),
        next=_next_commands(request, run),
    )
    path = context.folder / REPORT
    path.write_text(report_markdown(result, decision, state.get("notes", [])), encoding="utf-8")
    log_files(project, run.run_id, [path])
    set_tags(project, run.run_id, {VERDICT: decision.verdict})
    _remember(project, result, decision)
    finish_run(project, run.run_id)
    outcome = Outcome(
        verdict=decision.verdict,
        result=result.model_dump(mode="json"),
        decisions=(decision,),
        artifacts=(Artifact(name="report", path=project.place_of(path)),),
        report=report_text(result, decision, state.get("notes", [])),
    )
    return {"outcome": outcome.model_dump(mode="json")}


def _remember(project: Project, result: TrackerResult, decision: Decision) -> None:
    computed = {name: value for name, value in result.metrics.items() if "." not in name and name not in result.claimed}
    facts = {"hypothesis": result.hypothesis or "", "conclusion": f"{decision.verdict}: {decision.because}"}
    remember_experiment(project, find_experiment(project, result.experiment), {**facts, "metrics": computed})
    summary = result.comparison.answer if result.comparison else decision.because
    remember_report(project, result.experiment, result.mlflow_run_id, verdict=decision.verdict, summary=summary)


def _decide(project: Project, comparison: Comparison | None, *, criteria: str) -> Decision:
    difference: str | None = None
    if comparison is not None:
        found = comparison.differences[0]
        if found.evidence in ("paired", "folds") and not found.claimed:
            difference = "unclear" if found.better is None else "better" if found.better == found.first else "worse"
    return decide(project, "experiments", {"difference": difference, "criteria": criteria})


def _next_commands(request: TrackerRequest, run: RunRecord) -> list[str]:
    name = request.experiment_name
    go_on = {"experiment_name": name, "run_id": run.run_id, "metrics": {"NAME": 0.5}}
    commands = [f"ax experiments show {shlex.quote(name)}", _tracker_command(go_on)]
    if TRAINING not in run.tags:
        commands.append(_tracker_command({"experiment_name": name, "dataset": "NAME", "target": "COLUMN"}))
    return commands


def _tracker_command(request: dict[str, Any]) -> str:
    return f"ax run ml-experiment-tracker --input {shlex.quote(json.dumps(request))}"


def _request(state: TrackerState) -> TrackerRequest:
    return TrackerRequest.model_validate(state.get("request"))


def find_artifact(project: Project, place: str) -> Path:
    """Return the file or folder of a path, which starts at the project's root, or where the command was typed.

    Raises:
        UserError: it is not there, or an agent names one that no person named.
    """
    if not may_name(place):
        raise UserError(f"artifacts: {place} stands in no words of yours, and agents name no others", field="artifacts")
    found = next((path for path in (project.root / place, Path.cwd() / place) if path.exists()), None)
    if found is None:
        raise UserError(f"artifacts: there is no {place}", field="artifacts")
    return found


def check(project: Project, request: TrackerRequest) -> None:
    """Refuse what can be known to be wrong before anything is opened."""
    read_conditions(request.success_criteria)
    for name in flatten(request.params):
        check_key(name, "params")
    for name in request.metrics:
        check_key(name, "metrics")
    for place in request.artifacts:
        find_artifact(project, place)
    asked = training_request(request, request.run_id)
    if asked:
        # By name: the libraries that train are loaded only when something is trained.
        load_workflow(TRAIN).check(project, asked)
    if request.baseline:
        find_side(project, request.baseline)
    if request.run_id:
        _check_continued(project, request, request.run_id)


def _check_continued(project: Project, request: TrackerRequest, run_id: str) -> None:
    run = find_run(project, run_id)
    if run.experiment_id != find_experiment(project, request.experiment_name).experiment_id:
        raise UserError(f"run {run_id} is not of experiment {request.experiment_name!r}", field="run_id")
    for name, value in flatten(request.params).items():
        if run.params.get(name, value) != value:
            raise UserError(
                f"parameter {name} of run {run_id} is {run.params[name]!r} and cannot become {value!r}: "
                "parameters are frozen once logged",
                field=f"params.{name}",
                hint="leave run_id out to begin a new run",
            )


WORKFLOW = Workflow(
    name="ml-experiment-tracker",
    summary="Track a run of an experiment, train it for real, and compare it with the one before.",
    request=TrackerRequest,
    result=TrackerResult,
    state=TrackerState,
    steps=by_name(initialize_experiment, log_parameters, track_metrics, save_artifacts, compare, report),
    check=check,
)
