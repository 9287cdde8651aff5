"""`ax deploy`: look at deployments, promote or abort a rollout, roll back, stop, read logs."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from axagents.cli.common import Need, command, group
from axagents.cli.output import Shown, table
from axagents.errors import Failed, NotFound, UserError

if TYPE_CHECKING:
    from axagents.workflows.deployment.asked import Standing

app = group("Look at deployments, and change who answers.")

NameArgument = Annotated[str | None, typer.Argument(metavar="DEPLOYMENT", help="Its name; not needed where one fits.")]
WhyOption = Annotated[str | None, typer.Option(help="Why, for the record.")]
_LINES = 20


@command(app, "list")
def list_() -> Shown:
    """List the deployments: who serves, and how their processes stand."""
    from axagents.project import current_project
    from axagents.serving.local.supervisor import supervisor_of
    from axagents.workflows.deployment.asked import standings

    project = current_project()
    kept = supervisor_of(project.deployments_path)
    found = [_facts(name, each) for name, each in standings(project).items()]
    data = {"deployments": found, "kept_running": kept is not None}
    if not found:
        return Shown(data, "nothing is deployed yet\nnext: ax run mlops-deployment --input '{\"model_name\": ...}'")
    rows = [(each["deployment"], each["model"], each["serves"], each["state"], each["url"]) for each in found]
    text = table(["deployment", "model", "serves", "state", "address"], rows)
    told = "" if kept else "\nnobody keeps them running; next: ax serve --detach"
    return Shown(data, text + told)


@command(app, "status")
def status(deployment: NameArgument = None) -> Shown:
    """Show one deployment: its shares, its processes and what the gateway counted."""
    from dataclasses import asdict

    from axagents.project import current_project
    from axagents.serving.local.asking import gateway_state
    from axagents.serving.local.supervisor import seen

    project = current_project()
    name, standing = _find(deployment)
    folder = project.deployments_path / name
    processes, counted = seen(folder), gateway_state(folder) if standing.wanted.running else None
    facts = _facts(name, standing)
    data = {**facts, "processes": [asdict(each) for each in processes], "gateway": counted}
    variants = standing.routing.variants if standing.routing else ()
    counts: dict[str, Any] = (counted or {}).get("variants", {})
    rows = [
        (each.name, each.role, each.version, f"{each.share:g} %", *_counted(counts.get(each.name))) for each in variants
    ]
    lines = [f"{name}: {facts['state']}, {facts['url']}", ""]
    lines.append(table(["server", "role", "version", "traffic", "requests", "failed"], rows))
    running = [(each.name, each.state, each.address, each.restarts, each.note) for each in processes]
    lines += ["", table(["process", "state", "address", "restarts", "note"], running)] if running else []
    return Shown(data, "\n".join(lines))


@command(app, "promote", project=Need.WRITES)
def promote(
    deployment: NameArgument = None,
    *,
    traffic: Annotated[float | None, typer.Option(help="The canary's share in percent; by default all.")] = None,
    why: WhyOption = None,
) -> Shown:
    """Give the canary of a running rollout more of the traffic, or all of it."""
    return _act("promote", deployment, traffic_percentage=traffic, why=why)


@command(app, "abort", project=Need.WRITES)
def abort(deployment: NameArgument = None, *, why: WhyOption = None) -> Shown:
    """End a running rollout: the stable version gets all the traffic again."""
    return _act("abort", deployment, why=why)


@command(app, "rollback", project=Need.WRITES)
def rollback(
    deployment: NameArgument = None,
    *,
    to: Annotated[str | None, typer.Option(metavar="VERSION", help="By default the version before.")] = None,
    why: WhyOption = None,
) -> Shown:
    """Return to the version that served before, or to a named one."""
    return _act("rollback", deployment, target_version=to, why=why)


@command(app, "stop", project=Need.WRITES)
def stop(
    deployment: NameArgument = None,
    *,
    all_: Annotated[bool, typer.Option("--all", help="Every deployment of this project.")] = False,
) -> Shown:
    """Stop a deployment after it has answered what is under way; its record stays."""
    from axagents.project import current_project
    from axagents.workflows.deployment.asked import standings

    if all_ and deployment:
        raise UserError("--all stops every deployment; name one, or leave the name out", field="--all")
    known = standings(current_project())
    chosen = list(known) if all_ else [_find(deployment)[0]]
    stopped = [name for name in chosen if known[name].wanted.running]
    for name in stopped:
        _stop(name, seen=known[name].wanted.revision)
    if not stopped:
        told = f"{chosen[0]} is stopped already" if len(chosen) == 1 else "nothing runs"
        return Shown({"stopped": []}, told)
    return Shown({"stopped": stopped}, "\n".join(f"{name} is stopped" for name in stopped))


@command(app, "logs")
def logs(
    deployment: NameArgument = None,
    *,
    lines: Annotated[int, typer.Option(min=1, help="Lines of each process.")] = _LINES,
) -> Shown:
    """Show the newest lines that a deployment's processes wrote."""
    from axagents.project import current_project

    name, _ = _find(deployment)
    paths = sorted((current_project().deployments_path / name / "logs").glob("*.log"))
    told = {each.stem: each.read_text(errors="replace").splitlines()[-lines:] for each in paths}
    text = "\n".join(line for process, found in told.items() for line in (f"== {process}", *found))
    return Shown({"deployment": name, "logs": told}, text or f"the processes of {name} wrote nothing")


