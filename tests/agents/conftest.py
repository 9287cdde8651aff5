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
from axagents.trust import read_holding, record_trust

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
    "lab_count": (
        "READ",
        "",
        "text: str",
        "letters: int\n    verdict: str\n    metrics: dict[str, float] = {}",
        'return Result(letters=len(request.text), verdict="GO" if request.text else "NO_GO",'
        ' metrics={"f1": len(request.text) / 10})',
        "Count the letters of a text.",
    ),
    "lab_note": (
        "COMPUTE",
        "",
        "text: str",
        "lines: int",
        "return Result(lines=_write('notes.txt', request.text))",
        "Write a line into notes.txt.",
    ),
    "lab_flip": (
        "EFFECT",
        ', effect_kind="register"',
        "name: str\n    to: str = 'on'",
        "flips: int",
        "return Result(flips=_write('switch.txt', f'{request.name} {request.to}'))",
        "Flip a switch.",
    ),
    "lab_wipe": (
        "EFFECT",
        ', effect_kind="delete"',
        "name: str",
        "wiped: int",
        "return Result(wiped=_write('wiped.txt', request.name))",
        "Wipe something, for good.",
    ),
    "lab_break": (
        "READ",
        "",
        "how: str",
        "never: int",
        'raise ToolError("it is stuck", hint="oil it") if request.how == "told" else RuntimeError("a wheel came off")',
        "Break.",
    ),
}
TEMPLATE = '''"""A tool for tests."""

from pydantic import BaseModel, ConfigDict

from axagents.project import current_project
from axagents.toolkit import ToolError, Touch, tool


class Request(BaseModel):
    model_config = ConfigDict(extra="forbid")

    {request}


class Result(BaseModel):
    {result}


def _write(name: str, line: str) -> int:
    path = current_project().root / name
    with path.open("a") as stream:
        stream.write(line + "\\n")
    return len(path.read_text().splitlines())


@tool("{name}", touches=Touch.{touches}{kind})
def run(request: Request) -> Result:
    """{does}"""
    {body}
'''
SENTENCES = """\
tool: lab-flip
does: flips a switch
touches: effect
verbs: [flip]
strong_verbs: [flip]
signs: [the switch]
arguments:
  name: {kind: new_name, names: experiment, required: true, cues: [switch, called], ask: "which switch?"}
sentences: |
  flip the switch {newname}
  flip {newname}
  please flip the switch called {newname}
"""


@pytest.fixture
def lab(project: Project) -> Project:
    """A project whose own tools and persona are trusted."""
    root = project.root
    (root / "ax.toml").write_text("content = true\n")
    for folder in ("tools", "personas", "prompts"):
        (root / folder).mkdir()
    for name, (touches, kind, request, result, body, does) in TOOLS.items():
        text = TEMPLATE.format(
            name=name.replace("_", "-"),
            touches=touches,
            kind=kind,
            request=request,
            result=result,
            body=body,
            does=does,
        )
        (root / "tools" / f"{name}.py").write_text(text)
    (root / "tools" / "lab_flip.yaml").write_text(SENTENCES)
    (root / "personas" / "tester.yaml").write_text(PERSONA)
    record_trust(read_holding(root))
    return open_project(root)


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
