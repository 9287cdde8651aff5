"""Which version answers whom: shares, sticky slots, and their state on disk, changed by compare-and-swap."""

from axagents.serving.revisioned import Moved
from axagents.serving.routing.slots import SLOTS, slot_of
from axagents.serving.routing.state import Routing, Served, Unit, Variant
from axagents.serving.routing.store import ROUTINGS, change_routing, read_routing, routing_path, write_first

__all__ = [
    "ROUTINGS",
    "SLOTS",
    "Moved",
    "Routing",
    "Served",
    "Unit",
    "Variant",
    "change_routing",
    "read_routing",
    "routing_path",
    "slot_of",
    "write_first",
]
