"""`ax eval`: measure what the agents can do, on seeded worlds, graded by what is left there."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from axagents.cli.common import Need, command, group
from axagents.cli.output import Shown, table

if TYPE_CHECKING:
    from axagents.evaluation.evidence import Line, Played
    from axagents.project import Project

app = group("Measure what the agents can do, on seeded worlds.")

EvalsOption = Annotated[Path | None, typer.Option("--evals", help="The folder of evals; by default the checkout's.")]


@command(app, "list", project=Need.NONE)
def list_(*, evals: EvalsOption = None) -> Shown:
    """List the tasks."""
    from axagents.evaluation.runner import find_evals, read_suite

    tasks = read_suite(find_evals(evals)).tasks.values()
    rows = [
        (task.id, task.area, task.world, task.agent, ", ".join(task.model), ", ".join(task.attacks)) for task in tasks
    ]
    data = {"tasks": [task.model_dump(mode="json") for task in tasks]}
    return Shown(data, table(["task", "area", "world", "agent", "played by", "attacks"], rows))


@command(app, "run", project=Need.NONE)
def run(
    wanted: Annotated[list[str] | None, typer.Argument(metavar="TASK|AREA", help="By default all.")] = None,
    *,
    model: Annotated[
        list[str] | None,
        typer.Option(help="offline, script:NAME, or a provider such as claude. Default: what needs no network."),
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="Trials of each task.")] = 1,
    k: Annotated[int | None, typer.Option("-k", min=1, help="k of pass^k; by default the trials.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the worlds.")] = 0,
    attacks: Annotated[bool, typer.Option("--attacks/--no-attacks", help="Plant the orders of attackers too.")] = True,
    json_: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the report there too.")] = None,
    log_to: Annotated[Path | None, typer.Option(metavar="DIR", help="Log the totals to that project's MLflow.")] = None,
    cache: Annotated[Path | None, typer.Option(metavar="DIR", help="Where built worlds are kept.")] = None,
    evals: EvalsOption = None,
) -> Shown:
    """Run tasks and grade them; a broken gate exits 1."""
    from axagents.evaluation.measuring import Asked, measure
    from axagents.evaluation.report import write_text

    asked = Asked(tuple(wanted or ()), tuple(model or ()), trials, attacks=attacks, k=k, seed=seed)
    report = measure(asked, play=_play, evals=evals, cache=cache)
    if json_:
        _write(json_, report.model_dump_json(indent=1))
    if log_to:
        from axagents.evaluation.keeping import keep_report
        from axagents.project import open_project

        keep_report(open_project(log_to), report)
    return Shown(report, write_text(report), exit_code=1 if report.broken_gates else 0)


@command(app, "compare", project=Need.NONE)
def compare(
    first: Annotated[Path, typer.Argument(metavar="A.json", help="A report of ax eval run --json.")],
    second: Annotated[Path, typer.Argument(metavar="B.json", help="Another one.")],
) -> Shown:
    """Compare two reports on the trials that both made."""
    from axagents.evaluation.comparison import compare_reports, read_report, write_comparison

    found = compare_reports(read_report(first), read_report(second))
    return Shown({"compared": [each.model_dump(mode="json") for each in found]}, write_comparison(found))


def _play(project: "Project", line: "Line") -> "Played":
    """Play one line; the processes that make the trials load what plays it, and this one does not."""
    from axagents.agents.playing import play_line

    return play_line(project, line)


def _write(path: Path, text: str) -> None:
    from axagents.errors import UserError

    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}", field="--json") from None
