"""`ax backup`: write the project's state into one file."""

from pathlib import Path
from typing import Annotated

import typer

from axagents.cli.common import command, group
from axagents.cli.output import Shown

app = group()


@command(app, "backup")
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.")],
    replace: Annotated[bool, typer.Option("--replace", help="Write over a file that is there.")] = False,
) -> Shown:
    """Write ax.toml and the project's state into one file; others may go on working."""
    from axagents.project import current_project
    from axagents.upkeep.backup import write_backup

    project = current_project()
    manifest = write_backup(project, file, replace=replace)
    size = file.expanduser().stat().st_size
    text = (
        f"wrote {file}: {len(manifest.files)} files, {size / 1e6:.1f} MB\n"
        "not in it: the search index, which is rebuilt, and the files that datasets refer to\n"
        f"next, in another folder: ax restore {file}"
    )
    data = {"file": str(file), "bytes": size, "files": len(manifest.files), "created_at": manifest.created_at}
    return Shown(data, text)
