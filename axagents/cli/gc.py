"""`ax gc`: remove what the retentions say is too old."""

from typing import Annotated

import typer

from axagents.cli.common import command, group
from axagents.cli.output import Shown, table

app = group()


@command(app, "gc")
def gc(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be removed.")] = False,
) -> Shown:
    """Remove expired memory, old runs' files and checkpoints, and what broken-off commands left."""
    from axagents.actor import refuse_agents
    from axagents.project import current_project
    from axagents.upkeep.tidy import tidy

    if not dry_run:
        refuse_agents("remove what is kept; ax gc --dry-run only shows it")
    found = tidy(current_project(), dry_run=dry_run)
    data = {"dry_run": dry_run, "removed": [each.model_dump() for each in found]}
    if not found:
        return Shown(data, "nothing is too old")
    rows = [(each.what, each.count, None if each.size is None else each.size / 1e6, each.rule) for each in found]
    told = "nothing was removed; without --dry-run this would be" if dry_run else "removed"
    return Shown(data, f"{told}:\n" + table(["what", "number", "MB", "why"], rows))
