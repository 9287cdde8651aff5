"""Remove what the retentions say is too old, and what broken-off commands left."""

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from axagents.clock import stamp, utc_now
from axagents.project import Project
from axagents.stores.database import open_database
from axagents.stores.inference.fold import count_old_days, fold_project
from axagents.stores.memory.expiry import count_expired, forget_expired
from axagents.stores.traces.spans import Spans

LEFTOVERS = ("*.partial", "mlflow-new-*")
LEFT_FOR_SECONDS = 86_400
DONE = ("completed", "abandoned")
MOSTLY_EMPTY = 0.25


class Tidied(BaseModel):
    """One kind of thing that is too old: how many, how many bytes where that is known, and the rule."""

    model_config = ConfigDict(frozen=True)
    what: str
    count: int
    size: int | None
    rule: str


def tidy(project: Project, *, dry_run: bool) -> list[Tidied]:
    """Remove what is too old and return it; with `dry_run` only return it."""
    found = [_memory(project, dry_run=dry_run)]
    days = project.settings.retention.run_days
    old = _old_runs(project, days)
    found.append(_files("files of runs", [project.runs_path / run for run in old], f"ended {days:g} days ago or more"))
    found.append(_spans(project, old, f"their run ended {days:g} days ago or more", dry_run=dry_run))
    found.append(_files("files of no run", _strays(project), "no run of that name is recorded"))
    found.append(_files("leftovers", _leftovers(project), "a command broke off a day ago or more"))
    folders = [project.runs_path / run for run in old] + _strays(project) + _leftovers(project)
    found.append(_checkpoints(project, dry_run=dry_run))
    found.append(_inference(project, dry_run=dry_run))
    if not dry_run:
        for path in folders:
            _remove(path)
        for path in (project.database_path, project.checkpoints_path):
            _compact(path)
    return [each for each in found if each.count]


def _memory(project: Project, *, dry_run: bool) -> Tidied:
    count = count_expired(project) if dry_run else forget_expired(project)
    return Tidied(
        what="memory records", count=count, size=None, rule="their ttl or their namespace's retention is over"
    )


def _inference(project: Project, *, dry_run: bool) -> Tidied:
    count = count_old_days(project) if dry_run else sum(each.expired for each in fold_project(project))
    rule = f"older than {project.settings.retention.inference_days} days"
    return Tidied(what="days of the inference log", count=count, size=None, rule=rule)


def _files(what: str, paths: list[Path], rule: str) -> Tidied:
    there = [path for path in paths if path.exists()]
    return Tidied(what=what, count=len(there), size=sum(map(_size, there)), rule=rule)


def _old_runs(project: Project, days: float) -> list[str]:
    before = stamp(utc_now() - timedelta(days=days))
    with open_database(project).read() as connection:
        rows = connection.execute(
            f"SELECT run_id FROM runs WHERE status IN ({', '.join('?' * len(DONE))}) AND finished_at < ?",
            (*DONE, before),
        )
        return [row["run_id"] for row in rows]


def _spans(project: Project, runs: list[str], rule: str, *, dry_run: bool) -> Tidied:
    count = Spans(project).count(runs) if dry_run else Spans(project).forget(runs)
    return Tidied(what="spans", count=count, size=None, rule=rule)


def _strays(project: Project) -> list[Path]:
    if not project.runs_path.is_dir():
        return []
    with open_database(project).read() as connection:
        known = {row["run_id"] for row in connection.execute("SELECT run_id FROM runs")}
    return [path for path in sorted(project.runs_path.iterdir()) if path.name not in known and _is_old(path)]


def _leftovers(project: Project) -> list[Path]:
    return [path for pattern in LEFTOVERS for path in sorted(project.state.glob(pattern)) if _is_old(path)]


def _is_old(path: Path) -> bool:
    return time.time() - path.lstat().st_mtime > LEFT_FOR_SECONDS


def _checkpoints(project: Project, *, dry_run: bool) -> Tidied:
    """Drop the checkpoints of runs that nobody can resume any more."""
    count = 0
    if project.checkpoints_path.exists():
        with open_database(project).read() as connection:
            marks = ", ".join("?" * len(DONE))
            rows = connection.execute(f"SELECT run_id FROM runs WHERE status IN ({marks})", DONE)
            done = [(row["run_id"],) for row in rows]
        count = _drop_threads(project.checkpoints_path, done, dry_run=dry_run)
    return Tidied(what="checkpoints", count=count, size=None, rule="their run is completed or abandoned")


def _drop_threads(path: Path, done: list[tuple[str]], *, dry_run: bool) -> int:
    with closing(sqlite3.connect(path, timeout=30)) as connection, connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        if "checkpoints" not in tables:
            return 0
        connection.execute("CREATE TEMP TABLE done (thread_id TEXT PRIMARY KEY)")
        connection.executemany("INSERT INTO done VALUES (?)", done)
        chosen = "thread_id IN (SELECT thread_id FROM done)"
        (count,) = connection.execute(f"SELECT count(*) FROM checkpoints WHERE {chosen}").fetchone()
        if not dry_run:
            for table in ("checkpoints", "writes"):
                connection.execute(f"DELETE FROM {table} WHERE {chosen}")
    return count


def _compact(path: Path) -> None:
    """Give free pages back to the file system when they are many; skipped while somebody else works."""
    if not path.exists():
        return
    with closing(sqlite3.connect(path, timeout=5, isolation_level=None)) as connection:
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        try:
            if free > pages * MOSTLY_EMPTY:
                connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.OperationalError:
            return


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _size(path: Path) -> int:
    return sum(_sizes(path)) if path.is_dir() else path.lstat().st_size


def _sizes(folder: Path) -> Iterator[int]:
    return (path.lstat().st_size for path in folder.rglob("*") if path.is_file())
