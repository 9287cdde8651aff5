"""The whole of a change before it begins: which servers run, who answers, and what is left to run afterwards."""

import secrets

from pydantic import BaseModel, ConfigDict

from axagents.errors import UserError
from axagents.project import Project
from axagents.serving.local.unit import free_port
from axagents.serving.local.wanted import Server, Wanted
from axagents.serving.routing import Routing, Unit
from axagents.stores.registry.state import read_model
from axagents.stores.registry.stored import find_stored, stored_folder
from axagents.workflows.deployment.asked import Asked, Standing, standings
from axagents.workflows.deployment.readiness import open_held, read_columns
from axagents.workflows.deployment.request import DeploymentRequest
from axagents.workflows.deployment.traffic import deal, first_routing, needed, read_unit, switch_to, without_canary


class Plan(BaseModel):
    """What is changed, from what was seen to what it will be; kept with the run, so that a resumed one does the same.

    Attributes:
        staged: what runs before traffic moves; None where nothing changes.
        routing: who answers afterwards; None where nothing changes.
        kept: the servers that run afterwards.
        server: that of the version concerned.
        stages: versions, and the registry stages that follow the traffic.
    """

    model_config = ConfigDict(frozen=True)

    asked: Asked
    staged: Wanted | None = None
    routing: Routing | None = None
    kept: tuple[Server, ...] = ()
    server: Server | None = None
    stages: tuple[tuple[str, str], ...] = ()

    @property
    def serving(self) -> Server | None:
        """The server that answered most before."""
        stable = self.asked.standing.stable if self.asked.standing else None
        return _at(self.asked.standing, stable.address) if self.asked.standing and stable else None


def plan_change(project: Project, request: DeploymentRequest, asked: Asked) -> Plan:
    """Return the plan of what was asked.

    Raises:
        Refused: the version's folder is gone, or is not what was registered.
        UserError: the version that serves cannot answer requests that name their unit as asked.
    """
    if asked.kind in {"status", "unchanged"}:
        return Plan(asked=asked)
    standing = asked.standing
    unit = read_unit(request.unit_id) if request.unit_id else None
    if standing is None:
        return _plan_first(project, asked, unit)
    routing, servers = standing.routing, standing.wanted.servers
    if asked.kind == "abort":
        assert routing is not None
        return _planned(project, asked, servers, routing=without_canary(routing), server=_stable(standing))
    if asked.kind == "promote":
        return _plan_promotion(project, asked, standing)
    server = _running(standing, asked.version) or _server(project, asked, unit, standing=standing)
    more = servers if server in servers else (*servers, server)
    if routing is None:
        first = first_routing(asked.deployment, server, salt=secrets.token_hex(8), unit=unit)
        return _planned(project, asked, more, routing=first, server=server)
    if asked.strategy != "canary":
        return _planned(project, asked, more, routing=switch_to(routing, server), server=server)
    stable = _stable(standing)
    _check_unit(project, unit, stable)
    baseline = stable.model_copy(update={"name": f"baseline-{server.name}", "port": _port(project, server.port)})
    dealt = deal(routing, server, baseline, percent=asked.percent, unit=unit)
    return _planned(project, asked, (*more, baseline), routing=dealt, server=server)


def _plan_first(project: Project, asked: Asked, unit: Unit | None) -> Plan:
    server = _server(project, asked, unit, standing=None)
    wanted = Wanted(deployment=asked.deployment, port=_port(project, server.port), servers=(server,))
    routing = first_routing(asked.deployment, server, salt=secrets.token_hex(8), unit=unit)
    return Plan(
        asked=asked, staged=wanted, routing=routing, kept=wanted.servers, server=server, stages=_stages(project, asked)
    )


