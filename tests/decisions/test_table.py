"""A decision names its row; a project may put its own table in place of ours, and only a sound one."""

from pathlib import Path

import pytest
import yaml

from axagents.decisions import table as tables
from axagents.decisions.rules import Table
from axagents.decisions.table import decide, read_table
from axagents.errors import NotFound, UserError
from axagents.project import Project
from axagents.settings import Settings

EXAMPLE = yaml.safe_load((tables.__doc__ or "").split("```yaml")[1].split("```")[0])


@pytest.fixture(autouse=True)
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ship one table, the example of the module's own documentation."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    (folder / "example.yaml").write_text(yaml.safe_dump(EXAMPLE, sort_keys=False))
    monkeypatch.setattr(tables, "SHIPPED", folder)
    tables.shipped_table.cache_clear()
    return folder


def own_table(root: Path, content: object, path: str = "decisions/example.yaml") -> Project:
    (root / "decisions").mkdir(exist_ok=True)
    (root / "decisions/example.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    return Project(root, Settings(decisions={"example": path}))


def test_the_first_row_that_matches_decides() -> None:
    decision = decide(None, "example", {"evaluation": "NO_GO", "fair": False, "drop": 0.2})
    assert (decision.verdict, decision.row) == ("REJECT", "failed-evaluation")
    assert decision.because == "The evaluation said NO_GO."
    assert decision.inputs == {"evaluation": "NO_GO", "fair": False, "drop": 0.2}


def test_an_unknown_value_is_not_a_good_one() -> None:
    assert decide(None, "example", {"evaluation": "GO", "fair": True}).row == "drop-not-measured"
    assert decide(None, "example", {"evaluation": "GO", "fair": True, "drop": 0.01}).verdict == "PROMOTE"


def test_an_unknown_table_names_the_nearest() -> None:
    with pytest.raises(NotFound, match=r"exampel.*did you mean example"):
        decide(None, "exampel", {})


def test_a_project_replaces_a_table(tmp_path: Path) -> None:
    rows = [row | {"when": {"drop": "> 0.02"}} if row["row"] == "large-drop" else row for row in EXAMPLE["rows"]]
    project = own_table(tmp_path, EXAMPLE | {"rows": rows})
    inputs = {"evaluation": "GO", "fair": True, "drop": 0.05}
    assert decide(None, "example", inputs).verdict == "PROMOTE"
    assert decide(project, "example", inputs).verdict == "REJECT"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"inputs": {"fair": {"kind": "boolean", "worse": False}}, "rows": EXAMPLE["rows"][-1:]},
            "'evaluation' must stay",
        ),
        ({"rows": [EXAMPLE["rows"][-1] | {"then": "LAUNCH"}]}, "no verdict 'LAUNCH'"),
        ({"rows": [*EXAMPLE["rows"][1:3], EXAMPLE["rows"][0], EXAMPLE["rows"][-1]]}, "is worse than|never reached"),
        ({"rows": [EXAMPLE["rows"][0]]}, "must match everything"),
        ({"inputs": EXAMPLE["inputs"] | {"mood": {"kind": "boolean"}}}, "no input 'mood'"),
        ({"inputs": EXAMPLE["inputs"] | {"fair": {"kind": "boolean"}}}, "'fair' must keep its domain"),
    ],
)
def test_an_unsound_replacement_is_refused(tmp_path: Path, change: dict[str, object], said: str) -> None:
    project = own_table(tmp_path, EXAMPLE | change)
    with pytest.raises(UserError, match=said):
        decide(project, "example", {"evaluation": "GO", "fair": True})


def test_a_replacement_outside_the_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="outside the project"):
        decide(own_table(tmp_path, EXAMPLE, "../example.yaml"), "example", {"evaluation": "GO", "fair": True})


def test_a_broken_file_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("rows: [")
    with pytest.raises(UserError, match=r"broken\.yaml: not YAML"):
        read_table(path)
    path.write_text("rows: []\ninputs: {}\n")
    with pytest.raises(UserError, match=r"broken\.yaml: rows"):
        read_table(path)


def test_the_documented_example_is_sound() -> None:
    assert tables.problems(Table.model_validate(EXAMPLE)) == []
