"""Facts as documents state them: each with its source and date, numbered in the order in which it is first stated."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from axagents.clock import parse_stamp

Json = dict[str, Any]
"""A fact, or whatever else the gathering step hands to the templates: plain JSON."""

_MARKUP = re.compile(r"[\\`*|]|(?<=\])[(\[]")


def part(told: Mapping[str, Any], name: str) -> Json:
    """Return a part of a record that is a mapping itself; an empty one where it is missing."""
    return told.get(name) or {}


def fact(name: str, value: Any, *, source: str, at: str | None, text: str | None = None) -> Json:
    """Return a fact; `value` is a text, a number, or a figure with mean, low and high."""
    shown = write_value(value) if text is None else text
    number = value.get("mean") if isinstance(value, Mapping) else value  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return {"name": name, "value": number, "text": shown, "source": source, "at": at or ""}


def write_value(value: Any) -> str:
    """Write a value as a document shows it, a figure with its interval."""
    if isinstance(value, Mapping):
        figure: Mapping[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
        mean, low, high = (figure.get(name) for name in ("mean", "low", "high"))
        interval = f" [{low:.4f}, {high:.4f}]" if low is not None and high is not None else ""
        return f"{mean:.4f}{interval}" if mean is not None else "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def plain(value: Any) -> str:
    """Write a text of the records on one line, so that it is text in Markdown too: no link, no markup, no HTML."""
    line = " ".join(str(value).split())
    shown = "".join(letter for letter in line if letter.isprintable())
    return _MARKUP.sub(lambda found: "\\" + found.group(0), shown).replace("<", "&lt;")


def moment(stamp: str) -> str:
    """Write a stamp as a person reads it."""
    return f"{parse_stamp(stamp):%Y-%m-%d %H:%M} UTC" if stamp else "unknown"


@dataclass
class FactBook:
    """The facts that one document states, by name, value and source."""

    stated: dict[tuple[str, str, str], Json] = field(default_factory=dict[tuple[str, str, str], Json])

    def cite(self, stated: Json | None) -> str:
        """Write a fact with its number, and note that it was stated."""
        return "not known" if stated is None else f"{plain(stated['text'])} ({self.number(stated)})"

    def number(self, stated: Json) -> str:
        """Return the number of a fact, and note that it was stated."""
        key = (stated["name"], stated["text"], stated["source"])
        return str(self.stated.setdefault(key, {**stated, "number": f"F{len(self.stated) + 1}"})["number"])

    def listed(self) -> list[Json]:
        """Return the facts stated so far, by number."""
        return list(self.stated.values())
