"""`ax config` shows and changes settings, keeps comments, and writes nothing that is wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from axagents.project import Project

Ax = Callable[..., Any]
WRITTEN = "# mine\n[train]\nfolds = 7  # an odd number\n"


@pytest.fixture
def toml(project: Project) -> Path:
    path = project.root / "ax.toml"
    path.write_text(WRITTEN)
    return path


def test_show_tells_values_and_where_they_come_from(ax: Ax, toml: Path) -> None:
    done = ax("config", "show", "--format", "json", env={"AX_TRAIN__SEED": "5"})
    found = {each["key"]: (each["value"], each["source"]) for each in done.json()["settings"]}
    assert found["train.folds"] == (7, "ax.toml")
    assert found["train.seed"] == (5, "environment")
    assert found["memory.embedder"] == ("auto", "default")


def test_get_gives_one_setting_or_a_section(ax: Ax, toml: Path) -> None:
    assert ax("config", "get", "train.folds").stdout == "7\n"
    assert "train.folds = 7" in ax("config", "get", "train").stdout


def test_set_keeps_comments(ax: Ax, toml: Path) -> None:
    assert ax("config", "set", "train.folds", "9").exit_code == 0
    assert ax("config", "set", "content", "true").exit_code == 0
    assert ax("config", "get", "train.folds").stdout == "9\n"
    assert "# mine" in toml.read_text()
    assert "folds = 9  # an odd number" in toml.read_text()


def test_set_makes_a_missing_section(ax: Ax, toml: Path) -> None:
    assert ax("config", "set", "agents.provider", "offline").exit_code == 0
    assert ax("config", "get", "agents.provider").stdout == "offline\n"


def test_set_adds_a_provider(ax: Ax, toml: Path) -> None:
    ax("config", "set", "providers.mine", '{base_url = "http://127.0.0.1:1", model = "m"}')
    assert ax("config", "get", "providers.mine.model").stdout == "m\n"


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("train.folds", "99", "less than or equal to 20"),
        ("train.folds", "many", "train.folds"),
        ("train.flods", "3", "did you mean"),
        ("trian.folds", "3", "did you mean train"),
        ("content.folds", "3", "valid boolean"),
    ],
)
def test_a_wrong_setting_is_told_and_not_written(ax: Ax, toml: Path, key: str, value: str, told: str) -> None:
    done = ax("config", "set", key, value)
    assert done.exit_code == 2
    assert told in done.stderr
    assert toml.read_text() == WRITTEN


def test_an_unknown_key_names_the_nearest(ax: Ax, toml: Path) -> None:
    done = ax("config", "get", "train.fold")
    assert done.exit_code == 2
    assert "did you mean train.folds" in done.stderr


def test_a_broken_file_is_told(ax: Ax, toml: Path) -> None:
    toml.write_text("[train\n")
    assert ax("config", "set", "train.folds", "3").exit_code == 2
    assert toml.read_text() == "[train\n"
    done = ax("config", "path")
    assert (done.exit_code, done.stdout) == (0, f"{toml}\n")


def test_path_needs_no_project(ax: Ax, tmp_path: Path) -> None:
    done = ax("config", "path", "--format", "json", cwd=tmp_path)
    assert done.json()["exists"] is False
    assert list(tmp_path.iterdir()) == []


def test_set_makes_a_project_where_there_is_none_and_says_so(ax: Ax, tmp_path: Path) -> None:
    done = ax("config", "set", "train.folds", "3", cwd=tmp_path)
    assert done.exit_code == 0
    assert "made a project here" in done.stderr
