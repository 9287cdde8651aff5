"""`ax trust`: look at this project's own content and at its MCP servers, and trust exactly that."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from axagents.cli.asking import agreed, somebody_is_there
from axagents.cli.common import command, group
from axagents.cli.output import Shown, table, tell

if TYPE_CHECKING:
    from axagents.project import Project
    from axagents.trust import Holding

app = group()

Told = tuple[dict[str, Any], str]


@command(app, "trust")
def trust(
    yes: Annotated[
        bool, typer.Option("--yes", help="Trust without asking; needed where there is no terminal.")
    ] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="Trust this project's content no longer.")] = False,
) -> Shown:
    """Show this project's own tools, personas, prompts and memory, and its MCP servers; record that you trust them."""
    from axagents.project import current_project
    from axagents.trust import read_holding, revoke_trust

    project = current_project()
    if revoke:
        told = "is trusted no longer" if revoke_trust(project.root) else "was not trusted"
        return Shown({"state": "untrusted", "root": str(project.root)}, f"the content of {project.root} {told}")
    data, text = _trust_content(project, read_holding(project.root), yes=yes)
    if project.settings.mcp:
        from axagents.cli.trusting import trust_servers

        servers = trust_servers(project, yes=yes)
        text = "\n".join([text, *(each.pop("text") for each in servers)])
        data = {**data, "servers": servers}
    return Shown(data, text)


def _trust_content(project: "Project", holding: "Holding", *, yes: bool) -> Told:
    if holding.state in {"none", "trusted"}:
        told = "no content of its own" if holding.state == "none" else "content that you trusted as it is"
        return _shown(project, holding, f"this project has {told}; nothing to do")
    _agree(holding, yes=yes)
    return _recorded(project, holding)


def _agree(holding: "Holding", *, yes: bool) -> None:
    """Ask on the terminal; Refused for an agent, Waiting where nobody can be asked."""
    from axagents.actor import refuse_agents
    from axagents.errors import Failed, Waiting

    refuse_agents("trust content")
    if yes:
        return
    tell(_listing(holding))
    if not somebody_is_there():
        need = {"kind": "trust", "text": f"trust {_count(holding)} of {holding.root}"}
        raise Waiting("nobody is here to be asked", needs=[need], hint="look at the files, then: ax trust --yes")
    if not agreed("these files can do whatever you can do. Trust them as they are?"):
        raise Failed("declined; nothing was recorded")


def _recorded(project: "Project", holding: "Holding") -> Told:
    from axagents.trust import read_holding, record_trust

    path = record_trust(holding)
    return _shown(project, read_holding(project.root), f"trusted {_count(holding)}; recorded in {path}")


def _shown(project: "Project", holding: "Holding", told: str) -> Told:
    lines = [_listing(holding), told] if holding.files else [told]
    if holding.files and not project.settings.content:
        lines.append("they are not used yet, since ax.toml does not say so; next: ax config set content true")
    files = [{"path": file.path, "sha256": file.sha256} for file in holding.files]
    return {"state": holding.state, "root": str(holding.root), "files": files}, "\n".join(lines)


def _count(holding: "Holding") -> str:
    return f"{len(holding.files)} file{'s' if len(holding.files) != 1 else ''}"


def _listing(holding: "Holding") -> str:
    changes = dict(holding.changes())
    rows = [(changes.get(file.path, "as trusted"), len(file.content), file.sha256, file.path) for file in holding.files]
    rows += [(change, 0, "-", path) for path, change in changes.items() if change == "removed"]
    return table(["state", "bytes", "sha256", "file"], rows)
