"""The real `ax mcp serve` in a process of its own, spoken to by the SDK's own client."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from axagents.project import Project, open_project
from axagents.trust import read_holding, record_trust
from tests.agents.conftest import lab as lab
from tests.lab import LabTool, write_tools

Answer = TypeVar("Answer")
Talk = Callable[[Client], Awaitable[Answer]]

MORE_TOOLS = {
    "lab_sleep": LabTool(
        "READ",
        "seconds: float",
        "slept: float",
        "import time\n    time.sleep(request.seconds)\n    return Result(slept=request.seconds)",
        "Sleep.",
    ),
    "lab_print": LabTool(
        "READ", "text: str", "printed: str", "print(request.text)\n    return Result(printed='it')", "Print."
    ),
    "lab_die": LabTool("READ", "code: int", "never: int", "import os\n    os._exit(request.code)", "Die."),
}


@pytest.fixture
def bench(lab: Project) -> Project:
    """A project with small tools of its own, some of which behave badly."""
    write_tools(lab.root, MORE_TOOLS)
    record_trust(read_holding(lab.root))
    return open_project(lab.root)


def talk(project: Project, said: "Talk[Answer]", *, env: dict[str, str] | None = None, **options: Any) -> "Answer":
    """Connect the SDK's client to a server of this project and let it talk.

    The server's standard error goes into the file `server.log` of the project.
    """

    async def connected() -> "Answer":
        with (project.root / "server.log").open("a") as log:
            server = stdio_client(parameters(project.root, env or {}), errlog=log)
            async with Client(server, read_timeout_seconds=120, **options) as client:
                return await said(client)

    return asyncio.run(connected())


def parameters(root: Path, env: dict[str, str]) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable,
        args=["-m", "axagents", "mcp", "serve", "--project", str(root)],
        env={"AX_STATE_DIR": os.environ["AX_STATE_DIR"], **env},
        cwd=root,
    )


def told(result: Any) -> str:
    """The text of a result."""
    return "\n".join(each.text for each in result.content)
