"""Content files: the shipped ones, and over them a trusted project's own, each as it was hashed."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from axagents.content import SHIPPED
from axagents.documents import Model, parse_yaml
from axagents.errors import UserError
from axagents.progress import note
from axagents.project import Project
from axagents.trust import Holding, read_holding

Kind = Literal["personas", "tools", "sentences", "prompts", "memory"]
Origin = Literal["shipped", "project"]

SUFFIXES: Mapping[Kind, str] = {
    "personas": ".yaml",
    "tools": ".py",
    "sentences": ".yaml",
    "prompts": ".j2",
    "memory": ".yaml",
}
FOLDERS: Mapping[Kind, str] = {kind: "tools" if kind == "sentences" else kind for kind in SUFFIXES}
"""Where each kind lies; what the offline planner knows of a tool lies beside it, as `tools/<tool>.yaml`."""


@dataclass(frozen=True)
class ContentFile:
    """One content file; a project's own is held as the bytes that were hashed.

    Attributes:
        name: the file's stem; that of a tool and of its sentences with hyphens, as in "ml-train".
        path: where it lies, for messages.
    """

    kind: Kind
    name: str
    path: Path
    origin: Origin
    held: bytes | None = None

    @property
    def content(self) -> bytes:
        return self.path.read_bytes() if self.held is None else self.held

    @property
    def text(self) -> str:
        """Return the content as text; UserError when it is not UTF-8."""
        try:
            return self.content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UserError(f"{self.path} is not UTF-8 at byte {error.start}") from error

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def parse(self, model: type[Model]) -> Model:
        """Read a YAML file as `model`; UserError names the file and the field."""
        return parse_yaml(self.text, model, source=str(self.path))


def content_files(project: Project | None) -> Mapping[Kind, Mapping[str, ContentFile]]:
    """Return the files of each kind by name; a project's own count when `content = true` and they are trusted."""
    contents: dict[Kind, dict[str, ContentFile]] = {kind: _by_name(_shipped(kind), kind) for kind in SUFFIXES}
    if project is not None and project.settings.content:
        holding = read_holding(project.root)
        if holding.state == "trusted":
            own = _own(holding)
            contents = {kind: {**files, **_by_name(own, kind)} for kind, files in contents.items()}
        elif holding.state != "none":
            changed = "changed since it was trusted" if holding.state == "changed" else "not trusted"
            note(f"this project's own content is {changed} and was left out; to look at it and trust it: ax trust")
    return {kind: dict(sorted(files.items())) for kind, files in contents.items()}


def _by_name(files: list[ContentFile], kind: Kind) -> dict[str, ContentFile]:
    return {file.name: file for file in files if file.kind == kind}


def _shipped(kind: Kind) -> list[ContentFile]:
    folder = Path(SHIPPED) / FOLDERS[kind]
    found = sorted(folder.glob(f"*{SUFFIXES[kind]}")) if folder.is_dir() else []
    return [ContentFile(kind, _name(kind, path), path, "shipped") for path in found]


def _own(holding: Holding) -> list[ContentFile]:
    found: list[ContentFile] = []
    for file in holding.files:
        path = holding.root / file.path
        for kind, suffix in SUFFIXES.items():
            if file.path == f"{FOLDERS[kind]}/{path.name}" and path.suffix == suffix:
                found.append(ContentFile(kind, _name(kind, path), path, "project", file.content))
    return found


def _name(kind: Kind, path: Path) -> str:
    return path.stem.replace("_", "-") if FOLDERS[kind] == "tools" else path.stem
