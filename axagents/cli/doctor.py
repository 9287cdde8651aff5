"""`ax doctor`: check that this machine and this project are in order."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from axagents.cli.common import Need, command, group
from axagents.cli.output import Shown, table

if TYPE_CHECKING:
    from axagents.project import Project
    from axagents.upkeep.check import Check

app = group()


@command(app, "doctor", project=Need.NONE)
def doctor(
    deep: Annotated[bool, typer.Option("--deep", help="Also load every library; takes half a minute.")] = False,
) -> Shown:
    """Check Python, packages, disk, databases, providers and what was left half-done."""
    from axagents.llm.providers import automatic_provider, key_variables
    from axagents.settings import Settings
    from axagents.upkeep.machine import check_machine
    from axagents.upkeep.project import check_project

    project, checks = _project_here()
    settings = project.settings if project else Settings()
    automatic = automatic_provider(settings.agents.provider, settings.providers)
    folder = project.root if project else Path.cwd()
    checks += check_machine(folder, key_variables(settings.providers), automatic=automatic)
    checks += check_project(project) if project else []
    if deep:
        from axagents.upkeep.libraries import check_libraries

        checks += check_libraries()
    wrong = [each for each in checks if each.state == "wrong"]
    lines = [table(["", "check", "found"], [(each.state, each.name, each.found) for each in checks])]
    lines += [f"{each.name}: {each.hint}" for each in checks if each.hint]
    lines.append(f"{len(wrong)} of {len(checks)} checks failed" if wrong else "all is in order")
    data = {"ok": not wrong, "checks": [each.model_dump() for each in checks]}
    return Shown(data, "\n".join(lines), exit_code=1 if wrong else 0)


def _project_here() -> "tuple[Project | None, list[Check]]":
    """Return the project; where its settings are broken, what is wrong with them; none is no fault."""
    from axagents.errors import UserError
    from axagents.project import current_project, find_root
    from axagents.upkeep.check import Check

    try:
        return current_project(), []
    except UserError as error:
        state = "wrong" if find_root() else "note"
        return None, [Check(name="project", state=state, found=error.message, hint=error.hint)]