def _act(action: str, deployment: str | None, **more: Any) -> Shown:
    from axagents.workflows.engine import run_workflow

    asked = {"action": action, "deployment": deployment, **more}
    done = run_workflow(None, "mlops-deployment", {name: value for name, value in asked.items() if value is not None})
    return Shown(done.model_dump(mode="json", exclude={"report"}), done.report, verdict=done.verdict)


def _stop(name: str, *, seen: int) -> None:
    import time

    from axagents.effects import perform_command
    from axagents.effects.deployment import stop_deployment
    from axagents.project import current_project
    from axagents.serving.local.supervisor import seen as processes_of
    from axagents.serving.local.supervisor import supervisor_of

    project = current_project()
    effect = stop_deployment(project, {"deployment": name, "seen": seen})
    perform_command(project, effect, name=f"deploy stop {name}")
    until = time.monotonic() + 60
    while supervisor_of(project.deployments_path) and processes_of(project.deployments_path / name):
        if time.monotonic() > until:
            raise Failed(f"{name} was told to stop and is not done yet", hint=f"ax deploy status {name}")
        time.sleep(0.05)


def _find(deployment: str | None) -> "tuple[str, Standing]":
    from axagents.project import current_project
    from axagents.workflows.deployment.asked import standings

    known = standings(current_project())
    if deployment is None and len(known) == 1:
        return next(iter(known.items()))
    if deployment is None:
        told = f"which deployment? there is {', '.join(known)}" if known else "nothing is deployed yet"
        raise UserError(told, field="DEPLOYMENT", legal=list(known), hint="ax deploy list")
    if deployment not in known:
        raise NotFound("deployment", deployment, known, hint="ax deploy list", field="DEPLOYMENT")
    return deployment, known[deployment]


def _facts(name: str, standing: "Standing") -> dict[str, Any]:
    variants = standing.routing.variants if standing.routing else ()
    shares = [
        {"variant": each.name, "role": each.role, "version": each.version, "percent": each.share} for each in variants
    ]
    serves = ", ".join(f"{each.version} {each.share:g} %" for each in variants if each.share)
    running = standing.wanted.running
    state = "stopped" if not running else "rolling out" if standing.canary else "serving" if variants else "starting"
    return {
        "deployment": name,
        "model": standing.model,
        "serves": serves or "nobody",
        "state": state,
        "url": standing.wanted.url,
        "revision": standing.routing.revision if standing.routing else 0,
        "shares": shares,
    }


def _counted(counts: dict[str, Any] | None) -> tuple[Any, Any]:
    return (counts["requests"], counts["failed"]) if counts else ("", "")
