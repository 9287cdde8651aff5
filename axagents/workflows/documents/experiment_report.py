"""The facts of an experiment report: its runs, what they are worth, and how they compare."""

from typing import Any

from axagents.clock import stamp
from axagents.errors import NotFound, UserError
from axagents.project import Project
from axagents.stores.tracking.experiments import ExperimentRecord, find_experiment, list_experiments, split_tags
from axagents.stores.tracking.runs import RunRecord, search_runs
from axagents.stores.tracking.tags import CLAIMED, HYPOTHESIS, SPLIT, TRAINING, VERDICT
from axagents.workflows.documents.draft import Draft, Gaps, run_command
from axagents.workflows.documents.facts import Json, fact
from axagents.workflows.documents.models import training_result
from axagents.workflows.documents.request import DocumentRequest
from axagents.workflows.experiments.comparison import compare_experiments
from axagents.workflows.experiments.evidence import standard_name
from axagents.workflows.experiments.request import Comparison, ComparisonRequest

_MOST_RUNS = 20
_ENVIRONMENT = ("env.python", "env.os", "env.cpu", "mlflow.source.git.commit")


def gather_experiment_report(project: Project, request: DocumentRequest) -> Draft:
    """Collect what an experiment report states.

    Raises:
        NotFound, UserError: there is no such experiment or baseline, or it is not clear which is meant.
    """
    experiment = _find(project, request.experiment_name)
    runs = search_runs(project, [experiment], limit=_MOST_RUNS + 1)
    finished = [each for each in runs if each.status == "FINISHED" and each.metrics]
    main = next((each for each in finished if SPLIT in each.tags), finished[0] if finished else None)
    comparison = _compare(project, experiment, main, finished=finished, baseline=request.baseline)
    told = [_run(each) for each in runs[:_MOST_RUNS]]
    return Draft(
        title=request.title or f"Experiment report: {experiment.name}",
        slug=f"experiment-report-{experiment.name}",
        templates=("document-experiment-report",),
        values={
            "experiment": {
                "name": experiment.name,
                "description": experiment.description,
                "tags": list(experiment.tags),
                "created": stamp(experiment.created_at),
            },
            "runs": told,
            "more": max(0, len(runs) - _MOST_RUNS),
            "main": _run(main) if main else None,
            "found": training_result(project, main.tags.get(TRAINING)) if main else None,
            "comparison": _comparison(comparison) if comparison else None,
            "comparison_ids": [each.run_id for each in comparison.experiments] if comparison else [],
        },
        gaps=_find_gaps(experiment, told, comparison),
    )


def _find(project: Project, name: str | None) -> ExperimentRecord:
    if name:
        return find_experiment(project, name)
    found = list_experiments(project)
    if len(found) == 1:
        return found[0]
    names = [each.name for each in found]
    told = f"which experiment is it about: {' or '.join(names[:8])}?" if names else "there is no experiment yet"
    raise UserError(told, field="experiment_name", legal=names, hint="ax experiments list")


def _run(run: RunRecord) -> Json:
    source, at = f"MLflow run {run.run_id}", stamp(run.ended_at or run.started_at)
    claimed = {standard_name(each) for each in split_tags(run.tags.get(CLAIMED, ""))}
    metrics = {standard_name(name): _figure(run, name) for name in run.metrics if "." not in name}
    return {
        "run_id": run.run_id,
        "name": run.name,
        "status": run.status,
        "started": stamp(run.started_at),
        "verdict": run.tags.get(VERDICT),
        "primary": run.params.get("primary_metric"),
        "metrics": {
            name: fact(f"{run.name} {name}", value, source=source, at=at)
            for name, value in metrics.items()
            if name not in claimed
        },
        "claimed": {
            name: fact(f"{run.name} {name} (claimed)", value, source=source, at=at)
            for name, value in metrics.items()
            if name in claimed
        },
        "floors": {
            name.removeprefix("floor."): fact(f"{run.name} {name}", value, source=source, at=at)
            for name, value in run.metrics.items()
            if name.startswith("floor.") and name.endswith(f".{run.params.get('primary_metric')}")
        },
        "params": {
            name: fact(f"{run.name} {name}", value, source=source, at=at) for name, value in sorted(run.params.items())
        },
        "hypothesis": run.tags.get(HYPOTHESIS),
        "environment": {name: run.tags[name] for name in _ENVIRONMENT if name in run.tags},
    }


def _figure(run: RunRecord, name: str) -> Any:
    low, high = run.metrics.get(f"{name}.low"), run.metrics.get(f"{name}.high")
    value = run.metrics[name]
    return {"mean": value, "low": low, "high": high} if low is not None and high is not None else value


def _compare(
    project: Project,
    experiment: ExperimentRecord,
    main: RunRecord | None,
    *,
    finished: list[RunRecord],
    baseline: str | None,
) -> Comparison | None:
    """Compare with the baseline, else with the experiment's run before; None where there is nothing to compare."""
    before = next((each.run_id for each in finished if main and each.run_id != main.run_id), None)
    other = baseline or before
    if main is None or other is None or other in (experiment.name, main.run_id):
        return None
    primary = main.params.get("primary_metric")
    asked = {"experiments": [main.run_id, other], "baseline": other, "primary": primary}
    request = ComparisonRequest.model_validate(asked)
    try:
        return compare_experiments(request, project)
    except NotFound as error:
        if error.field == "metrics":
            return None
        raise


def _comparison(found: Comparison) -> Json:
    source, at = f"comparison of {' and '.join(each.run_id for each in found.experiments)}", stamp()
    names = {each.name: f"{each.experiment}, {each.run_name} ({each.run_id[:8]})" for each in found.experiments}
    rows: list[Json] = []
    for each in found.differences:
        interval = "" if each.low is None else f" [{each.low:+.4f}, {each.high:+.4f}]"
        rows.append(
            {
                "metric": each.metric,
                "difference": fact(
                    f"{each.metric} of {each.first[:8]} minus {each.second[:8]}",
                    each.difference,
                    text=f"{each.difference:+.4f}{interval}",
                    source=source,
                    at=at,
                ),
                "better": names[each.better] if each.better else None,
                "method": each.method,
            }
        )
    first = found.differences[0]
    return {
        "first": names[first.first],
        "second": names[first.second],
        "primary": found.primary,
        "better": names[first.better] if first.better else None,
        "rows": rows,
        "notes": found.notes,
    }


def _find_gaps(
    experiment: ExperimentRecord, runs: list[Json], comparison: Comparison | None
) -> dict[str, dict[str, str | None]]:
    gaps, name = Gaps(), experiment.name
    train = run_command("ml-experiment-tracker", {"experiment_name": name, "dataset": "NAME", "target": "COLUMN"})
    if not runs:
        gaps.add("runs", "what came of it: it has no run yet", train)
    elif not any(each["metrics"] for each in runs):
        gaps.add("metrics", "what its runs are worth: none has a computed metric", train)
    if not experiment.description:
        describe = run_command("ml-experiment-tracker", {"experiment_name": name, "description": "WHAT AND WHY"})
        gaps.add("question", "what was tried, and why: it has no description", describe)
    if comparison is None and runs:
        asked = {"kind": "experiment-report", "experiment_name": name, "baseline": "EXPERIMENT"}
        told = "whether it is better than anything: there is nothing to compare with"
        gaps.add("comparison", told, run_command("write-document", asked))
    return gaps.found
