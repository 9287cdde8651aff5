"""Import a trusted project's tools from the very bytes that were hashed, under the names that ours have."""

import sys
import threading
from collections.abc import Mapping, Sequence
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import decode_source, spec_from_file_location
from types import ModuleType

PACKAGE = "axagents.content.tools"


class _Loader(InspectLoader):
    """Loads one module from bytes; no bytecode cache and no later edit is ever read."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def get_source(self, fullname: str) -> str:
        del fullname
        return decode_source(self._content)

    def is_package(self, fullname: str) -> bool:
        del fullname
        return False


class _Finder(MetaPathFinder):
    """Finds the modules of one project's tools before the shipped ones."""

    def __init__(self) -> None:
        self.sources: Mapping[str, tuple[str, bytes]] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        found = self.sources.get(fullname)
        if found is None:
            return None
        return spec_from_file_location(fullname, found[0], loader=_Loader(found[1]))


_finder = _Finder()
_lock = threading.Lock()


def lay_over(sources: Mapping[str, tuple[str, bytes]]) -> None:
    """Serve these modules (name to path and bytes) instead of the shipped ones, and no others served before."""
    wanted = {f"{PACKAGE}.{name}": source for name, source in sources.items()}
    with _lock:
        if wanted == _finder.sources:
            return
        for name in {*_finder.sources, *wanted}:
            sys.modules.pop(name, None)
        _finder.sources = wanted
        if _finder not in sys.meta_path:
            sys.meta_path.insert(0, _finder)
