"""Effects on a local deployment: start it, change its servers, change who answers, stop it; all by compare-and-swap."""

from pathlib import Path
from typing import Any

from axagents.effects.effect import Effect, Probe
from axagents.faults import fault_point
from axagents.project import Project
from axagents.serving.local.asking import await_revision
from axagents.serving.local.supervisor import supervisor_of
from axagents.serving.local.wanted import WANTED, Server, Wanted
from axagents.serving.revisioned import Moved
from axagents.serving.routing import ROUTINGS, Routing

Json = dict[str, Any]


def start_deployment(project: Project, arguments: Json) -> Effect:
    """Write what should run for a deployment that has nothing yet; nobody is answered before the first routing.

    Arguments: `deployment`, `wanted` (its first state).
    """
    folder = _folder(project, arguments)
    wanted = Wanted.model_validate(arguments["wanted"])

    def probe() -> Probe:
        return Probe.done(_json(wanted)) if WANTED.read(folder) == wanted else Probe.absent()

    def act() -> Json:
        written = WANTED.write_first(folder, wanted)
        fault_point("deployment.start.written")
        return _json(written)

    def undo(_before: Any, after: Json) -> None:
        _put(folder, Wanted.model_validate(after), {"running": False})

    return Effect(name="deployment.start", arguments=arguments, probe=probe, act=act, undo=undo)


def change_servers(project: Project, arguments: Json) -> Effect:
    """Change which servers of a deployment run; a deployment that was stopped runs again.

    Arguments: `deployment`, `seen` (the revision of what is wanted), `servers`.
    """
    folder, seen = _folder(project, arguments), arguments["seen"]
    servers = tuple(Server.model_validate(each) for each in arguments["servers"])

    def before() -> Json | None:
        return _json(WANTED.read(folder))

    def probe() -> Probe:
        now = WANTED.read(folder)
        whole = now is not None and now.revision == seen + 1 and now.running and now.servers == servers
        return Probe.done(_json(now)) if whole else Probe.absent()

    def act() -> Json:
        changed = WANTED.change(
            folder, seen=seen, change=lambda old: old.model_copy(update={"servers": servers, "running": True})
        )
        fault_point("deployment.serve.written")
        return _json(changed)

    def undo(old: Json, after: Json) -> None:
        was = Wanted.model_validate(old)
        _put(folder, Wanted.model_validate(after), {"servers": was.servers, "running": was.running})

    return Effect(name="deployment.serve", arguments=arguments, probe=probe, act=act, undo=undo, before=before)


def route_traffic(project: Project, arguments: Json) -> Effect:
    """Change who answers, and return once the gateway does it.

    Arguments: `deployment`, `seen` (the revision of the routing, 0 where there is none), `routing` (the next one).
    """
    folder, seen = _folder(project, arguments), arguments["seen"]
    routing = Routing.model_validate(arguments["routing"])

    def before() -> Json | None:
        return _json(ROUTINGS.read(folder))

    def probe() -> Probe:
        if ROUTINGS.read(folder) != routing:
            return Probe.absent()
        _take(project, folder, routing)
        return Probe.done(_json(routing))

    def act() -> Json:
        if seen == 0:
            written = ROUTINGS.write_first(folder, routing)
        else:
            written = ROUTINGS.change(folder, seen=seen, change=lambda _old: routing)
        fault_point("deployment.route.written")
        _take(project, folder, written)
        return _json(written)

    def undo(old: Json | None, after: Json) -> None:
        left = Routing.model_validate(after)
        if old is None:
            ROUTINGS.withdraw(folder, seen=left.revision)
            return
        _take(project, folder, _back(folder, left, Routing.model_validate(old)))

    return Effect(name="deployment.route", arguments=arguments, probe=probe, act=act, undo=undo, before=before)


def stop_deployment(project: Project, arguments: Json) -> Effect:
    """Stop a deployment: its processes end after they have answered what is under way.

    Arguments: `deployment`, `seen` (the revision of what is wanted).
    """
    folder, seen = _folder(project, arguments), arguments["seen"]

    def before() -> Json | None:
        return _json(WANTED.read(folder))

    def probe() -> Probe:
        now = WANTED.read(folder)
        stopped = now is not None and now.revision == seen + 1 and not now.running
        return Probe.done(_json(now)) if stopped else Probe.absent()

    def act() -> Json:
        changed = WANTED.change(folder, seen=seen, change=lambda old: old.model_copy(update={"running": False}))
        fault_point("deployment.stop.written")
        return _json(changed)

    def undo(_before: Any, after: Json) -> None:
        _put(folder, Wanted.model_validate(after), {"running": True})

    return Effect(name="deployment.stop", arguments=arguments, probe=probe, act=act, undo=undo, before=before)


def _folder(project: Project, arguments: Json) -> Path:
    return project.deployments_path / arguments["deployment"]


def _take(project: Project, folder: Path, routing: Routing) -> None:
    """Let the gateway take a routing, where somebody keeps one running."""
    wanted = WANTED.read(folder)
    if wanted is not None and wanted.running and supervisor_of(project.deployments_path):
        await_revision(folder, routing.revision)


def _put(folder: Path, after: Wanted, old: Json) -> None:
    """Put back what is wanted, unless it was put back before."""
    now = WANTED.read(folder)
    if now is not None and now.revision == after.revision + 1 and now == now.model_copy(update=old):
        return
    WANTED.change(folder, seen=after.revision, change=lambda found: found.model_copy(update=old))


def _back(folder: Path, after: Routing, old: Routing) -> Routing:
    """Put the old shares back under a new revision, unless they were put back before."""
    wanted = old.model_copy(update={"revision": after.revision + 1})
    now = ROUTINGS.read(folder)
    if now == wanted:
        return wanted
    running = WANTED.read(folder)
    served = {each.address for each in running.servers} if running else set[str]()
    if not {each.address for each in old.answering()} <= served:
        raise Moved(
            f"a server that {folder.name} had then no longer runs; nothing was changed",
            hint=f"ax deploy rollback {folder.name}",
        )
    return ROUTINGS.change(folder, seen=after.revision, change=lambda _now: wanted)


def _json(document: Wanted | Routing | None) -> Any:
    return document.model_dump(mode="json") if document else None
