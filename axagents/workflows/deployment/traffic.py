"""Who answers, and which servers run for it, after each kind of change."""

from collections.abc import Sequence

from axagents.serving.local.wanted import Server
from axagents.serving.routing import SLOTS, Routing, Served, Variant
from axagents.serving.routing.dealing import deal_canary
from axagents.serving.routing.state import Role, Unit


def first_routing(deployment: str, server: Server, *, salt: str, unit: Unit | None) -> Routing:
    """Return the routing that gives the first version all the traffic."""
    return Routing(
        deployment=deployment,
        salt=salt,
        unit=unit,
        variants=(_variant(server, "stable", (0, SLOTS)),),
        served=(Served(version=server.version, sha256=server.sha256),),
    )


def switch_to(routing: Routing, server: Server) -> Routing:
    """Return the routing that gives a server all the traffic; what was stable stays warm."""
    old = next((each for each in routing.variants if each.role == "stable" and each.name != server.name), None)
    warm = (old.model_copy(update={"role": "warm", "slots": (0, 0)}),) if old else ()
    now = Served(version=server.version, sha256=server.sha256)
    return _next(
        routing,
        variants=(_variant(server, "stable", (0, SLOTS)), *warm),
        served=(now, *(each for each in routing.served if each.version != now.version)),
    )


def deal(routing: Routing, canary: Server, baseline: Server, *, percent: float, unit: Unit | None) -> Routing:
    """Return the routing that gives a canary its share, and a fresh server of the stable version one as large."""
    slots = deal_canary(percent)
    stable = next(each for each in routing.variants if each.role == "stable")
    return _next(
        routing,
        variants=(
            _variant(canary, "canary", slots["canary"]),
            stable.model_copy(update={"slots": slots["stable"]}),
            _variant(baseline, "baseline", slots["baseline"]),
        ),
        unit=unit or routing.unit,
    )


def without_canary(routing: Routing) -> Routing:
    """Return the routing that gives the stable version all the traffic again."""
    stable = next(each for each in routing.variants if each.role == "stable")
    return _next(routing, variants=(stable.model_copy(update={"slots": (0, SLOTS)}),))


def needed(routing: Routing, servers: Sequence[Server]) -> tuple[Server, ...]:
    """Return the servers that a routing names."""
    addresses = {each.address for each in routing.variants}
    return tuple(each for each in servers if each.address in addresses)


def read_unit(text: str) -> Unit:
    """Return what `unit_id` names: `header:NAME`, else a column."""
    kind, colon, name = text.partition(":")
    return Unit(kind="header", name=name.strip()) if colon and kind == "header" else Unit(kind="column", name=text)


def _next(routing: Routing, **changes: object) -> Routing:
    # Not by model_copy alone, which does not look whether every slot is dealt once.
    changed = routing.model_copy(update={"revision": routing.revision + 1, **changes})
    return Routing.model_validate(changed.model_dump())


def _variant(server: Server, role: Role, slots: tuple[int, int]) -> Variant:
    return Variant(
        name=server.name,
        role=role,
        model=server.model,
        version=server.version,
        sha256=server.sha256,
        address=server.address,
        slots=slots,
    )
