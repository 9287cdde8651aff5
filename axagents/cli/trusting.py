"""`ax trust` for MCP servers: show how each is started and what it offers, and pin exactly that."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from axagents.cli.asking import agreed, somebody_is_there
from axagents.cli.output import table, tell

if TYPE_CHECKING:
    from axagents.external.listing import Listing
    from axagents.project import Project


def trust_servers(project: "Project", *, yes: bool) -> list[dict[str, Any]]:
    """Ask for each server of the settings whether it is to be started, and whether what it offers is trusted.

    Raises:
        Refused: an agent asks. Waiting: nobody can be asked. Failed: a person said no, or a server cannot be used.
    """
    from axagents.actor import refuse_agents
    from axagents.external.servers import stop_servers

    refuse_agents("trust MCP servers")
    try:
        return [_trust_server(project, name, yes=yes) for name in sorted(project.settings.mcp)]
    finally:
        stop_servers()


def _trust_server(project: "Project", name: str, *, yes: bool) -> dict[str, Any]:
    from axagents.external.listing import make_pin, start_hash
    from axagents.external.servers import start_server
    from axagents.trust import read_pins, record_pin

    settings = project.settings.mcp[name]
    pin = read_pins(project.root).get(name, {})
    if pin.get("started") != start_hash(settings):
        tell(_told_start(name, settings))
        _agree(f"start {name} to see what it offers? It can do whatever you can do.", name, yes=yes)
    listing = start_server(project, name).list_tools()
    now = make_pin(settings, listing).as_dict()
    if pin == now:
        return _shown(name, settings, listing, told=f"{name}: as you trusted it, {len(listing.tools)} tools")
    tell(_told_tools(listing, settings.read))
    _agree(f"trust these {len(listing.tools)} tools of {name} as they are?", name, yes=yes)
    path = record_pin(project.root, name, now)
    return _shown(name, settings, listing, told=f"{name}: trusted {len(listing.tools)} tools; recorded in {path}")


def _agree(question: str, name: str, *, yes: bool) -> None:
    from axagents.errors import Failed, Waiting

    if yes:
        return
    if not somebody_is_there():
        need = {"kind": "trust", "text": f"trust the MCP server {name}"}
        raise Waiting("nobody is here to be asked", needs=[need], hint="look at it, then: ax trust --yes")
    if not agreed(question):
        raise Failed(f"declined; nothing was recorded of {name}")


def _told_start(name: str, settings: Any) -> str:
    given = ", ".join(settings.env) or "no variable of yours but PATH, HOME and the like"
    return f"MCP server {name}\n  started by  {' '.join(settings.command)}\n  is given    {given}"


def _told_tools(listing: "Listing", read: tuple[str, ...]) -> str:
    rows = [(each.name, _touches(each.name, read), each.schema_sha256[:16]) for each in listing.tools]
    lines = [table([f"tool of {listing.server}", "touches", "schema"], rows)]
    lines += [f"{each.name}: {_visible(each.description)}" for each in listing.tools]
    if listing.left_out:
        lines.append(f"left out, since no model can call them: {_visible(', '.join(listing.left_out))}")
    return "\n".join(lines)


def _touches(tool: str, read: tuple[str, ...]) -> str:
    return "read" if tool in read else "effect"


def _visible(text: str) -> str:
    """Show a server's words whole, and nothing in them that a terminal would hide or obey."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "�" for letter in text)


def _shown(name: str, settings: Any, listing: "Listing", *, told: str) -> dict[str, Any]:
    tools: list[Mapping[str, Any]] = [
        {
            "name": f"{name}.{each.name}",
            "touches": _touches(each.name, settings.read),
            "description": each.description,
            "schema_sha256": each.schema_sha256,
        }
        for each in listing.tools
    ]
    return {"server": name, "command": list(settings.command), "tools": tools, "text": told}
