"""How a record reads as text, for search."""

import re
from collections.abc import Iterator
from typing import Any

from axagents.stores.memory.namespaces import Declaration

MOST_CHARACTERS = 8_000
_FIELD = re.compile(r"\{([\w.-]+)\}")


def record_text(key: str, value: dict[str, Any], declaration: Declaration | None = None) -> str:
    """Write a record as one text: its key, the declared template filled in, then every field the template left out.

    A text longer than 8,000 characters is cut; what lies behind is found by key only.
    """
    template = declaration.text if declaration and declaration.text else ""
    told = _FIELD.findall(template)
    filled = _FIELD.sub(lambda found: _read(_look(value, found[1])), template)
    rest = {name: inner for name, inner in value.items() if name not in {field.split(".")[0] for field in told}}
    text = " ".join(part for part in (key, filled, _read(rest)) if part)
    return " ".join(text[:MOST_CHARACTERS].split())


def _look(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _read(value: Any) -> str:
    return " ".join(_leaves(value))


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield str(name)
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif value is not None:
        yield str(value)
