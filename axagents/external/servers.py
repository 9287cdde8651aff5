"""The tools of MCP servers that a persona may call: only of servers that are trusted, and as they were then."""

import atexit
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from axagents.catalog import ToolFacts
from axagents.errors import AxError, Failed, Unfinished
from axagents.external.listing import Listing, ServerTool, make_pin, start_hash
from axagents.progress import note
from axagents.project import Project
from axagents.settings import ServerSettings
from axagents.stores.runs import active_run, is_repeating
from axagents.toolkit import Touch
from axagents.trust import read_pins

if TYPE_CHECKING:
    from axagents.external.session import Session

ALL = "*"
TRUST = "ax trust"


@dataclass(frozen=True)
class ExternalTool:
    """A tool of an MCP server, named `server.tool`.

    Attributes:
        check: raises UserError where the arguments are wrong.
        call: returns the result as JSON, or raises AxError.
    """

    facts: ToolFacts
    check: Callable[[dict[str, Any]], None]
    call: Callable[[dict[str, Any]], dict[str, Any]]


def external_tools(project: Project, names: Sequence[str]) -> list[ExternalTool]:
    """Return the tools of these names, `server.tool` or `server.*`; what cannot be offered is told in a line."""
    wanted: dict[str, list[str]] = {}
    for name in names:
        server, _, tool = name.partition(".")
        wanted.setdefault(server, []).append(tool)
    found: list[ExternalTool] = []
    for server, tools in wanted.items():
        try:
            found += _offered(_Server(project, server), tools)
        except AxError as error:
            note(f"{error.message}; its tools are left out{f': {error.hint}' if error.hint else ''}")
    return found


def _offered(server: "_Server", names: Sequence[str]) -> list[ExternalTool]:
    listing = server.listing()
    there = {each.name: each for each in listing.tools}
    wanted = list(there) if ALL in names else names
    missing = [name for name in wanted if name not in there]
    if missing:
        note(f"the MCP server {server.name!r} has no tool {', '.join(missing)}; it has {', '.join(there) or 'none'}")
    return [_tool(server, there[name]) for name in wanted if name in there]


def _tool(server: "_Server", tool: ServerTool) -> ExternalTool:
    from axagents.external.arguments import make_check

    name = f"{server.name}.{tool.name}"
    effect = tool.name not in server.settings.read
    check = make_check(tool)

    def call(arguments: dict[str, Any]) -> dict[str, Any]:
        if effect and is_repeating():
            hint = f"look whether it happened, then ask again; ax runs show {active_run()}"
            raise Unfinished(f"cannot tell whether {name} happened before the run was cut short", hint=hint)
        return server.session().call(tool.name, arguments)

    facts = ToolFacts(
        name=name,
        touches=Touch.EFFECT if effect else Touch.READ,
        description=tool.description or name,
        parameters=dict(tool.parameters),
        effect_kind="external" if effect else None,
        origin="project",
    )
    return ExternalTool(facts, check, call)


class _Server:
    """A server of the settings, as far as it is trusted."""

    def __init__(self, project: Project, name: str) -> None:
        self.name = name
        self._project = project
        if name not in project.settings.mcp:
            raise Failed(f"ax.toml has no [mcp.{name}]", hint="ax config show")

    @property
    def settings(self) -> ServerSettings:
        return self._project.settings.mcp[self.name]

    def listing(self) -> Listing:
        """Return what it offers, which is what was trusted.

        Raises:
            Failed: it is not trusted, was started or says otherwise than it was trusted, or cannot be used.
        """
        pin = read_pins(self._project.root).get(self.name)
        if pin is None:
            raise Failed(f"the MCP server {self.name!r} is not trusted", hint=TRUST)
        if pin["started"] != start_hash(self.settings):
            raise Failed(f"[mcp.{self.name}] of ax.toml is not as it was trusted", hint=TRUST)
        listing = start_server(self._project, self.name).list_tools()
        if pin != make_pin(self.settings, listing).as_dict():
            stop_server(self._project, self.name)
            raise Failed(f"the MCP server {self.name!r} offers other tools than those that were trusted", hint=TRUST)
        return listing

    def session(self) -> "Session":
        """Return it at work; one that ended is started again, if it still is what was trusted."""
        at_work = _at_work.get(_key(self._project, self.name))
        if at_work is not None and at_work.alive:
            return at_work
        self.listing()
        return start_server(self._project, self.name)


_at_work: "dict[tuple[str, str], Session]" = {}
_starting = threading.Lock()
"""Held while a server is started or stopped, so that two runs at once have one between them."""


def _key(project: Project, name: str) -> tuple[str, str]:
    return str(project.root), name


def start_server(project: Project, name: str) -> "Session":
    """Return a server of the settings at work, whether it is trusted or not: whoever asks has looked.

    Raises:
        Failed: it cannot be started.
    """
    from axagents.external.session import Session

    key = _key(project, name)
    with _starting:
        session = _at_work.get(key)
        if session is None or not session.alive:
            session = Session(name, project.settings.mcp[name], project.root)
            session.start()
            atexit.register(session.stop)
            _at_work[key] = session
        return session


def stop_server(project: Project, name: str) -> None:
    """Stop one server."""
    with _starting:
        session = _at_work.pop(_key(project, name), None)
        if session is not None:
            session.stop()


def stop_servers() -> None:
    """Stop every server that this process started."""
    with _starting:
        while _at_work:
            _at_work.popitem()[1].stop()
