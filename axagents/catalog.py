"""Find content: personas, tools, prompts and memory namespaces, a trusted project's own files over the shipped ones."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from axagents import __version__
from axagents.contents import ContentFile, Kind, Origin, content_files
from axagents.errors import NotFound, UserError
from axagents.filesystem import write_whole
from axagents.overlay import PACKAGE, lay_over
from axagents.project import Project
from axagents.toolkit import ToolSpec, Touch, tool_spec
from axagents.trust import state_folder

SINGULAR: Mapping[Kind, str] = {
    "personas": "persona",
    "tools": "tool",
    "sentences": "tool with sentences",
    "prompts": "prompt",
    "memory": "namespace",
}


class ToolFacts(BaseModel):
    """What is known of a tool without importing it; `parameters` is the JSON schema of its request."""

    model_config = ConfigDict(frozen=True)
    name: str
    touches: Touch
    description: str
    parameters: dict[str, Any]
    effect_kind: str | None = None
    origin: Origin = "shipped"


@dataclass(frozen=True)
class Catalog:
    """The content in use, by kind and name."""

    contents: Mapping[Kind, Mapping[str, ContentFile]]

    def files(self, kind: Kind) -> Mapping[str, ContentFile]:
        """Return the files of a kind by name, in order of name."""
        return self.contents[kind]

    def find(self, kind: Kind, name: str) -> ContentFile:
        """Return one file; NotFound names the nearest."""
        files = self.contents[kind]
        if name not in files:
            raise NotFound(SINGULAR[kind], name, list(files))
        return files[name]

    def tool(self, name: str) -> ToolSpec:
        """Import a tool and return what it declares; UserError where the file does not hold that tool."""
        file = self.find("tools", name)
        self._lay_over()
        return _load(file)

    @cached_property
    def tools(self) -> Mapping[str, ToolFacts]:
        """Return what every tool declares, from a cache kept by content hash; only a changed tool is imported."""
        self._lay_over()
        files = self.contents["tools"]
        known = _read_cache()
        found = {name: known.get(file.sha256) or _facts(_load(file), file.origin) for name, file in files.items()}
        fresh = {files[name].sha256: facts for name, facts in found.items()}
        if not fresh.keys() <= known.keys():
            _write_cache({**known, **fresh})
        return {name: facts.model_copy(update={"origin": files[name].origin}) for name, facts in found.items()}

    def _lay_over(self) -> None:
        own = [file for file in self.contents["tools"].values() if file.held is not None]
        lay_over({file.path.stem: (str(file.path), file.content) for file in own})


def open_catalog(project: Project | None) -> Catalog:
    """Return the content in use: the shipped, and over it a trusted project's own."""
    return Catalog(content_files(project))


def _load(file: ContentFile) -> ToolSpec:
    module = import_module(f"{PACKAGE}.{file.path.stem}")
    specs = [spec for spec in map(tool_spec, vars(module).values()) if spec is not None]
    names = sorted({spec.name for spec in specs})
    if names != [file.name]:
        held = f"the tool {', '.join(names)}" if names else "no tool"
        raise UserError(f"{file.path} holds {held}; by its name it must hold exactly {file.name!r}")
    return specs[0]


def _facts(spec: ToolSpec, origin: Origin) -> ToolFacts:
    return ToolFacts(
        name=spec.name,
        touches=spec.touches,
        description=spec.description,
        parameters=spec.schema,
        effect_kind=spec.effect_kind,
        origin=origin,
    )


def _cache_path() -> Path:
    return state_folder() / "cache" / f"tools-{_package_fingerprint()[:16]}.json"


def _package_fingerprint() -> str:
    """Return a digest that changes with any module of the package, where the requests are defined."""
    digest = hashlib.sha256(__version__.encode())
    package = Path(__file__).parent
    for folder, _, names in sorted(os.walk(package)):
        for name in sorted(name for name in names if name.endswith(".py")):
            stat = os.stat(os.path.join(folder, name))
            digest.update(f"{folder}/{name}:{stat.st_mtime_ns}:{stat.st_size}\n".encode())
    return digest.hexdigest()


def _read_cache() -> dict[str, ToolFacts]:
    try:
        kept = json.loads(_cache_path().read_text(encoding="utf-8"))
        return {digest: ToolFacts.model_validate(facts) for digest, facts in kept.items()}
    except (OSError, ValueError, AttributeError, ValidationError):
        return {}


def _write_cache(facts: Mapping[str, ToolFacts]) -> None:
    path = _cache_path()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for old in path.parent.glob("tools-*.json"):
            old.unlink(missing_ok=True)
        write_whole(path, json.dumps({digest: each.model_dump(mode="json") for digest, each in facts.items()}))
    except OSError:
        return  # a cache that cannot be kept costs time, nothing else
