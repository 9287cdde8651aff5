"""The routing in force: who answers a request, over which connections."""

import secrets
from bisect import bisect_right
from pathlib import Path

from axagents.serving.engine.bodies import read_body
from axagents.serving.engine.unfit import Unfit
from axagents.serving.gateway.upstream import Headers, Upstream
from axagents.serving.routing import SLOTS, Routing, Variant, read_routing, routing_path, slot_of
from axagents.stores.inference import unit_text


class Traffic:
    """Follows `routing.json`; connections to a server stay while any variant lies there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stamp = _stamp(folder)
        self._upstreams: dict[str, Upstream] = {}
        self._take(read_routing(folder))

    def _take(self, routing: Routing) -> None:
        self.routing = routing
        self._owners = sorted(routing.answering(), key=lambda each: each.slots)
        self._ends = [each.slots[1] for each in self._owners]
        self.mirrored = tuple(routing.mirrored())
        self.stable = next((each for each in routing.variants if each.role == "stable"), self._owners[-1])
        addresses = {each.address for each in routing.variants}
        for gone in self._upstreams.keys() - addresses:
            self._upstreams.pop(gone).close()
        for address in addresses - self._upstreams.keys():
            self._upstreams[address] = Upstream(address)

    def refresh(self) -> bool:
        """Take a newer state from disk; tell whether there was one."""
        stamp = _stamp(self._folder)
        if stamp == self._stamp:
            return False
        found = read_routing(self._folder)
        self._stamp = stamp
        if found.revision != self.routing.revision:
            self._take(found)
        return True

    def upstream(self, variant: Variant) -> Upstream:
        """Return the connections to a variant."""
        return self._upstreams[variant.address]

    def unit_of(self, headers: Headers, body: bytes) -> str | None:
        """Return the unit that a request names; None where it names none and need not.

        Raises:
            Unfit: it must name one and does not, or its body cannot be read for it.
        """
        asked = self.routing.unit
        if asked is None:
            return None
        if asked.kind == "header":
            wanted = asked.name.lower().encode("latin-1")
            unit = next((value.decode("latin-1") for name, value in headers if name.lower() == wanted), "")
        else:
            unit = _first_cell(asked.name, headers, body)
        if not unit and asked.required:
            raise Unfit(f"this deployment splits by the {asked.kind} {asked.name!r}: send it", field=asked.name)
        return unit or None

    def owner_of(self, unit: str | None) -> Variant:
        """Return the variant that answers a unit; a request without one falls to a slot at random."""
        slot = secrets.randbelow(SLOTS) if unit is None else slot_of(self.routing.salt, unit)
        return self._owners[bisect_right(self._ends, slot)]

    def close(self) -> None:
        """Close all connections at rest."""
        for each in self._upstreams.values():
            each.close()


def _first_cell(column: str, headers: Headers, body: bytes) -> str:
    kind = next((value.decode("latin-1") for name, value in headers if name.lower() == b"content-type"), None)
    table = read_body(body, kind)
    if not table.names or column not in table.names or not table.rows:
        return ""
    cell = table.rows[0][table.names.index(column)]
    return "" if cell is None else unit_text(cell)


def _stamp(folder: Path) -> tuple[int, int]:
    try:
        found = routing_path(folder).stat()
    except FileNotFoundError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_ino)
