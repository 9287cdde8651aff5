"""The contract suite finds tools that touch more than they declare."""

from collections.abc import Callable
from pathlib import Path

import pytest

from axagents.project import Project, open_project
from axagents.stores.memory.memory import Memory
from axagents.testing.snapshot import compare, take_snapshot
from axagents.testing.tools import check_tool
from axagents.trust import read_holding, record_trust

TOOL = '''
"""A tool under test."""

import sqlite3
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from axagents.project import current_project
from axagents.stores.memory.memory import Memory
from axagents.stores.runs import Runs
from axagents.toolkit import Touch, tool


class Asked(BaseModel):
    model_config = ConfigDict(extra="{extra}")
    text: str = Field({description})


class Answer(BaseModel):
    text: str


@tool("planted", touches=Touch.{touches}{kind})
def planted(request: Asked) -> Answer:
    """Do what the test planted."""
    project = current_project()
    {body}
    return Answer(text=request.text)
'''

Plant = Callable[..., Project]


@pytest.fixture
def plant(project: Project) -> Plant:
    """Write a tool into a trusted project; the project holds one record and one file."""
    Memory(project).store("k", {"n": 1}, namespace="notes")
    (project.root / "data.csv").write_text("a\n1\n")
    (project.root / "ax.toml").write_text("content = true\n")

    def write(
        body: str, touches: str = "READ", *, extra: str = "forbid", description: str = 'description="x"'
    ) -> Project:
        kind = ', effect_kind="register"' if touches == "EFFECT" else ""
        text = TOOL.format(body=body, touches=touches, extra=extra, description=description, kind=kind)
        (project.root / "tools").mkdir()
        (project.root / "tools/planted.py").write_text(text)
        record_trust(read_holding(project.root))
        return open_project(project.root)

    return write


READS = 'Memory(project).retrieve("k", namespace="notes"); Memory(project).list("notes")'
RUNS = 'run = Runs(project).start("workflow", "x", {}); (project.run_folder(run) / "report.md").write_text("r")'
NOTES = 'Memory(project).store("k", {"n": 2}, namespace="notes")'
FORGET = """sqlite3.connect(project.database_path, isolation_level=None).execute("DELETE FROM memory_versions")"""
FILE = '(project.root / "data.csv").write_text("a\\n2\\n")'
NEW_FILE = '(project.root / "new.csv").write_text("a")'


@pytest.mark.parametrize(
    ("touches", "body"), [("READ", READS), ("COMPUTE", RUNS), ("COMPUTE", NOTES), ("COMPUTE", READS), ("EFFECT", READS)]
)
def test_a_true_declaration_passes(plant: Plant, touches: str, body: str) -> None:
    assert check_tool(plant(body, touches), "planted", {"text": "x"}).model_dump() == {"text": "x"}


@pytest.mark.parametrize(
    ("touches", "body", "told"),
    [
        ("READ", RUNS, "declares read, and changed ax.db:runs"),
        ("READ", NOTES, "ax.db:memory_versions"),
        ("READ", FILE, "data.csv"),
        ("READ", NEW_FILE, "new.csv"),
        ("COMPUTE", FILE, "declares compute, and changed data.csv"),
        ("COMPUTE", NEW_FILE, "new.csv"),
        ("COMPUTE", FORGET, "ax.db:memory_versions"),
        ("EFFECT", FILE, "without an entry in the journal"),
        ("EFFECT", FORGET, "without an entry in the journal"),
    ],
)
def test_a_false_declaration_is_found(plant: Plant, touches: str, body: str, told: str) -> None:
    with pytest.raises(AssertionError, match=told):
        check_tool(plant(body, touches), "planted", {"text": "x"})


def test_unknown_fields_must_be_refused(plant: Plant) -> None:
    with pytest.raises(AssertionError, match="fields that it does not know"):
        check_tool(plant("pass", extra="ignore"), "planted", {"text": "x"})


def test_fields_must_say_what_they_are_for(plant: Plant) -> None:
    with pytest.raises(AssertionError, match="says nothing of text"):
        check_tool(plant("pass", description="..."), "planted", {"text": "x"})


def test_a_database_that_is_made_on_first_use_is_no_change(project: Project) -> None:
    before = take_snapshot(project)
    Memory(project).list("notes")
    assert not compare(before, take_snapshot(project)).any


def test_what_is_derived_is_no_change(project: Project, tmp_path: Path) -> None:
    before = take_snapshot(project)
    project.chroma_path.mkdir()
    (project.chroma_path / "index").write_text("x")
    assert not compare(before, take_snapshot(project)).any
