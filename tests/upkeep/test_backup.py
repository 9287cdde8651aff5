"""A backup moves a project whole; a restore gives all of it or changes nothing."""

import json
import multiprocessing
import sqlite3
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from axagents.errors import Failed, UserError
from axagents.project import Project, open_project
from axagents.stores.database import migration_names, open_database
from axagents.stores.memory.memory import Memory
from axagents.upkeep import restore as restoring
from axagents.upkeep.backup import MANIFEST, write_backup
from axagents.upkeep.restore import restore_backup

Ax = Callable[..., Any]


@pytest.fixture
def filled(project: Project) -> Project:
    """A project with records, a run's report, an artifact and an index."""
    Memory(project).store("k", {"n": 1}, namespace="notes")
    (project.run_folder("r1") / "report.md").write_text("# report")
    (project.artifacts_path / "1").mkdir(parents=True)
    (project.artifacts_path / "1/model.bin").write_bytes(bytes(range(256)) * 50)
    project.chroma_path.mkdir()
    (project.chroma_path / "index").write_text("rebuilt")
    (project.root / "ax.toml").write_text("[train]\nfolds = 7\n")
    return project


@pytest.fixture
def saved(filled: Project, tmp_path: Path) -> Path:
    write_backup(filled, tmp_path / "saved.zip")
    return tmp_path / "saved.zip"


def value(root: Path) -> Any:
    record = Memory(open_project(root)).retrieve("k", namespace="notes")
    return record.value if record else None


def rewrite(saved: Path, **changed: bytes) -> Path:
    """Write the backup again with some members changed."""
    other = saved.with_name("changed.zip")
    with zipfile.ZipFile(saved) as old, zipfile.ZipFile(other, "w") as new:
        for name in {*old.namelist(), *changed}:
            new.writestr(name, changed[name] if name in changed else old.read(name))
    return other


def manifest_of(saved: Path) -> dict[str, Any]:
    return json.loads(zipfile.ZipFile(saved).read(MANIFEST))


def test_a_restored_project_is_the_same(filled: Project, saved: Path, tmp_path: Path) -> None:
    root = tmp_path / "elsewhere"
    _, kept = restore_backup(saved, root)
    assert kept is None
    assert value(root) == {"n": 1}
    assert (root / ".ax/runs/r1/report.md").read_text() == "# report"
    assert (root / ".ax/mlartifacts/1/model.bin").read_bytes() == bytes(range(256)) * 50
    assert open_project(root).settings.train.folds == 7
    assert (root / ".ax").stat().st_mode & 0o777 == 0o700


def test_what_is_rebuilt_and_what_passes_is_left_out(saved: Path) -> None:
    names = zipfile.ZipFile(saved).namelist()
    assert not [name for name in names if "chroma" in name or name.endswith(("-wal", "-shm", ".lock"))]


def _keep_storing(root: str, ready: Any, stop: Any) -> None:
    memory = Memory(open_project(Path(root)))
    number = 0
    while not stop.is_set():
        number += 1
        memory.store("k", {"n": number}, namespace="notes")
        ready.set()


