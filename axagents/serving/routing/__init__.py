"""Which version answers whom: shares, sticky slots, and their state on disk, changed by compare-and-swap."""

from axagents.serving.revisioned import Moved
from axagents.serving.routing.slots import SLOTS, slot_of
from axagents.serving.routing.state import Routing, Unit, Variant
from axagents.serving.routing.store import change_routing, read_routing, routing_path, write_first

__all__ = [
    "SLOTS",
    "Moved",
    "Routing",
    "Unit",
    "Variant",
    "change_routing",
    "read_routing",
    "routing_path",
    "slot_of",
    "write_first",
]
