"""The MCP server: answers over stdio, and hands each call to a worker."""

import json
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import anyio
from mcp.server.connection import allowed_log_levels
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    EmptyResult,
    ListToolsResult,
    LoggingLevel,
    LoggingMessageNotification,
    LoggingMessageNotificationParams,
    PaginatedRequestParams,
    SetLevelRequestParams,
    TextContent,
)

from axagents import __version__
from axagents.agents.tools import ToolBox
from axagents.errors import AxError, NotFound
from axagents.mcp.calls import Order, open_box
from axagents.mcp.meter import Meter
from axagents.mcp.offers import list_offers
from axagents.mcp.worker import TOLD
from axagents.mcp.workers import Workers, open_workers
from axagents.progress import Note
from axagents.project import open_project

INSTRUCTIONS = (
    "Tools for the whole life of machine-learning models in one project: train, compare, register, remember. Every"
    " number comes from a tool that computed it. A tool that changes what others rely on answers with a plan and"
    " status `waiting`; tell the person to type what stands in `approve`, then make the very same call again. Datasets"
    " are named as the project's catalog has them. A persona (`ask-...`) plans and calls several tools itself."
)
_LEVELS: tuple[LoggingLevel, ...] = get_args(LoggingLevel)
_NOTE: LoggingLevel = "info"

Context = ServerRequestContext[Any, Any]


def serve(root: Path) -> None:
    """Serve the project in `root` on standard input and output until the client is gone."""
    # The thread that reads standard input cannot be interrupted; workers end by themselves when the server is gone.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    anyio.run(_serve, root)


async def _serve(root: Path) -> None:
    async with open_workers() as workers, stdio_server() as (incoming, outgoing):
        server = _Face(root, workers).build_server()
        await server.run(incoming, outgoing, server.create_initialization_options())


class _Face:
    """What one server holds: the project's folder, its workers, and how much its client wants to be told."""

    def __init__(self, root: Path, workers: Workers) -> None:
        self._root = root
        self._workers = workers
        self._level: LoggingLevel = _NOTE

    def build_server(self) -> Server[Any]:
        """Return the server; its handlers are the methods below."""
        server: Server[Any] = Server(
            "axagents",
            version=__version__,
            instructions=INSTRUCTIONS,
            on_list_tools=self.list_tools,
            on_call_tool=self.call_tool,
        )
        server.add_request_handler("logging/setLevel", SetLevelRequestParams, self.set_level)
        return server

    async def list_tools(self, _context: Context, _params: PaginatedRequestParams | None) -> ListToolsResult:
        """Tell what is offered, as the content is now."""
        return ListToolsResult(tools=list_offers(self._box()))

    async def set_level(self, _context: Context, params: SetLevelRequestParams) -> EmptyResult:
        """Note from which level on the client wants to be told."""
        self._level = params.level
        return EmptyResult()

    async def call_tool(self, context: Context, params: CallToolRequestParams) -> CallToolResult:
        """Have a call made; what is wrong with it, or what its tool raised, is told in the result.

        Raises:
            MCPError: there is no such tool; the nearest are named.
        """
        offered = self._box().facts()
        if params.name not in offered:
            missing = NotFound("tool", params.name, offered, hint="tools/list")
            raise MCPError(code=INVALID_PARAMS, message=missing.message, data=missing.as_dict())
        meter = Meter()

        async def tell(message: Mapping[str, Any]) -> None:
            event = TOLD[message["event"]](**message["values"])
            if isinstance(event, Note):
                await self._tell_note(context, event)
            elif (far := meter.read(event)) is not None:
                await context.session.report_progress(*far)

        order = Order(str(self._root), params.name, params.arguments or {}, _client_name(context))
        return _as_result(await self._workers.call(order, tell))

    def _box(self) -> ToolBox:
        try:
            return open_box(open_project(self._root))
        except AxError as error:
            raise MCPError(code=INTERNAL_ERROR, message=error.message, data=error.as_dict()) from error

    async def _tell_note(self, context: Context, note: Note) -> None:
        wanted = _LEVELS.index(_NOTE) >= _LEVELS.index(self._level)
        if wanted and _NOTE in allowed_log_levels(context.protocol_version, context.meta):
            told = LoggingMessageNotificationParams(level=_NOTE, data=note.text, logger="axagents")
            await context.session.send_notification(LoggingMessageNotification(params=told), context.request_id)


def _client_name(context: Context) -> str:
    client = context.session.client_params
    return client.client_info.name if client else ""


def _as_result(answer: Mapping[str, Any]) -> CallToolResult:
    error = answer.get("error")
    if error:
        told = error["message"] + (f"\nnext: {error['hint']}" if error["hint"] else "")
        return CallToolResult(content=[TextContent(text=told)], structured_content=dict(answer), is_error=True)
    result = answer["result"]
    waits = result.get("status") == "waiting" and result.get("kind") == "approval"
    text = _spelled(result) if waits else json.dumps(result, ensure_ascii=False)
    return CallToolResult(content=[TextContent(text=text)], structured_content=result)


def _spelled(waits: Mapping[str, Any]) -> str:
    lines = [waits["why"], "nothing was changed: this plan waits for a person's approval", waits["text"]]
    lines += [f"the person types: {waits['approve'][0]}   (until {waits['expires_at']})", f"then: {waits['next']}"]
    return "\n".join(line for line in lines if line)
