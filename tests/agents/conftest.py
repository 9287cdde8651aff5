"""A project with a persona and small tools of its own, trusted; and agents run in it by script."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from axagents.agents.opening import open_context, open_desk
from axagents.agents.request import Request
from axagents.agents.run import AgentRun
from axagents.llm.scripted import ScriptedModel
from axagents.llm.turn import Call, Turn
from axagents.project import Project, open_project, use_project
from tests.lab import LabTool, write_lab

PERSONA = """\
id: tester
title: Tester
motto: Try it.
best_for: [trying]
prompt: persona
tools: [lab-count, lab-note, lab-flip, lab-wipe, lab-break]
words: [try]
"""
TOOLS = {
    "lab_count": LabTool(
        "READ",
        "text: str",
        "letters: int\n    verdict: str\n    metrics: dict[str, float] = {}",
        'return Result(letters=len(request.text), verdict="GO" if request.text else "NO_GO",'
        ' metrics={"f1": len(request.text) / 10})',
        "Count the letters of a text.",
    ),
    "lab_note": LabTool(
        "COMPUTE",
        "text: str",
        "lines: int",
        "return Result(lines=_write('notes.txt', request.text))",
        "Write a line into notes.txt.",
    ),
    "lab_flip": LabTool(
        "EFFECT",
        "name: str\n    to: str = 'on'",
        "flips: int",
        "return Result(flips=_write('switch.txt', f'{request.name} {request.to}'))",
        "Flip a switch.",
        kind="register",
    ),
    "lab_wipe": LabTool(
        "EFFECT",
        "name: str",
        "wiped: int",
        "return Result(wiped=_write('wiped.txt', request.name))",
        "Wipe something, for good.",
        kind="delete",
    ),
    "lab_break": LabTool(
        "READ",
        "how: str",
        "never: int",
        'raise ToolError("it is stuck", hint="oil it") if request.how == "told" else RuntimeError("a wheel came off")',
        "Break.",
    ),
}


@pytest.fixture
def lab(project: Project) -> Project:
    """A project whose own tools and persona are trusted."""
    (project.root / "prompts").mkdir()
    write_lab(project.root, TOOLS, PERSONA)
    return open_project(project.root)


def call(tool: str, /, condition: str | None = None, **arguments: Any) -> Call:
    """A call as a script writes it."""
    return Call(id="x", tool=tool, arguments=arguments, condition=condition)


def calls(*wanted: Call) -> Turn:
    return Turn(stop_reason="calls", calls=wanted)


DONE = Turn(stop_reason="answer")
RunScript = Callable[..., AgentRun]


@pytest.fixture
def run_script(lab: Project, monkeypatch: pytest.MonkeyPatch) -> RunScript:
    """Run the tester by script; `.model` of the function is the model that played it."""
    from axagents.agents import opening
    from axagents.agents.run import run_agent

    def run(*turns: Turn, query: str = "try it", ask: Any = None, **options: Any) -> AgentRun:
        model = ScriptedModel(turns)
        run.model = model  # type: ignore[attr-defined]
        monkeypatch.setattr(opening, "choose_provider", lambda *_, **__: model)
        with use_project(lab):
            request = Request("tester", query, **options)
            return run_agent(lab, request, **({"ask": ask} if ask else {}))

    return run


def lines(project: Project, name: str) -> list[str]:
    """The lines a tool wrote."""
    path: Path = project.root / name
    return path.read_text().splitlines() if path.exists() else []


__all__ = ["DONE", "call", "calls", "lines", "open_context", "open_desk"]
