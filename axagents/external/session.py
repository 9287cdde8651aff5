"""A conversation with one MCP server: its process, started in a thread of its own and always stopped."""

import asyncio
import json
import logging
import os
import tempfile
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import CancelledError, Future, wait
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO, TypeVar, cast

import anyio
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.shared.exceptions import MCPError
from mcp.types import CONNECTION_CLOSED, REQUEST_TIMEOUT, CallToolResult, TextContent
from pydantic import ValidationError

from axagents.errors import Failed
from axagents.external.listing import Listing, ServerTool, make_listing
from axagents.settings import ServerSettings
from axagents.toolkit import ToolError

LARGEST = 1_000_000
"""Characters of a result; a larger one is refused."""
_START_SECONDS = 30
_PAGES = 50
_LOOKED_AFTER = 1.0
"""Seconds after which it is looked whether the conversation that an answer is awaited from still goes on."""
_BROKEN = (OSError, ValueError, RuntimeError, MCPError, ValidationError, ExceptionGroup, CancelledError)
Told = TypeVar("Told")

# The SDK writes tracebacks of what a server says wrong; what matters of it is told by the error that follows.
for _name in ("mcp", "client"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


class Session:
    """One server at work."""

    def __init__(self, name: str, settings: ServerSettings, root: Path) -> None:
        self.name = name
        self._settings = settings
        self._root = root
        self._scope: anyio.CancelScope | None = None
        self._ready = threading.Event()
        self._client: Client | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._errors: TextIO = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._failure = ""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), daemon=True)

    @property
    def alive(self) -> bool:
        return self._client is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start the server and greet it.

        Raises:
            Failed: it cannot be started, or does not answer.
        """
        self._thread.start()
        self._ready.wait(_START_SECONDS)
        if self._client is None:
            self.stop()
            why = self._failure or f"it does not answer within {_START_SECONDS} s"
            raise Failed(f"the MCP server {self.name!r} cannot be used: {why}{self._last_words()}")

    def stop(self) -> None:
        """Stop the server and wait until its process is gone."""
        if self._loop is not None and self._scope is not None and self._thread.is_alive():
            with suppress(RuntimeError):  # it ends by itself just now
                self._loop.call_soon_threadsafe(self._scope.cancel)
            self._thread.join()
        self._client = None

    def list_tools(self) -> Listing:
        """Ask what it offers now.

        Raises:
            Failed: it does not say.
        """

        async def listed(client: Client) -> list[ServerTool]:
            found: list[ServerTool] = []
            cursor = None
            for _ in range(_PAGES):
                page = await client.list_tools(cursor=cursor)
                found += [ServerTool(each.name, each.description or "", each.input_schema) for each in page.tools]
                cursor = page.next_cursor
                if cursor is None:
                    break
            return found

        try:
            return make_listing(self.name, self._ask(listed))
        except _BROKEN as error:
            self._note_end(error)
            why = self._told(error, f"{_START_SECONDS} s")
            raise Failed(f"the MCP server {self.name!r} does not list its tools: {why}") from error

    def call(self, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Call a tool and return what it gave, as JSON.

        Raises:
            ToolError: the tool says that it failed, gives too much, or gives nothing.
            Failed: the server broke off or is silent; whether it did what was asked is not known.
        """
        seconds = self._settings.timeout

        async def called(client: Client) -> CallToolResult:
            return await client.call_tool(tool, dict(arguments), read_timeout_seconds=seconds)

        try:
            result = self._ask(called)
        except _BROKEN as error:
            self._note_end(error)
            why = self._told(error, f"{seconds:g} s ([mcp.{self.name}] timeout)")
            told = f"{self.name}.{tool} did not answer: {why}"
            raise Failed(f"{told}; whether it did what was asked is not known") from error
        return _read(f"{self.name}.{tool}", result)

    def _ask(self, said: Callable[[Client], Coroutine[Any, Any, Told]]) -> Told:
        client, loop = self._client, self._loop
        if client is None or loop is None:
            raise MCPError(CONNECTION_CLOSED, "it has ended")
        asking = said(client)
        try:
            waiting = asyncio.run_coroutine_threadsafe(asking, loop)
        except RuntimeError:
            asking.close()
            raise MCPError(CONNECTION_CLOSED, "it has ended") from None
        try:
            return self._await(waiting)
        except BaseException:
            waiting.cancel()
            raise

    def _await(self, waiting: Future[Told]) -> Told:
        while not waiting.done():
            # A loop that ends takes up nothing more, and would leave this waiting for good.
            if not self._thread.is_alive():
                raise MCPError(CONNECTION_CLOSED, "it has ended")
            wait([waiting], timeout=_LOOKED_AFTER)
        return waiting.result()

    def _note_end(self, error: Exception) -> None:
        if _is_closed(error):
            self.stop()

    def _told(self, error: BaseException, within: str) -> str:
        if _is_closed(error) or isinstance(error, CancelledError):
            return f"its process has ended{self._last_words()}"
        if isinstance(error, MCPError) and error.code == REQUEST_TIMEOUT:
            return f"nothing came within {within}"
        return _first_line(error)

    async def _live(self) -> None:
        """Hold the conversation open until it is told to end."""
        self._loop = asyncio.get_running_loop()
        try:
            with anyio.CancelScope() as self._scope:
                server = stdio_client(self._parameters(), errlog=self._errors)
                async with Client(server, cache=None, read_timeout_seconds=_START_SECONDS) as client:
                    self._client = client
                    self._ready.set()
                    await anyio.sleep_forever()
        except _BROKEN as error:
            self._failure = _first_line(error)
        finally:
            self._client = None
            self._ready.set()

    def _parameters(self) -> StdioServerParameters:
        """Return how the server is started: with the variables that are named, and no others that could be secret."""
        command, *arguments = self._settings.command
        given = {name: os.environ[name] for name in self._settings.env if name in os.environ}
        return StdioServerParameters(command=command, args=arguments, env=given, cwd=self._root)

    def _last_words(self) -> str:
        self._errors.flush()
        self._errors.seek(0)
        lines = [line.strip() for line in self._errors.readlines()[-20:] if line.strip()]
        return f" (it says: {lines[-1][:200]})" if lines else ""


def _is_closed(error: BaseException) -> bool:
    return isinstance(error, MCPError) and error.code == CONNECTION_CLOSED


def _first_line(error: Any) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseExceptionGroup[BaseException]", error).exceptions[0]
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:200]


def _read(name: str, result: CallToolResult) -> dict[str, Any]:
    text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
    if result.is_error:
        raise ToolError(f"{name}: {text.strip()[:1000] or 'it failed, and does not say why'}")
    given: Any = result.structured_content
    found = cast("dict[str, Any]", given) if isinstance(given, dict) else {"text": text, "value": given}
    others = sorted(block.type for block in result.content if not isinstance(block, TextContent))
    found = {key: value for key, value in found.items() if value is not None}
    found |= {"not_text": others} if others else {}
    size = len(json.dumps(found, default=str))
    if size > LARGEST:
        raise ToolError(f"{name} gave {size:,} characters; {LARGEST:,} are taken at most", hint="ask it for less")
    return found
