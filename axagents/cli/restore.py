"""`ax restore`: bring the project's state back from a backup."""

from pathlib import Path
from typing import Annotated

import typer

from axagents.cli.common import Need, command, group, named_folder
from axagents.cli.output import Shown

app = group()


@command(app, "restore", project=Need.MAKES)
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `ax backup` wrote.")],
    replace: Annotated[bool, typer.Option("--replace", help="Put it in place of the state here, kept aside.")] = False,
) -> Shown:
    """Restore a backup into this project, or into this folder where there is none."""
    from axagents.actor import refuse_agents
    from axagents.upkeep.restore import restore_backup

    refuse_agents("restore a backup")
    root = _root()
    manifest, kept = restore_backup(file.expanduser(), root, replace=replace)
    lines = [f"restored {len(manifest.files)} files of {manifest.created_at} into {root}"]
    if kept:
        lines.append(f"what was here is kept in {kept}; when you do not need it: rm -r {kept}")
    data = {"project": str(root), "files": len(manifest.files), "kept": str(kept) if kept else None}
    return Shown({**data, "created_at": manifest.created_at}, "\n".join([*lines, "next: ax doctor"]))


def _root() -> Path:
    """Return the folder named, else the project's; this one where there is no project, or its settings are broken."""
    from axagents.errors import UserError
    from axagents.project import current_project

    if named := named_folder():
        return named.resolve()
    try:
        return current_project().root
    except UserError:
        return Path.cwd()
