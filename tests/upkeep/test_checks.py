"""The doctor finds what is wrong, says how to mend it, and changes nothing."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from axagents.llm.providers import key_variables
from axagents.project import Project, open_project
from axagents.settings import ProviderSettings
from axagents.stores.database import migration_names, open_database
from axagents.upkeep import machine
from axagents.upkeep.check import Check
from axagents.upkeep.machine import check_machine
from axagents.upkeep.project import check_database, check_project

Ax = Callable[..., Any]


def named(checks: Any) -> dict[str, Check]:
    return {check.name: check for check in checks}


def test_this_machine_is_in_order(tmp_path: Path) -> None:
    checks = named(check_machine(tmp_path / "not/made/yet", {}))
    assert [check for check in checks.values() if check.state == "wrong"] == []
    assert {"python", "packages", "sqlite", "disk", "git", "provider offline"} <= set(checks)


def test_a_wrong_version_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, "_installed", lambda name: {"pandas": "3.0.1"}.get(name, "999"))
    found = named(check_machine(tmp_path, {}))["packages"]
    assert found.state == "wrong"
    assert "pandas is 3.0.1, wanted <3" in found.found


def test_keys_are_told_present_and_never_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MINE_KEY", "very-secret")
    mine = ProviderSettings(base_url="http://127.0.0.1:1", model="m", key_variable="MINE_KEY")
    checks = named(check_machine(tmp_path, key_variables({"mine": mine})))
    assert (checks["provider mine"].state, checks["provider claude"].state) == ("ok", "note")
    assert checks["provider ollama"].found == "needs no key"
    assert "very-secret" not in str(checks)


def test_a_fresh_project_is_in_order_and_stays_as_it_is(project: Project) -> None:
    before = sorted(project.state.iterdir())
    assert [check for check in check_project(project) if check.state != "ok"] == []
    assert sorted(project.state.iterdir()) == before


def test_a_damaged_database_is_found(project: Project) -> None:
    open_database(project).close()
    content = bytearray(project.database_path.read_bytes())
    content[4096:12288] = os.urandom(8192)
    project.database_path.write_bytes(content)
    project.database_path.with_name("ax.db-wal").unlink(missing_ok=True)
    found = named(check_project(project))["ax.db"]
    assert found.state == "wrong"
    assert "ax restore" in str(found.hint)


def test_a_file_that_is_no_database_is_found(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("hello " * 1000)
    assert check_database(tmp_path / "x.db").state == "wrong"


def test_a_newer_schema_is_found(project: Project) -> None:
    with sqlite3.connect(project.database_path) as connection:
        connection.execute(f"PRAGMA user_version={len(migration_names()) + 1}")
    assert named(check_project(project))["schema"].state == "wrong"


def test_a_state_that_others_can_read_is_found(project: Project) -> None:
    project.state.chmod(0o755)
    assert named(check_project(project))["state"].hint == f"chmod 700 {project.state}"


def test_effects_that_may_be_half_done_are_found(project: Project) -> None:
    with open_database(project).write() as connection:
        connection.execute(
            "INSERT INTO effects (key, run_id, step, effect, arguments, status, actor, planned_at)"
            " VALUES ('k', 'r', 's', 'e', '{}', 'started', 'person', 'now')"
        )
    found = named(check_project(project))["effects"]
    assert (found.state, found.hint) == ("wrong", "ax runs list; ax runs resume RUN")


def test_a_servers_password_is_not_shown(project: Project) -> None:
    (project.root / "ax.toml").write_text('[tracking]\nuri = "http://me:very-secret@127.0.0.1:5000/x"\n')
    found = named(check_project(open_project(project.root)))["tracking"]
    assert "http://127.0.0.1:5000/x" in found.found
    assert "very-secret" not in found.found


def test_the_command_exits_1_when_something_is_wrong(ax: Ax, project: Project) -> None:
    assert ax("doctor").exit_code == 0
    project.database_path.write_text("no database, not at all")
    done = ax("doctor", "--format", "json")
    assert done.exit_code == 1
    assert done.json()["ok"] is False


def test_the_command_works_outside_a_project_and_with_broken_settings(ax: Ax, tmp_path: Path) -> None:
    assert ax("doctor", cwd=tmp_path).exit_code == 0
    (tmp_path / "ax.toml").write_text("[train\n")
    done = ax("doctor", cwd=tmp_path)
    assert done.exit_code == 1
    assert "ax.toml is not valid TOML" in done.stdout
