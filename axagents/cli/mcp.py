"""`ax mcp`: this project's tools for MCP clients."""

import sys

from axagents.cli.common import command, group
from axagents.cli.output import Shown, tell
from axagents.progress import Event, Note, listen

app = group("Serve this project's tools to MCP clients.")


@app.callback()
def mcp() -> None:
    """Serve this project's tools to MCP clients."""


@command(app, "serve", listened=False)
def serve() -> Shown:
    """Answer an MCP client over standard input and output; the client starts this command itself."""
    from axagents.mcp.server import serve as serve_tools
    from axagents.project import current_project

    project = current_project()
    if sys.stdin.isatty():
        tell(f"serving the tools of {project.root} over MCP; a client that speaks it starts this command itself")
    with listen(_tell):
        serve_tools(project.root)
    return Shown({"status": "ended"}, "")


def _tell(event: Event) -> None:
    if isinstance(event, Note):
        tell(event.text)