def _plan_promotion(project: Project, asked: Asked, standing: Standing) -> Plan:
    assert standing.routing is not None
    canary, stable = standing.canary, _stable(standing)
    assert canary is not None
    server = _at(standing, canary.address)
    if asked.percent == 100:
        return _planned(
            project, asked, standing.wanted.servers, routing=switch_to(standing.routing, server), server=server
        )
    baseline = next((each for each in standing.routing.variants if each.role == "baseline"), None)
    dealt = deal(
        standing.routing,
        server,
        _at(standing, baseline.address) if baseline else stable,
        percent=asked.percent,
        unit=None,
    )
    return _planned(project, asked, standing.wanted.servers, routing=dealt, server=server)


def _planned(
    project: Project, asked: Asked, servers: tuple[Server, ...], /, *, routing: Routing, server: Server
) -> Plan:
    assert asked.standing is not None
    wanted = asked.standing.wanted
    changes = wanted.servers != servers or not wanted.running
    staged = wanted.model_copy(update={"servers": servers, "running": True, "revision": wanted.revision + 1})
    return Plan(
        asked=asked,
        staged=staged if changes else None,
        routing=routing,
        kept=needed(routing, servers),
        server=server,
        stages=_stages(project, asked),
    )


def _stages(project: Project, asked: Asked) -> tuple[tuple[str, str], ...]:
    """Return the stage that follows the traffic, unless the registry says it already."""
    version, stage = asked.version, "production" if asked.percent == 100 else "canary"
    if asked.kind == "abort":
        canary = asked.standing.canary if asked.standing else None
        version, stage = (canary.version if canary else version), "staged"
    found = read_model(project, asked.model).find(version)
    stands = found is None or found.stage == stage or (found.stage == "production" and stage != "production")
    return () if stands else ((version, stage),)


def _server(project: Project, asked: Asked, unit: Unit | None, *, standing: Standing | None) -> Server:
    """Return a server for the version at a port of its own; it may be sent what clients of the stable one send."""
    registered = read_model(project, asked.model).find(asked.version)
    stored = find_stored(project, asked.model, asked.version)
    assert registered is not None
    if stored is None:
        raise UserError(f"{registered.name} is not whole in the registry", hint=f"ax registry show {registered.name}")
    folder = stored_folder(project, stored)
    columns = read_columns(open_held(project, folder))
    sent = _sent(project, standing) | ({unit.name} if unit and unit.kind == "column" else set[str]())
    return Server(
        name=asked.version.replace("+", "_"),
        model=asked.model,
        version=asked.version,
        sha256=registered.sha256,
        folder=folder,
        port=_port(project),
        ignored=tuple(sorted(sent - set(columns))),
    )


def _sent(project: Project, standing: Standing | None) -> set[str]:
    if standing is None or standing.stable is None:
        return set()
    stable = _stable(standing)
    return {*read_columns(open_held(project, stable.folder)), *stable.ignored}


def _running(standing: Standing, version: str) -> Server | None:
    variants = standing.routing.variants if standing.routing else ()
    found = next((each for each in variants if each.version == version), None)
    return _at(standing, found.address) if found else None


def _stable(standing: Standing) -> Server:
    assert standing.stable is not None
    return _at(standing, standing.stable.address)


def _at(standing: Standing | None, address: str) -> Server:
    assert standing is not None
    return next(each for each in standing.wanted.servers if each.address == address)


def _check_unit(project: Project, unit: Unit | None, stable: Server) -> None:
    if unit is None or unit.kind == "header":
        return
    columns = read_columns(open_held(project, stable.folder))
    if unit.name not in columns and unit.name not in stable.ignored:
        raise UserError(
            f"unit_id: {stable.version}, which serves, refuses requests with the column {unit.name!r}",
            field="unit_id",
            legal=sorted(columns),
            hint="name a header instead: header:NAME",
        )


def _port(project: Project, *taken: int) -> int:
    known = [each.wanted for each in standings(project).values()]
    used = {*taken, *(each.port for each in known), *(server.port for each in known for server in each.servers)}
    return next(port for port in iter(free_port, None) if port not in used)
