"""Small projects to test in: a persona, the tester, with tools of its own that count, wait, flip a switch; trusted."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from axagents.trust import read_holding, record_trust

FLIPPING = """\
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
"""What the offline planner knows of the tool lab-flip."""
_TOOL = '''"""A tool for tests."""

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


class LabTool(NamedTuple):
    """One tool: what it touches, the fields of its request and of its result, its function's body and docstring.

    Attributes:
        kind: of its effect.
    """

    touches: str
    request: str
    result: str
    body: str
    does: str
    kind: str = ""


FLIP = LabTool(
    "EFFECT",
    "name: str",
    "flips: int",
    "return Result(flips=_write('switch.txt', request.name))",
    "Flip a switch.",
    kind="flip",
)


def write_lab(root: Path, tools: Mapping[str, LabTool], persona: str) -> None:
    """Give a project tools by the names of their files, the persona, and trust in them."""
    (root / "ax.toml").write_text("content = true\n")
    write_tools(root, tools)
    (root / "tools" / "lab_flip.yaml").write_text(FLIPPING)
    (root / "personas").mkdir()
    (root / "personas" / "tester.yaml").write_text(persona)
    record_trust(read_holding(root))


def write_tools(root: Path, tools: Mapping[str, LabTool]) -> None:
    """Write the files of tools."""
    (root / "tools").mkdir(exist_ok=True)
    for name, each in tools.items():
        values = each._asdict() | {"kind": f', effect_kind="{each.kind}"' if each.kind else ""}
        (root / "tools" / f"{name}.py").write_text(_TOOL.format(name=name.replace("_", "-"), **values))


def write_shop(root: Path) -> None:
    """Give a project the dataset `shop`: 40 rows, two of three bought."""
    (root / "data").mkdir()
    rows = "\n".join(f"{20 + at},{'yes' if at % 3 else 'no'}" for at in range(40))
    (root / "data" / "shop.csv").write_text(f"age,bought\n{rows}\n")
