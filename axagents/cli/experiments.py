"""`ax experiments`: look at experiments and their runs, and compare them."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from axagents.cli.common import command, group
from axagents.cli.output import Shown, table
from axagents.stores.tracking.tags import VERDICT

if TYPE_CHECKING:
    from axagents.stores.tracking.experiments import ExperimentRecord
    from axagents.stores.tracking.runs import RunRecord

app = group("Look at experiments and compare them.")

_MOST_METRICS = 5
_NOTHING = """no experiments yet
next: ax run ml-experiment-tracker --input '{"experiment_name": "NAME"}'"""


@command(app, "list")
def list_() -> Shown:
    """List the experiments, newest first."""
    from axagents.project import current_project
    from axagents.stores.tracking.experiments import list_experiments
    from axagents.stores.tracking.runs import search_runs

    project = current_project()
    found = list_experiments(project)
    runs = search_runs(project, found, limit=10_000)
    data = [_summary(each, [run for run in runs if run.experiment_id == each.experiment_id]) for each in found]
    rows = [
        (each["name"], each["runs"], (each["last_run"] or "-")[:19], ", ".join(each["tags"]), each["description"][:60])
        for each in data
    ]
    text = table(["experiment", "runs", "last run", "tags", "description"], rows)
    return Shown({"experiments": data}, text if rows else _NOTHING)


@command(app, "show")
def show(
    name: Annotated[str, typer.Argument(help="The experiment's name, or the id of one of its runs.")],
    limit: Annotated[int, typer.Option(min=1, help="How many runs, newest first.")] = 10,
) -> Shown:
    """Show an experiment with its runs, or one run with all it holds."""
    from axagents.errors import NotFound
    from axagents.project import current_project
    from axagents.stores.tracking.experiments import find_experiment, list_experiments
    from axagents.stores.tracking.runs import find_run, search_runs

    project = current_project()
    if name in {each.name for each in list_experiments(project)}:
        experiment = find_experiment(project, name)
        return _show_experiment(experiment, search_runs(project, [experiment], limit=limit))
    try:
        return _show_run(find_run(project, name))
    except NotFound:
        find_experiment(project, name)
        raise


@command(app, "compare")
def compare(
    experiments: Annotated[list[str], typer.Argument(help="Two to ten experiments, or ids of runs.")],
    *,
    metrics: Annotated[str | None, typer.Option(help="Metrics to compare, such as precision,recall.")] = None,
    primary: Annotated[str | None, typer.Option(help="The metric that decides.")] = None,
    baseline: Annotated[str | None, typer.Option(help="Compare each with this one only.")] = None,
) -> Shown:
    """Compare experiments, with the uncertainty of each difference."""
    from axagents.project import current_project
    from axagents.requests import validate
    from axagents.workflows.experiments.comparison import compare_experiments
    from axagents.workflows.experiments.report import comparison_text
    from axagents.workflows.experiments.request import ComparisonRequest

    asked = {
        "experiments": experiments,
        "metrics": [each.strip() for each in (metrics or "").split(",") if each.strip()],
        "primary": primary,
        "baseline": baseline,
    }
    found = compare_experiments(validate(ComparisonRequest, asked), current_project())
    return Shown(found, comparison_text(found))


def _summary(experiment: "ExperimentRecord", runs: "list[RunRecord]") -> dict[str, Any]:
    return {
        "name": experiment.name,
        "experiment_id": experiment.experiment_id,
        "description": experiment.description,
        "tags": list(experiment.tags),
        "created_at": experiment.created_at.isoformat(),
        "runs": len(runs),
        "last_run": max((run.started_at.isoformat() for run in runs), default=None),
    }


def _show_experiment(experiment: "ExperimentRecord", runs: "list[RunRecord]") -> Shown:
    # Runs come newest first: its metrics are shown before those that only older ones have.
    names = [name for run in runs for name in run.metrics if "." not in name]
    shown = list(dict.fromkeys(names))[:_MOST_METRICS]
    rows = [_row(run, shown) for run in runs]
    lines = [f"{experiment.name}: {experiment.description}" if experiment.description else experiment.name]
    if experiment.tags:
        lines.append(f"tags: {', '.join(experiment.tags)}")
    lines.append(table(["run", "status", "verdict", *shown, "id"], rows) if rows else "no runs yet")
    data = _summary(experiment, runs) | {"runs": [_run(run) for run in runs]}
    return Shown(data, "\n".join(lines))


def _row(run: "RunRecord", metrics: list[str]) -> tuple[Any, ...]:
    values = [run.metrics.get(name) for name in metrics]
    return (run.name, run.status.lower(), run.tags.get(VERDICT), *values, run.run_id)


def _show_run(run: "RunRecord") -> Shown:
    told = {name: value for name, value in run.tags.items() if not name.startswith(("mlflow.", "env.package."))}
    blocks = [
        f"{run.name} ({run.run_id}), {run.status.lower()}, begun {run.started_at:%Y-%m-%d %H:%M:%S} UTC",
        table(["parameter", "value"], list(run.params.items())) if run.params else "",
        table(["metric", "value"], list(run.metrics.items())) if run.metrics else "",
        table(["tag", "value"], list(told.items())) if told else "",
        f"artifacts: {run.artifact_uri}",
    ]
    return Shown(_run(run), "\n\n".join(block for block in blocks if block))


def _run(run: "RunRecord") -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "name": run.name,
        "status": run.status,
        "verdict": run.tags.get(VERDICT),
        "started_at": run.started_at.isoformat(),
        "ended_at": run.ended_at.isoformat() if run.ended_at else None,
        "params": run.params,
        "metrics": run.metrics,
        "tags": run.tags,
        "artifact_uri": run.artifact_uri,
    }
