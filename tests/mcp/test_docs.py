"""What docs/mcp.md tells people to paste works as it stands."""

import asyncio
import json
import os
import re
import sys
import tomllib
from pathlib import Path

import yaml
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from axagents.agents.persona import Persona
from axagents.project import Project
from axagents.settings import check_settings
from tests.house.source import CHECKOUT

PAGE = (CHECKOUT / "docs/mcp.md").read_text()


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return found


def test_a_client_that_is_given_the_configuration_finds_the_tools(project: Project) -> None:
    told = json.loads(block("json"))["mcpServers"]["axagents"]
    arguments = [str(project.root) if each == "/path/to/project" else each for each in told["args"]]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    server = StdioServerParameters(command=told["command"], args=arguments, env={"PATH": path})

    async def look() -> list[str]:
        async with Client(server) as client:
            return [each.name for each in (await client.list_tools()).tools]

    assert {"ml-train", "ask-mlops-engineer"} < set(asyncio.run(look()))


def test_the_settings_are_settings_and_the_persona_may_name_the_tools() -> None:
    settings = check_settings(tomllib.loads(block("toml")))
    assert settings.mcp["notes"].read == ("search",)
    tools = yaml.safe_load(block("yaml"))["tools"]
    named = {"id": "keeper", "title": "K", "motto": "K", "best_for": ["k"], "prompt": "persona", "tools": tools}
    assert Persona.model_validate(named).external == ("notes.search", "notes.append")
