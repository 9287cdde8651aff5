"""What an MCP server says that it offers, and the hashes by which it is trusted."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from axagents.fields import canonical_json, sha256_text
from axagents.settings import ServerSettings

_LEGAL = re.compile(r"[A-Za-z0-9_.-]+")
_LONGEST_NAME = 64
"""Of `server.tool`: language models' providers take no longer names."""


@dataclass(frozen=True)
class ServerTool:
    """One tool as its server describes it; `parameters` is the JSON schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]

    @property
    def schema_sha256(self) -> str:
        return sha256_text(canonical_json(self.parameters))


@dataclass(frozen=True)
class Listing:
    """What one server offers.

    Attributes:
        left_out: names that cannot be offered to a language model.
    """

    server: str
    tools: tuple[ServerTool, ...]
    left_out: tuple[str, ...] = ()


def make_listing(server: str, tools: Sequence[ServerTool]) -> Listing:
    """Sort what a server offers; a name that is no name, too long or said twice is left out."""
    names = [each.name for each in tools]
    good = [
        each
        for each in tools
        if _LEGAL.fullmatch(each.name)
        and len(f"{server}.{each.name}") <= _LONGEST_NAME
        and names.count(each.name) == 1
        and each.parameters.get("type") == "object"
    ]
    left_out = sorted(set(names) - {each.name for each in good})
    return Listing(server, tuple(sorted(good, key=lambda each: each.name)), tuple(left_out))


@dataclass(frozen=True)
class Pin:
    """What is trusted of a server: how it is started and counted, and every word that it says of its tools."""

    started: str
    offers: str

    def as_dict(self) -> dict[str, str]:
        return {"started": self.started, "offers": self.offers}


def start_hash(settings: ServerSettings) -> str:
    """Return the hash of how a server is started, of what it is given, and of which tools count as reading."""
    return sha256_text(canonical_json([list(settings.command), sorted(settings.env), sorted(settings.read)]))


def make_pin(settings: ServerSettings, listing: Listing) -> Pin:
    """Return what is trusted when a server is trusted as it is now."""
    told = [[each.name, each.description, each.parameters] for each in listing.tools]
    return Pin(start_hash(settings), sha256_text(canonical_json(told)))
