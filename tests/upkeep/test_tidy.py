"""Tidying removes what is too old and nothing else."""

import os
import sqlite3
import time
from collections.abc import Callable
from typing import Any

import pytest

from axagents.project import Project
from axagents.stores.database import open_database
from axagents.stores.memory.memory import Memory
from axagents.stores.runs import Runs
from axagents.upkeep.tidy import tidy

Ax = Callable[..., Any]
LONG_AGO = "2020-01-01T00:00:00.000000Z"


def ended_run(project: Project, *, status: str = "completed", at: str | None = None) -> str:
    run = Runs(project).start("workflow", "ml-train", {})
    Runs(project).finish(run, status)  # type: ignore[arg-type]
    if at:
        with open_database(project).write() as connection:
            connection.execute("UPDATE runs SET finished_at = ? WHERE run_id = ?", (at, run))
    (project.run_folder(run) / "report.md").write_text("report")
    return run


def folders(project: Project) -> set[str]:
    return {path.name for path in project.runs_path.iterdir()}


def test_a_fresh_project_has_nothing_to_tidy(project: Project) -> None:
    assert tidy(project, dry_run=False) == []


def test_files_of_runs_that_ended_long_ago_go(project: Project) -> None:
    old, new = ended_run(project, at=LONG_AGO), ended_run(project)
    running = Runs(project).start("workflow", "ml-train", {})
    project.run_folder(running)
    assert [each.count for each in tidy(project, dry_run=True)] == [1]
    assert folders(project) == {old, new, running}
    tidy(project, dry_run=False)
    assert folders(project) == {new, running}
    assert Runs(project).get(old).status == "completed"


def test_expired_memory_goes_and_stays_known_as_gone(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory(project)
    memory.store("short", {"secret": "x"}, namespace="notes", ttl=0.05)
    memory.store("long", {"n": 1}, namespace="notes")
    time.sleep(0.1)
    assert [(each.what, each.count) for each in tidy(project, dry_run=True)] == [("memory records", 1)]
    tidy(project, dry_run=False)
    with open_database(project).read() as connection:
        values = connection.execute("SELECT value FROM memory_versions ORDER BY change").fetchall()
    assert [row["value"] is None for row in values] == [True, False]
    assert memory.retrieve("short", namespace="notes") is None
    assert memory.retrieve("long", namespace="notes") is not None


def test_checkpoints_of_what_nobody_can_resume_go(project: Project) -> None:
    done, failed = ended_run(project), ended_run(project, status="failed")
    with sqlite3.connect(project.checkpoints_path) as connection:
        for table in ("checkpoints", "writes"):
            connection.execute(f"CREATE TABLE {table} (thread_id TEXT)")
            connection.executemany(f"INSERT INTO {table} VALUES (?)", [(done,), (done,), (failed,)])
    found = {each.what: each.count for each in tidy(project, dry_run=False)}
    assert found == {"checkpoints": 2}
    with sqlite3.connect(project.checkpoints_path) as connection:
        assert connection.execute("SELECT thread_id FROM checkpoints").fetchall() == [(failed,)]


def test_leftovers_go_when_they_are_old(project: Project) -> None:
    for name, age in (("a.partial", 2), ("b.partial", 0), ("mlflow-new-1.db", 2)):
        (project.state / name).write_text("x")
        then = time.time() - age * 86_400
        os.utime(project.state / name, (then, then))
    tidy(project, dry_run=False)
    assert sorted(path.name for path in project.state.glob("*.partial")) == ["b.partial"]
    assert not (project.state / "mlflow-new-1.db").exists()


def test_the_command_shows_first(ax: Ax, project: Project) -> None:
    ended_run(project, at=LONG_AGO)
    done = ax("gc", "--dry-run", "--format", "json")
    assert (done.json()["dry_run"], len(done.json()["removed"])) == (True, 1)
    assert len(folders(project)) == 1
    assert "removed" in ax("gc").stdout
    assert folders(project) == set()
    assert ax("gc").stdout == "nothing is too old\n"
