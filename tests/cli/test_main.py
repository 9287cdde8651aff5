"""The manners of the terminal."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from axagents.project import Project

Ax = Callable[..., Any]


def test_version(ax: Ax) -> None:
    done = ax("--version")
    assert (done.exit_code, done.stdout) == (0, "axagents 0.1.0\n")


def test_an_unknown_command_names_the_nearest(ax: Ax) -> None:
    done = ax("memroy", "list")
    assert done.exit_code == 2
    assert "did you mean memory?" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_option_names_the_nearest(ax: Ax, project: Project) -> None:
    done = ax("runs", "list", "--limt", "3")
    assert done.exit_code == 2
    assert "--limit" in done.stderr


def test_with_json_an_error_is_one_object_on_standard_output(ax: Ax, project: Project) -> None:
    done = ax("runs", "show", "nowhere", "--format", "json")
    assert done.exit_code == 2
    error = done.json()["error"]
    assert set(error) == {"kind", "message", "field", "legal", "hint", "exit_code"}
    assert error["exit_code"] == 2
    assert done.stderr == ""


def test_outside_a_project_a_reading_command_names_init_and_makes_nothing(ax: Ax, tmp_path: Path) -> None:
    done = ax("runs", "list", cwd=tmp_path)
    assert done.exit_code == 2
    assert "ax init" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("bad", ["{", '{"a": 1,, "b": 2}', "[]", "@nowhere.json"])
def test_bad_input_is_one_clear_error(ax: Ax, project: Project, bad: str) -> None:
    done = ax("run", "ml-train", "--input", bad)
    assert done.exit_code == 2
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_fail_on_takes_verdicts_only(ax: Ax, project: Project) -> None:
    done = ax("runs", "list", "--fail-on", "no_go,PROMOT")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "there is no verdict PROMOT; did you mean PROMOTE?" in done.stderr
    assert ax("runs", "list", "--fail-on", "no_go, incomplete").exit_code == 0


def test_the_help_of_the_whole_names_the_shorter_names(ax: Ax) -> None:
    lines = [line.split() for line in ax("--help").stdout.splitlines()]
    for name, whole in (("history", "list"), ("trace", "show"), ("resume", "resume")):
        assert [name, "ax", "runs", whole] in lines


def test_broken_settings_are_told_with_their_place_and_a_way_that_works(ax: Ax, tmp_path: Path) -> None:
    (tmp_path / "ax.toml").write_text("[train\n")
    done = ax("config", "show", cwd=tmp_path)
    assert (done.exit_code, str(tmp_path / "ax.toml") in done.stderr, "ax doctor" in done.stderr) == (2, True, True)


def test_debug_shows_the_traceback(ax: Ax, project: Project) -> None:
    assert "Traceback" in ax("run", "ml-trian", "--debug").stderr


def test_init_makes_a_project_and_a_first_commit_and_says_what_next(ax: Ax, tmp_path: Path) -> None:
    done = ax("init", cwd=tmp_path)
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "ax.toml").exists()
    assert (tmp_path / ".git").exists()
    assert "next: ax data add" in done.stdout


def test_a_damaged_database_is_told_in_one_line(ax: Ax, project: Project) -> None:
    project.database_path.write_bytes(b"this is not a database, not at all" * 100)
    done = ax("runs", "list", cwd=project.root)
    assert done.exit_code == 2
    assert "is damaged" in done.stderr
    assert "ax restore" in done.stderr
