"""Killed at any point and resumed, memory's effects happen once: one tombstone, one import, nothing lost."""

import json
from pathlib import Path
from typing import Any

import pytest

from axagents.cli import main
from axagents.effects import perform_command, resume_command, undo
from axagents.effects.memory import delete_record, import_records
from axagents.errors import Failed, NotFound, UserError
from axagents.project import Project
from axagents.stores.journal import Journal
from axagents.stores.memory.memory import Memory
from axagents.stores.memory.transfer import find_import, read_bundle
from axagents.stores.runs import Runs, within_run
from tests.forking import in_a_child, told_by_a_child

DOOR = ["effects.planned", "effects.started", "effects.probed", "effects.acted", "effects.done"]


def store(project: Project) -> None:
    for version in (1, 2):
        Memory(project).store("k", {"v": version}, namespace="notes")
    Memory(project).store("other", {"v": 0}, namespace="notes")


def delete(project: Project, *, purge: bool = False) -> str:
    arguments = {"namespace": "notes", "key": "k", "version": 2, "purge": purge}
    perform_command(project, delete_record(project, arguments), name="memory delete")
    return Runs(project).newest()[0].run_id


def import_file(project: Project) -> str:
    path = project.root / "records.jsonl"
    bundle = read_bundle(Memory(project), path)
    arguments = {"import_id": "i1", "path": str(path), "sha256": bundle.sha256, "namespace": None}
    perform_command(project, import_records(project, arguments), name="memory import")
    return Runs(project).newest()[0].run_id


def resume(project: Project) -> None:
    (run,) = Runs(project).newest()
    assert run.interrupted
    resume_command(project, run.run_id)


def world(project: Project) -> dict[str, Any]:
    memory = Memory(project)
    return {
        "k": [each.value for each in memory.history("k", namespace="notes")],
        "other": [each.value for each in memory.history("other", namespace="notes")],
        "new": [each.value for each in memory.history("new", namespace="ml-experiments")],
        "runs": [each.status for each in Runs(project).newest()],
        "effects": [each.status for each in Journal(project).of_run(Runs(project).newest()[0].run_id)],
    }


def write_records(project: Project) -> None:
    lines = [
        {"namespace": "notes", "key": "k", "value": {"v": 3}},
        {"namespace": "notes", "key": "other", "value": {"v": 0}, "version": 9, "stored_at": "2026-01-01"},
        {"namespace": "ml-experiments", "key": "new", "value": {"v": 4}},
    ]
    (project.root / "records.jsonl").write_text("\n".join(json.dumps(line) for line in lines) + "\n")


@pytest.mark.parametrize("point", [*DOOR, "memory.delete.buried"])
@pytest.mark.parametrize("purge", [False, True])
def test_a_deletion_killed_anywhere_and_resumed_leaves_one_tombstone(
    project: Project, tmp_path: Path, point: str, *, purge: bool
) -> None:
    assert in_a_child(lambda: store(project)) == 0
    assert in_a_child(lambda: delete(project, purge=purge), fault=f"{point}:1:kill") == -9
    assert in_a_child(lambda: resume(project)) == 0
    assert told_by_a_child(lambda: world(project), tmp_path / "world") == {
        "k": [None] if purge else [{"v": 1}, {"v": 2}, None],
        "other": [{"v": 0}],
        "new": [],
        "runs": ["completed"],
        "effects": ["done"],
    }


@pytest.mark.parametrize("point", [*DOOR, "memory.import.written"])
def test_an_import_killed_anywhere_and_resumed_writes_each_record_once(
    project: Project, tmp_path: Path, point: str
) -> None:
    write_records(project)
    assert in_a_child(lambda: store(project)) == 0
    assert in_a_child(lambda: import_file(project), fault=f"{point}:1:kill") == -9
    assert in_a_child(lambda: resume(project)) == 0
    assert told_by_a_child(lambda: world(project), tmp_path / "world") == {
        "k": [{"v": 1}, {"v": 2}, {"v": 3}],
        "other": [{"v": 0}],
        "new": [{"v": 4}],
        "runs": ["completed"],
        "effects": ["done"],
    }


