"""Keep a report in a project's MLflow store: one run for each model."""

from axagents.evaluation.report import Report, Row
from axagents.project import Project
from axagents.stores.tracking.entries import log_metrics, log_params
from axagents.stores.tracking.experiments import ExperimentRecord, open_experiment
from axagents.stores.tracking.location import prepare_store
from axagents.stores.tracking.runs import finish_run, open_run

EXPERIMENT = "evals"
_FIGURES = ("pass_1", "pass_k", "low", "high", "steps", "calls", "tokens", "cost_usd", "seconds", "needless")


def keep_report(project: Project, report: Report) -> list[str]:
    """Write the totals of a report, and those of each area, and return the ids of the MLflow runs."""
    prepare_store(project)
    experiment = open_experiment(project, EXPERIMENT, description="What the agents can do: totals of ax eval run.")
    return [_keep(project, experiment, report, row=row) for row in report.models]


def _keep(project: Project, experiment: ExperimentRecord, report: Report, *, row: Row) -> str:
    run = open_run(project, experiment, name=row.model, owner=f"eval {report.made_at} {row.model}")
    log_params(project, run.run_id, {"model": row.model, "tasks": row.tasks, "trials": row.trials, "k": row.k})
    areas = {f"pass_1.{area.name}": area.pass_1 for area in report.areas if area.model == row.model}
    log_metrics(project, run.run_id, {**{name: float(getattr(row, name)) for name in _FIGURES}, **areas})
    finish_run(project, run.run_id)
    return run.run_id