def test_a_backup_is_whole_while_another_process_writes(filled: Project, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready, stop = context.Event(), context.Event()
    writer = context.Process(target=_keep_storing, args=(str(filled.root), ready, stop))
    writer.start()
    try:
        assert ready.wait(60)
        for number in range(3):
            write_backup(filled, tmp_path / f"{number}.zip")
    finally:
        stop.set()
        writer.join()
    for number in range(3):
        restore_backup(tmp_path / f"{number}.zip", tmp_path / str(number))
        assert value(tmp_path / str(number))["n"] >= 1


def test_a_file_that_is_there_is_not_overwritten(filled: Project, saved: Path) -> None:
    before = saved.read_bytes()
    with pytest.raises(UserError, match="is there already"):
        write_backup(filled, saved)
    assert saved.read_bytes() == before
    write_backup(filled, saved, replace=True)


def test_a_backup_that_cannot_be_written_leaves_nothing(filled: Project, tmp_path: Path) -> None:
    with pytest.raises(Failed, match="cannot write"):
        write_backup(filled, tmp_path / "no/such/folder/saved.zip")
    with pytest.raises(UserError, match="inside the state"):
        write_backup(filled, filled.state / "saved.zip")


def test_a_damaged_database_is_not_saved(filled: Project, tmp_path: Path) -> None:
    (filled.state / "mlflow.db").write_text("no database, not at all" * 100)
    with pytest.raises(Failed, match="damaged"):
        write_backup(filled, tmp_path / "saved.zip")
    assert sorted(tmp_path.glob("*.zip*")) == []


def test_a_state_that_is_there_is_replaced_only_when_told_and_kept(filled: Project, saved: Path) -> None:
    Memory(filled).store("k", {"n": 2}, namespace="notes")
    with pytest.raises(UserError, match="holds a state already"):
        restore_backup(saved, filled.root)
    (filled.root / "ax.toml").write_text("[train]\nfolds = 3\n")
    _, kept = restore_backup(saved, filled.root, replace=True)
    assert kept is not None
    with sqlite3.connect(filled.database_path) as connection:
        assert connection.execute("SELECT max(version) FROM memory_versions").fetchone() == (1,)
    with sqlite3.connect(kept / "ax.db") as connection:
        assert connection.execute("SELECT max(version) FROM memory_versions").fetchone() == (2,)
    assert "folds = 3" in (kept / "ax.toml").read_text()
    assert open_project(filled.root).settings.train.folds == 7


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"schema_version": len(migration_names()) + 1}, "newer axagents"),
        ({"format": 2}, "newer axagents"),
        ({"mlflow": "99.0.0"}, "newer MLflow"),
        ({"files": {"../outside": {"sha256": "0", "size": 1}}}, "no place in a project"),
        ({"files": {".ax/../../outside": {"sha256": "0", "size": 1}}}, "no place in a project"),
        ({"files": {"/etc/outside": {"sha256": "0", "size": 1}}}, "no place in a project"),
        ({"files": {".ax/missing": {"sha256": "0", "size": 1}}}, "damaged at .ax/missing"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_changed(
    saved: Path, tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    manifest = manifest_of(saved)
    other = rewrite(saved, **{MANIFEST: json.dumps({**manifest, **change}).encode()})
    root = tmp_path / "elsewhere"
    root.mkdir()
    with pytest.raises((UserError, Failed), match=told):
        restore_backup(other, root)
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("name", [".ax/ax.db", ".ax/mlartifacts/1/model.bin", "ax.toml"])
def test_a_changed_member_is_found_and_nothing_is_changed(saved: Path, tmp_path: Path, name: str) -> None:
    root = tmp_path / "elsewhere"
    root.mkdir()
    with pytest.raises(Failed, match="is not what was saved"):
        restore_backup(rewrite(saved, **{name: b"something else"}), root)
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.99])
def test_a_cut_file_is_refused(saved: Path, tmp_path: Path, keep: float) -> None:
    content = saved.read_bytes()
    saved.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(UserError, match="no backup"):
        restore_backup(saved, tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere/.ax").exists()


def test_too_little_disk_is_told_before_anything_is_written(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(restoring.shutil, "disk_usage", lambda place: usage)
    with pytest.raises(Failed, match="MB are needed"):
        restore_backup(saved, tmp_path / "elsewhere")


@pytest.mark.parametrize("point", ["restore.extracted", "restore.swapped"])
def test_killed_at_any_point_the_state_is_the_old_or_the_new_one(filled: Project, saved: Path, point: str) -> None:
    Memory(filled).store("k", {"n": 2}, namespace="notes")
    open_database(filled).close()
    code = f"""
import os; os.environ['AX_FAULT'] = '{point}:1:kill'
from pathlib import Path; from axagents.upkeep.restore import restore_backup
restore_backup(Path({str(saved)!r}), Path({str(filled.root)!r}), replace=True)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == -9
    with sqlite3.connect(filled.database_path) as connection:
        newest = connection.execute("SELECT max(version) FROM memory_versions").fetchone()
    assert newest == ((2,) if point == "restore.extracted" else (1,))
    assert restore_backup(saved, filled.root, replace=True)


def test_the_commands(ax: Ax, filled: Project, tmp_path: Path) -> None:
    done = ax("backup", str(tmp_path / "b.zip"), "--format", "json")
    assert done.exit_code == 0
    assert done.json()["files"] > 3
    (tmp_path / "new").mkdir()
    done = ax("restore", str(tmp_path / "b.zip"), cwd=tmp_path / "new")
    assert done.exit_code == 0, done.stderr
    assert value(tmp_path / "new") == {"n": 1}
    assert ax("restore", str(tmp_path / "b.zip"), cwd=tmp_path / "new").exit_code == 2
    assert ax("restore", str(tmp_path / "nowhere.zip"), cwd=tmp_path / "new").exit_code != 0
