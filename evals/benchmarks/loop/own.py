"""Our own agent on the loop: a persona in a project of its own, with one tool handed in."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from axagents.agents.opening import Desk, open_desk
from axagents.agents.request import Request
from axagents.agents.run import run_agent
from axagents.agents.tools import OwnTool, ToolBox, call_typed
from axagents.catalog import ToolFacts
from axagents.llm.turn import Provider
from axagents.project import Project, create_project, open_project, use_project
from axagents.requests import validate
from axagents.toolkit import ToolSpec, Touch, tool, tool_spec
from evals.benchmarks.loop.walk import PROMPT, Walk


class Text(BaseModel):
    """What is counted."""

    text: str


class Counted(BaseModel):
    """The count."""

    letters: int
    text: str


@tool("count", touches=Touch.READ)
def count(request: Text) -> Counted:
    """Count the letters of a text."""
    return Counted(letters=len(request.text), text=request.text)


def _check(spec: ToolSpec, given: dict[str, Any]) -> None:
    validate(spec.request, given)


def open_desk_with_count(project: Project, request: Request, provider: Provider | None) -> Desk:
    """Open a desk whose persona has the tool besides its own."""
    desk = open_desk(project, request, provider)
    spec = tool_spec(count)
    assert spec
    facts = ToolFacts(name="count", touches=spec.touches, description=spec.description, parameters=spec.schema)
    own = OwnTool(facts, lambda given: _check(spec, given), lambda given: call_typed(spec, given))
    return replace(desk, tools=ToolBox(desk.catalog, (), own={"count": own}))


def open_own(address: str, folder: Path) -> Walk:
    """Return the walk in a new project in a folder."""
    create_project(folder)
    (folder / "ax.toml").write_text(f'[providers.loop]\nbase_url = "{address}"\nmodel = "steps-1"\n')
    project = open_project(folder)

    def walk(steps: int) -> None:
        request = Request("writer", PROMPT, "loop", model=f"steps-{steps}", max_steps=2 * steps + 5)
        with use_project(project):
            done = run_agent(project, request, opening=open_desk_with_count)
        if (done.status, done.answer) != ("completed", "done"):
            raise RuntimeError(f"the run is {done.status}: {done.answer}")

    return walk