def test_what_is_stored_after_a_kill_is_not_deleted_by_the_resumption(project: Project) -> None:
    assert in_a_child(lambda: store(project)) == 0
    assert in_a_child(lambda: delete(project), fault="effects.probed:1:kill") == -9
    Memory(project).store("k", {"v": 3}, namespace="notes")
    with pytest.raises(NotFound, match="version 2"):
        resume(project)
    found = Memory(project).retrieve("k", namespace="notes")
    assert found is not None
    assert found.value == {"v": 3}


def test_a_deletion_is_undone_and_a_purge_is_not(project: Project) -> None:
    store(project)
    run_id = delete(project)
    (entry,) = Journal(project).of_run(run_id)
    undo(project, entry.key, run_id=run_id)
    restored = Memory(project).retrieve("k", namespace="notes")
    assert restored is not None
    assert (restored.value, restored.version) == ({"v": 2}, 4)
    arguments = {"namespace": "notes", "key": "k", "version": 4, "purge": True}
    perform_command(project, delete_record(project, arguments), name="memory delete")
    run_id = Runs(project).newest()[0].run_id
    (entry,) = Journal(project).of_run(run_id)
    assert "v" not in json.dumps([entry.before, entry.after]).replace("versions", "").replace("version", "")
    with pytest.raises(UserError, match="a purge removes every version"):
        undo(project, entry.key, run_id=run_id)


def test_a_deletion_is_not_undone_over_a_later_version(project: Project) -> None:
    store(project)
    run_id = delete(project)
    Memory(project).store("k", {"v": 9}, namespace="notes")
    (entry,) = Journal(project).of_run(run_id)
    with pytest.raises(Failed, match="stored again"):
        undo(project, entry.key, run_id=run_id)


def test_an_import_is_undone_except_what_changed_since(project: Project) -> None:
    store(project)
    write_records(project)
    run_id = import_file(project)
    memory = Memory(project)
    memory.store("new", {"v": 5}, namespace="ml-experiments")
    (entry,) = Journal(project).of_run(run_id)
    undo(project, entry.key, run_id=run_id)
    assert [memory.retrieve(key, namespace="notes") is not None for key in ("k", "other")] == [True, True]
    assert memory.history("k", namespace="notes")[-1].value == {"v": 2}
    assert memory.history("new", namespace="ml-experiments")[-1].value == {"v": 5}
    assert find_import(memory, "i1") is None


def test_a_run_is_undone_with_those_it_began_by_a_person_only(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store(project)
    outer = Runs(project).start("agent", "tester", {})
    with within_run(outer):
        delete(project)
    assert main.run(["runs", "undo", outer]) == 2
    assert "running in another process" in capsys.readouterr().err
    Runs(project).finish(outer, "completed")
    monkeypatch.setenv("AX_ACTOR", "agent")
    assert main.run(["runs", "undo", outer]) == 5
    monkeypatch.delenv("AX_ACTOR")
    assert main.run(["runs", "undo", outer]) == 0
    assert capsys.readouterr().out.startswith("memory.delete of ")
    assert Memory(project).history("k", namespace="notes")[-1].value == {"v": 2}
    assert main.run(["runs", "undo", outer]) == 2
    assert "has no effect to take back" in capsys.readouterr().err


def test_an_import_of_a_file_that_changed_since_it_was_checked_writes_nothing(project: Project) -> None:
    store(project)
    write_records(project)
    path = project.root / "records.jsonl"
    arguments = {"import_id": "i1", "path": str(path), "sha256": "0" * 64, "namespace": None}
    with pytest.raises(Failed, match="changed since the import began"):
        perform_command(project, import_records(project, arguments), name="memory import")
    assert [each.version for each in Memory(project).history("k", namespace="notes")] == [1, 2]
