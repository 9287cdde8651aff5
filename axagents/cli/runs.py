"""`ax runs`: list, show, resume, abandon and undo runs."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from axagents.cli.common import Need, command, group, wants_more
from axagents.cli.output import Shown, table
from axagents.errors import UserError

if TYPE_CHECKING:
    from axagents.project import Project
    from axagents.stores.runs import RunRecord

app = group("List, show, resume, abandon and undo runs.")

RunArgument = Annotated[str, typer.Argument(help="The run's identifier, or a beginning that fits one run only.")]


@command(app, "list")
def list_(
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    name: Annotated[str | None, typer.Option(help="Only runs of this workflow or persona.")] = None,
) -> Shown:
    """List the newest runs."""
    from axagents.project import current_project
    from axagents.stores.runs import Runs

    runs = Runs(current_project()).newest(limit=limit, name=name)
    rows = [(each.run_id, each.kind, each.name, _status(each), each.verdict, each.started_at[:19]) for each in runs]
    text = table(["run", "kind", "name", "status", "verdict", "started"], rows) if rows else "no runs yet"
    return Shown({"runs": [_summary(each) for each in runs]}, text)


@command(app, "show")
def show(run: RunArgument) -> Shown:
    """Show one run as a tree of turns, calls, steps, effects and inner runs, with times, tokens and cost."""
    from axagents.cli.drawing import draw_tree, tell_totals
    from axagents.project import current_project
    from axagents.stores.journal import Journal
    from axagents.stores.runs import Runs
    from axagents.stores.traces.recording import trace_of
    from axagents.stores.traces.tree import add_up, read_tree

    project = current_project()
    runs = Runs(project)
    record = runs.get(run)
    tree = read_tree(project, record.run_id)
    totals = add_up(tree)
    effects = [
        {"effect": each.effect, "status": each.status, "arguments": each.arguments, "reason": each.reason}
        for each in Journal(project).of_run(record.run_id)
    ]
    data = {
        **_summary(record),
        "request": record.request,
        "result": record.result,
        "error": record.error,
        "steps": [{"step": each.step, "seconds": each.seconds} for each in runs.steps(record.run_id)],
        "effects": effects,
        "children": [_summary(each) for each in runs.children(record.run_id)],
        "trace_id": trace_of(project, record.run_id),
        "trace": [each.as_dict() for each in tree.walk()],
        "totals": asdict(totals),
    }
    verdict = f"  {record.verdict}" if record.verdict else ""
    lines = [f"{record.name}  {record.run_id}  {_status(record)}{verdict}", "", draw_tree(tree, whole=wants_more())]
    lines += ["", tell_totals(totals)] if tell_totals(totals) else []
    ended = [record.error["message"]] if record.error else []
    if _status(record) in {"interrupted", "failed", "waiting"}:
        ended.append(f"next: ax runs resume {record.run_id}")
    lines += ["", *ended] if ended else []
    return Shown(data, "\n".join(lines))


@command(app, "resume", project=Need.READS)
def resume(run: RunArgument) -> Shown:
    """Go on with a run at its first unfinished step."""
    from axagents.project import current_project
    from axagents.stores.runs import Runs

    project = current_project()
    record = Runs(project).get(run)
    record.check_resumable()
    return _RESUME[record.kind](project, record.run_id)


def _resume_workflow(project: "Project", run_id: str) -> Shown:
    from axagents.workflows.engine import resume_workflow

    done = resume_workflow(project, run_id)
    return Shown(done.model_dump(mode="json", exclude={"report"}), done.report, verdict=done.verdict)


def _resume_command(project: "Project", run_id: str) -> Shown:
    from axagents.agents.single_call import CALL
    from axagents.effects import resume_command
    from axagents.stores.runs import Runs

    if Runs(project).get(run_id).name == CALL:
        return _resume_call(project, run_id)
    done = resume_command(project, run_id)
    told = "it had been done" if done.repeated else "done"
    return Shown({"run_id": run_id, "status": "completed", "repeated": done.repeated}, f"{run_id}: {told}")


def _resume_call(project: "Project", run_id: str) -> Shown:
    from axagents.mcp.calls import resume_call

    result = resume_call(project, run_id)
    if result.get("status") == "waiting":
        return Shown(result, f"{result['text']}\nnext: {result['approve'][0]}", exit_code=3)
    return Shown({"run_id": run_id, "status": "completed", "result": result}, f"{run_id}: done")


def _resume_agent(project: "Project", run_id: str) -> Shown:
    from axagents.cli.agent import show_resumed

    return show_resumed(project, run_id)


_RESUME = {"workflow": _resume_workflow, "command": _resume_command, "agent": _resume_agent}


@command(app, "abandon")
def abandon(run: RunArgument) -> Shown:
    """Give a run up: it can no longer be resumed. What it did stays done."""
    from axagents.project import current_project
    from axagents.stores.runs import Runs

    runs = Runs(current_project())
    record = runs.get(run)
    if record.status == "completed":
        raise UserError(f"run {record.run_id} is completed: there is nothing to abandon")
    record.check_stopped()
    runs.fail(record.run_id, None, status="abandoned")
    return Shown({"run_id": record.run_id, "status": "abandoned"}, f"{record.run_id} is abandoned")


@command(app, "undo")
def undo(run: RunArgument) -> Shown:
    """Take back what a run changed that others rely on; refused where somebody changed it again since."""
    from axagents.actor import refuse_agents
    from axagents.project import current_project
    from axagents.stores.runs import Runs

    project = current_project()
    record = Runs(project).get(run)
    refuse_agents("undo what a run did")
    # Only now: whatever was wrong is told without waiting for MLflow.
    from axagents.effects import undo_run

    done = undo_run(project, record.run_id)
    data = [{"effect": each.effect, "run_id": each.run_id, "arguments": each.arguments} for each in done]
    lines = [f"{each.effect} of {each.run_id} is undone" for each in done]
    return Shown({"run_id": record.run_id, "undone": data}, "\n".join(lines))


def _status(record: "RunRecord") -> str:
    return "interrupted" if record.interrupted else record.status


def _summary(record: "RunRecord") -> dict[str, Any]:
    return {
        "run_id": record.run_id,
        "kind": record.kind,
        "name": record.name,
        "status": _status(record),
        "verdict": record.verdict,
        "parent": record.parent,
        "started_at": record.started_at,
        "finished_at": record.finished_at,
    }
