"""The project's own SQLite database: one file, WAL, ordered migrations, short transactions."""

import sqlite3
import threading
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from functools import cache
from importlib.resources import files
from pathlib import Path

from axagents.errors import AxError, Failed, UserError
from axagents.filesystem import refuse_network
from axagents.project import Project

_BUSY_SECONDS = 30


@contextmanager
def open_reading(path: Path, *, wait: float = _BUSY_SECONDS, unshared: bool = False) -> Generator[sqlite3.Connection]:
    """Give a connection to any SQLite file that cannot write to it, nor make it.

    Args:
        wait: seconds to wait while somebody else has the file for himself.
        unshared: nobody else works on it, so that SQLite needs no files beside it.

    Raises:
        sqlite3.Error: there is no such file, or it is no database.
    """
    address = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if unshared else ''}"
    with closing(sqlite3.connect(address, uri=True, timeout=wait)) as connection:
        yield connection


class Database:
    """One SQLite file, one connection a thread.

    Commits are synced to disk: what was acknowledged survives a crash of the machine.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        with _clear_errors(path):
            _migrate(self._connection())

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
            connection.row_factory = sqlite3.Row
            _turn_to_wal(connection)
            connection.execute("PRAGMA foreign_keys=ON")
            self._local.connection = connection
        return connection

    @contextmanager
    def read(self) -> Generator[sqlite3.Connection]:
        """Give a connection for reading."""
        with _clear_errors(self.path):
            yield self._connection()

    @contextmanager
    def write(self, *, synced: bool = True) -> Generator[sqlite3.Connection]:
        """Give a connection inside one transaction: all of it is kept, or nothing.

        What is not `synced` survives the death of the process, and is on disk with the next commit that is: for
        notes whose loss in a crash of the machine costs no more than looking again.
        """
        with _clear_errors(self.path):
            connection = self._connection()
            if connection.in_transaction:
                yield connection
                return
            connection.execute(f"PRAGMA synchronous={'FULL' if synced else 'NORMAL'}")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def close(self) -> None:
        """Close this thread's connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None


def _turn_to_wal(connection: sqlite3.Connection) -> None:
    """Set the mode that readers and one writer share: SQLite itself waits for no lock there."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


@contextmanager
def _clear_errors(path: Path) -> Generator[None]:
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except (sqlite3.OperationalError, sqlite3.DatabaseError) as error:
        raise _told(path, error) from error


def _told(path: Path, error: sqlite3.Error) -> AxError:
    text = str(error)
    if "readonly" in text or "unable to open" in text:
        return UserError(f"cannot write {path}: the file or its folder is read-only", hint="check its permissions")
    if "disk is full" in text or "disk I/O" in text:
        return Failed(f"cannot write {path}: {text}; nothing was changed", hint="ax gc --dry-run")
    if "not a database" in text or "malformed" in text:
        return UserError(f"{path} is damaged ({text}); nothing was changed", hint="ax restore BACKUP")
    if "locked" in text or "busy" in text:
        return Failed(f"another ax has held {path} for {_BUSY_SECONDS} s; nothing was changed", hint="try again")
    return Failed(f"the database {path} refused: {text}")


def _migrate(connection: sqlite3.Connection) -> None:
    scripts = migration_names()
    (applied,) = connection.execute("PRAGMA user_version").fetchone()
    if applied == len(scripts):
        return
    if applied > len(scripts):
        raise UserError("this project was written by a newer axagents; upgrade: pip install -U axagents")
    connection.execute("BEGIN IMMEDIATE")
    try:
        (applied,) = connection.execute("PRAGMA user_version").fetchone()
        for name in scripts[applied:]:
            for statement in _statements(_migration_text(name)):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version={len(scripts)}")
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


@cache
def migration_names() -> tuple[str, ...]:
    """Return the names of all migrations in the order they are applied."""
    folder = files("axagents.stores") / "migrations"
    return tuple(sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql")))


def _migration_text(name: str) -> str:
    return (files("axagents.stores") / "migrations" / name).read_text(encoding="utf-8")


def _statements(script: str) -> Generator[str]:
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""


@cache
def _opened(path: Path) -> Database:
    refuse_network(path.parent)
    return Database(path)


def open_database(project: Project) -> Database:
    """Return the project's database, opened and migrated once in this process."""
    return _opened(project.database_path)
