"""What a project holds at one moment, so that a test can tell what a call changed."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from axagents.project import Project
from axagents.stores.database import open_reading

DATABASES = ("ax.db", "mlflow.db")
DERIVED_TABLES = ("memory_words", "memory_terms", "sqlite_", "alembic_version")
DERIVED_FILES = (".ax/chroma/", ".ax/cache/", ".ax/checkpoints.db")
PASSING = ("-wal", "-shm", "-journal", ".lock", ".pyc")


@dataclass(frozen=True)
class Snapshot:
    """Rows by table (`ax.db:runs`), and the SHA-256 of files by path, without what is derived from these."""

    rows: Mapping[str, Counter[str]]
    files: Mapping[str, str]


@dataclass(frozen=True)
class Changes:
    """What differs between two snapshots: table or path to how many rows came and went."""

    rows_added: Mapping[str, int]
    rows_gone: Mapping[str, int]
    files_added: tuple[str, ...]
    files_changed: tuple[str, ...]

    @property
    def any(self) -> bool:
        return bool(self.rows_added or self.rows_gone or self.files_added or self.files_changed)


def take_snapshot(project: Project) -> Snapshot:
    """Read what a project holds now."""
    rows = {name: count for database in DATABASES for name, count in _tables(project.state / database)}
    return Snapshot(rows, dict(_files(project.root)))


def compare(before: Snapshot, after: Snapshot) -> Changes:
    """Return what changed; a database made in between counts as empty before, with what making it put there."""
    made = {name.split(":")[0] for name in after.rows} - {name.split(":")[0] for name in before.rows}
    tables = sorted(name for name in before.rows.keys() | after.rows.keys() if name.split(":")[0] not in made)
    gone_files = [path for path in before.files if path not in after.files]
    changed = [path for path in before.files if after.files.get(path, before.files[path]) != before.files[path]]
    return Changes(
        rows_added=_differences(after, before, tables),
        rows_gone=_differences(before, after, tables),
        files_added=tuple(path for path in after.files if path not in before.files),
        files_changed=tuple(sorted([*gone_files, *changed])),
    )


def _differences(one: Snapshot, other: Snapshot, tables: list[str]) -> dict[str, int]:
    empty: Counter[str] = Counter()
    counts = {name: (one.rows.get(name, empty) - other.rows.get(name, empty)).total() for name in tables}
    return {name: count for name, count in counts.items() if count}


def _tables(path: Path) -> Iterator[tuple[str, Counter[str]]]:
    if not path.exists():
        return
    with open_reading(path) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in sorted(names):
            if not name.startswith(DERIVED_TABLES):
                yield f"{path.name}:{name}", Counter(map(repr, connection.execute(f'SELECT * FROM "{name}"')))


def _files(root: Path) -> Iterator[tuple[str, str]]:
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder) / name
            shown = path.relative_to(root).as_posix()
            skipped = name in DATABASES or shown.endswith(PASSING) or shown.startswith(DERIVED_FILES)
            if not skipped and not shown.startswith(".git/") and path.is_file():
                yield shown, hashlib.sha256(path.read_bytes()).hexdigest()
