"""Where a document goes in the project, and whether it may go there."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from axagents.effects import perform
from axagents.effects.documents import publish_document, read_digest
from axagents.errors import UserError
from axagents.project import STATE_FOLDER, Project
from axagents.stores.journal import Journal
from axagents.workflows.publishing.request import FOLDER

_EFFECT = "documents.publish"


class PlannedPublication(BaseModel):
    """A document, its place, and what stands there now: no file, one that was published before, or another."""

    model_config = ConfigDict(frozen=True)

    source: str
    sha256: str
    target: str
    replaces: str | None

    @property
    def outcome(self) -> Literal["new", "replaced", "unchanged"]:
        if self.replaces is None:
            return "new"
        return "unchanged" if self.replaces == self.sha256 else "replaced"


def default_place(name: str) -> str:
    """Return where a document of that name goes unless another place is named."""
    return f"{FOLDER}/{name}"


def plan_publication(
    project: Project, source: str | None, place: str, *, sha256: str | None = None, replace: bool = False
) -> PlannedPublication:
    """Return what publishing would do.

    Args:
        source: the document, relative to the project; None when it is not written yet.
        place: a Markdown file, or a folder that ends in `/`.
        sha256: what the document must still be.

    Raises:
        UserError: the document changed or is gone, or it may not go there.
    """
    named = place + Path(source).name if source and place.endswith("/") else place
    target = _inside(project, named)
    present = read_digest(project.root / target)
    digest = (read_digest(project.root / source) if source else None) or ""
    if source and not digest:
        raise UserError(f"there is no {source} any more", field="document", hint="ax run write-document --input ...")
    if source and sha256 not in (None, digest):
        raise UserError(f"{source} changed since it was written: its SHA-256 is {digest}", field="sha256")
    ours = {entry.after["sha256"] for entry in Journal(project).done(_EFFECT) if entry.after["target"] == target}
    if present not in {None, digest, *ours} and not replace:
        raise UserError(
            f"{target} is a file that was written or changed by hand; it is not overwritten",
            field="path",
            hint="name another path, or add --set replace=true",
        )
    return PlannedPublication(source=source or "", sha256=digest, target=target, replaces=present)


def publish_planned(project: Project, planned: PlannedPublication, *, run_id: str) -> None:
    """Publish, once."""
    effect = publish_document(project, planned.model_dump(mode="json"))
    perform(project, effect, run_id=run_id, step="publish")


def _inside(project: Project, place: str) -> str:
    """Return a place relative to the project.

    Raises:
        UserError: it is no Markdown file, or lies outside the project or in a folder that is not for documents.
    """
    path = project.root / place
    legal = [f"{FOLDER}/NAME.md"]
    if path.suffix != ".md":
        raise UserError(f"{place!r} is no Markdown file: its name ends in .md", field="path", legal=legal)
    resolved = path.parent.resolve() / path.name
    if not resolved.is_relative_to(project.root) or path.is_symlink():
        raise UserError(f"{place!r} lies outside the project, or is a link", field="path", legal=legal)
    told = resolved.relative_to(project.root)
    if any(part.startswith(".") for part in told.parts):
        raise UserError(f"{place!r} lies in a hidden folder such as {STATE_FOLDER}", field="path", legal=legal)
    if resolved.is_dir():
        raise UserError(f"{place!r} is a folder", field="path", legal=legal)
    return told.as_posix()
