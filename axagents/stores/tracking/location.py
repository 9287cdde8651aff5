"""Where a project's own MLflow store lies: made in one step, and followed when the project moves."""

import sqlite3
import uuid
from contextlib import closing
from pathlib import Path

from filelock import FileLock
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

from axagents.project import Project

# Columns of MLflow's schema that hold an absolute artifact address.
_ADDRESSES = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)


def sqlite_uri(path: Path) -> str:
    """Return the SQLAlchemy address of a SQLite file."""
    return f"sqlite:///{path}"


def prepare_store(project: Project) -> None:
    """Make the project's MLflow database when there is none, and point it at where the project lies now.

    A database whose migrations were cut short cannot be opened again, so it is built aside and renamed.

    Raises:
        OSError, sqlite3.DatabaseError: the place cannot be written, or the file is no database.
    """
    with FileLock(project.state / "mlflow.lock"):
        if not project.mlflow_path.exists():
            _create_store(project)
        _follow_move(project)


def _create_store(project: Project) -> None:
    for leftover in project.state.glob("mlflow-new-*"):
        leftover.unlink()
    fresh = project.state / f"mlflow-new-{uuid.uuid4().hex[:8]}.db"
    store = SqlAlchemyStore(sqlite_uri(fresh), str(project.artifacts_path))
    store.engine.dispose()
    with closing(sqlite3.connect(fresh)) as connection:
        # Kept in the file: MLflow's UI can read while a run is written.
        connection.execute("PRAGMA journal_mode = WAL")
    fresh.rename(project.mlflow_path)


def _follow_move(project: Project) -> None:
    here = str(project.artifacts_path)
    with closing(sqlite3.connect(project.mlflow_path, timeout=30)) as connection:
        row = connection.execute("SELECT artifact_location FROM experiments WHERE experiment_id = 0").fetchone()
        if row is None or Path(row[0]).parent == project.artifacts_path:
            return
        before = str(Path(row[0]).parent)
        with connection:
            for table, column in _ADDRESSES:
                connection.execute(
                    f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE {column} LIKE ? || '/%'",
                    (here, len(before) + 1, before),
                )
