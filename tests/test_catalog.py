"""The catalog finds content, and lays a project's own over ours only when it is switched on and trusted."""

import py_compile
import sys
from pathlib import Path

import pytest

from axagents import progress
from axagents.catalog import ToolFacts, open_catalog
from axagents.contents import SUFFIXES, Kind
from axagents.documents import parse_yaml
from axagents.errors import NotFound, UserError
from axagents.project import Project, open_project
from axagents.toolkit import Touch
from axagents.trust import read_holding, record_trust

TOOL = '''
"""Count letters."""

from pydantic import BaseModel

from axagents.toolkit import Touch, tool


class Text(BaseModel):
    text: str


class Count(BaseModel):
    letters: int


@tool("{name}", touches=Touch.READ)
def count(request: Text) -> Count:
    """Count the letters of a text."""
    return Count(letters={answer})
'''


def write_tool(
    root: Path, file: str = "count_letters", name: str = "count-letters", answer: str = "len(request.text)"
) -> Path:
    (root / "tools").mkdir(exist_ok=True)
    path = root / "tools" / f"{file}.py"
    path.write_text(TOOL.format(name=name, answer=answer))
    return path


@pytest.fixture
def own(project: Project) -> Project:
    """A project with content of its own switched on, not trusted yet."""
    (project.root / "ax.toml").write_text("content = true\n")
    return open_project(project.root)


def trust(project: Project) -> Project:
    record_trust(read_holding(project.root))
    return project


def run_tool(project: Project, name: str = "count-letters") -> int:
    spec = open_catalog(project).tool(name)
    result = spec.function(spec.request.model_validate({"text": "hello"}))
    return result.model_dump()["letters"]


@pytest.mark.parametrize("kind", list(SUFFIXES))
def test_shipped_content_is_found(kind: Kind) -> None:
    files = open_catalog(None).files(kind)
    assert list(files) == sorted(files)
    assert all(file.origin == "shipped" and file.text for file in files.values())


def test_an_unknown_name_is_told(project: Project) -> None:
    with pytest.raises(NotFound, match="no tool called 'ml-trian'"):
        open_catalog(project).find("tools", "ml-trian")


def test_own_content_is_left_out_when_it_is_switched_off(project: Project) -> None:
    write_tool(project.root)
    trust(project)
    assert "count-letters" not in open_catalog(project).files("tools")


def test_own_content_is_left_out_and_told_when_it_is_not_trusted(own: Project) -> None:
    path = write_tool(own.root)
    path.write_text(f"open({str(own.root / 'ran')!r}, 'w')\n")
    told: list[progress.Event] = []
    with progress.listen(told.append):
        catalog = open_catalog(own)
        assert "count-letters" not in catalog.tools
    assert not (own.root / "ran").exists()
    assert any("ax trust" in event.text for event in told if isinstance(event, progress.Note))


def test_trusted_content_is_used(own: Project) -> None:
    write_tool(own.root)
    trust(own)
    assert run_tool(own) == 5
    facts = open_catalog(own).tools["count-letters"]
    assert (facts.touches, facts.origin, facts.description) == (Touch.READ, "project", "Count the letters of a text.")
    assert facts.parameters["required"] == ["text"]


def test_changed_content_is_left_out_again(own: Project) -> None:
    write_tool(own.root)
    trust(own)
    assert run_tool(own) == 5
    write_tool(own.root, answer="7")
    assert "count-letters" not in open_catalog(own).files("tools")
    trust(own)
    assert run_tool(own) == 7


def test_what_is_imported_is_what_was_hashed(own: Project) -> None:
    """Neither an edit after the check nor a planted bytecode file is ever run."""
    path = write_tool(own.root)
    trust(own)
    catalog = open_catalog(own)
    planted = own.root / "planted.py"
    planted.write_text(TOOL.format(name="count-letters", answer="666"))
    cached = path.parent / "__pycache__" / f"count_letters.{sys.implementation.cache_tag}.pyc"
    py_compile.compile(str(planted), cfile=str(cached), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    write_tool(own.root, answer="666")
    spec = catalog.tool("count-letters")
    assert spec.function(spec.request.model_validate({"text": "hello"})).model_dump() == {"letters": 5}


def test_two_projects_do_not_see_each_others_tools(own: Project, tmp_path: Path) -> None:
    other_root = tmp_path / "other"
    other_root.mkdir()
    (other_root / "ax.toml").write_text("content = true\n")
    other = open_project(other_root)
    write_tool(own.root)
    write_tool(other.root, answer="9")
    trust(own)
    trust(other)
    assert [run_tool(own), run_tool(other), run_tool(own)] == [5, 9, 5]
    assert "count-letters" not in open_catalog(None).files("tools")


def test_own_content_overlays_file_by_file(own: Project) -> None:
    (own.root / "prompts").mkdir()
    (own.root / "prompts/mine.j2").write_text("mine")
    trust(own)
    prompts = open_catalog(own).files("prompts")
    assert prompts["mine"].text == "mine"
    assert set(open_catalog(None).files("prompts")) <= set(prompts)


def test_a_tool_is_named_as_its_file(own: Project) -> None:
    write_tool(own.root, file="other_name")
    trust(own)
    with pytest.raises(UserError, match="holds the tool count-letters; by its name it must hold exactly 'other-name'"):
        open_catalog(own).tool("other-name")


def test_a_tools_facts_are_read_without_importing_it(own: Project) -> None:
    write_tool(own.root)
    trust(own)
    first = open_catalog(own).tools
    sys.modules.pop("axagents.content.tools.count_letters")
    assert open_catalog(own).tools == first
    assert "axagents.content.tools.count_letters" not in sys.modules


def test_a_broken_yaml_file_is_one_clear_line() -> None:
    with pytest.raises(UserError, match=r"mine\.yaml: not YAML: .* at line 2"):
        parse_yaml("a: [", ToolFacts, source="mine.yaml")
    with pytest.raises(UserError, match=r"mine\.yaml: touches: "):
        parse_yaml("{name: a, touches: all, description: b, parameters: {}}", ToolFacts, source="mine.yaml")
