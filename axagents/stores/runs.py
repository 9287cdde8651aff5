"""The record of every run: what was asked, how far it came, what came of it."""

import json
import secrets
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal

from axagents.clock import stamp, utc_now
from axagents.errors import AxError, Failed, Interrupted, NotFound, UserError
from axagents.processes import identity, is_alive
from axagents.project import Project
from axagents.stores.database import Database, open_database

Kind = Literal["workflow", "agent", "command"]
Status = Literal["running", "completed", "failed", "waiting", "abandoned"]


@dataclass(frozen=True)
class StepRecord:
    """One step of a run; `seconds` is None while it has not finished."""

    step: str
    started_at: str
    seconds: float | None


@dataclass(frozen=True)
class RunRecord:
    """One run as it stands in the database."""

    run_id: str
    kind: Kind
    name: str
    parent: str | None
    status: Status
    verdict: str | None
    request: dict[str, Any]
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    process: str | None
    started_at: str
    finished_at: str | None

    @property
    def interrupted(self) -> bool:
        """Tell whether the run says that it is running while its process is gone."""
        return self.status == "running" and not (self.process and is_alive(self.process))

    def check_resumable(self, kind: Kind | None = None) -> None:
        """Stop where there is nothing to go on with, or another process is at it.

        Args:
            kind: what the run has to be; None for any.

        Raises:
            UserError: it is of another kind, completed, abandoned, or runs right now.
        """
        if kind not in {None, self.kind}:
            told = f"run {self.run_id} is of the kind {self.kind}, not {kind}"
            raise UserError(told, hint=f"ax runs resume {self.run_id}")
        if self.status in {"completed", "abandoned"}:
            told = f"run {self.run_id} is {self.status}: there is nothing to resume"
            raise UserError(told, hint=f"ax runs show {self.run_id}")
        self.check_stopped()

    def check_stopped(self) -> None:
        """Stop where a process is at work on the run.

        Raises:
            UserError: it runs right now.
        """
        if self.status == "running" and not self.interrupted:
            told = f"run {self.run_id} is running in another process; stop that first"
            raise UserError(told, hint=f"ax runs show {self.run_id}")


def new_run_id() -> str:
    """Return a fresh identifier whose text order is time order, to a quarter of a millisecond (1/4096 s)."""
    now = utc_now()
    fraction = now.microsecond * 4096 // 1_000_000
    return f"{now:%Y%m%d-%H%M%S}-{fraction:03x}{secrets.randbelow(4096):03x}"


_active: ContextVar[str | None] = ContextVar("active_run", default=None)


@contextmanager
def within_run(run_id: str) -> Generator[None]:
    """Make `run_id` the parent of every run that starts while the context is open."""
    token = _active.set(run_id)
    try:
        yield
    finally:
        _active.reset(token)


_repeating: ContextVar[bool] = ContextVar("repeating", default=False)


@contextmanager
def repeating(again: bool = True) -> Generator[None]:
    """Say that what happens in here was begun before by the same run, which was cut short."""
    token = _repeating.set(again)
    try:
        yield
    finally:
        _repeating.reset(token)


def is_repeating() -> bool:
    """Tell whether this code does again what an earlier attempt of the same run began."""
    return _repeating.get()


def active_run() -> str | None:
    """Return the run that this code works for, if any."""
    return _active.get()


class Runs:
    """The runs of one project."""

    def __init__(self, project: Project) -> None:
        self._database: Database = open_database(project)

    def start(
        self, kind: Kind, name: str, request: dict[str, Any], *, parent: str | None = None, run_id: str | None = None
    ) -> str:
        """Record that a run begins in this process and return its identifier."""
        run_id = run_id or new_run_id()
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO runs (run_id, kind, name, parent, status, request, process, started_at)"
                " VALUES (?, ?, ?, ?, 'running', ?, ?, ?)",
                (run_id, kind, name, parent or active_run(), json.dumps(request), identity(), stamp()),
            )
        return run_id

    def take_over(self, run: RunRecord) -> None:
        """Record that this process goes on with a run, which stands as it was read: of two that would, one does.

        Raises:
            UserError: another process took it meanwhile, or it ended.
        """
        with self._database.write() as connection:
            taken = connection.execute(
                "UPDATE runs SET status = 'running', process = ?, error = NULL, finished_at = NULL"
                " WHERE run_id = ? AND status = ? AND process IS ? AND finished_at IS ?",
                (identity(), run.run_id, run.status, run.process, run.finished_at),
            ).rowcount
        if not taken:
            self.get(run.run_id).check_resumable()
            raise UserError(f"run {run.run_id} was gone on with elsewhere just now", hint=f"ax runs show {run.run_id}")

    def finish(self, run_id: str, status: Status, *, verdict: str | None = None, result: Any = None) -> None:
        """Record how a run ended."""
        text = None if result is None else json.dumps(result)
        with self._database.write() as connection:
            connection.execute(
                "UPDATE runs SET status = ?, verdict = ?, result = ?, finished_at = ? WHERE run_id = ?",
                (status, verdict, text, stamp(), run_id),
            )

    def fail(self, run_id: str, error: AxError | None, *, status: Status = "failed") -> None:
        """Record that a run stopped, and why."""
        told = json.dumps(error.as_dict()) if error else None
        with self._database.write() as connection:
            connection.execute(
                "UPDATE runs SET status = ?, error = ?, finished_at = ? WHERE run_id = ?",
                (status, told, stamp(), run_id),
            )

    @contextmanager
    def told_if_cut(self, run_id: str) -> Generator[None]:
        """Record it when the work inside is broken off by anything but an AxError, which its caller records.

        Raises:
            Interrupted: by Ctrl-C; it knows the run.
        """
        try:
            yield
        except AxError:
            raise
        except BaseException as error:
            cut = isinstance(error, KeyboardInterrupt | SystemExit)
            told = "interrupted" if cut else f"it broke: {type(error).__name__}: {error}"
            self.fail(run_id, Failed(told, hint=f"ax runs resume {run_id}"))
            if isinstance(error, KeyboardInterrupt):
                raise Interrupted(run_id) from error
            error.add_note(f"in run {run_id}")
            raise

    def step_started(self, run_id: str, step: str) -> None:
        """Record that a step begins (again)."""
        with self._database.write(synced=False) as connection:
            connection.execute(
                "INSERT INTO run_steps (run_id, step, started_at) VALUES (?, ?, ?)"
                " ON CONFLICT DO UPDATE SET started_at = excluded.started_at, seconds = NULL",
                (run_id, step, stamp()),
            )

    def step_done(self, run_id: str, step: str, seconds: float) -> None:
        """Record that a step finished."""
        with self._database.write(synced=False) as connection:
            connection.execute(
                "UPDATE run_steps SET seconds = ? WHERE run_id = ? AND step = ?", (seconds, run_id, step)
            )

    def get(self, run_id: str) -> RunRecord:
        """Return one run.

        Raises:
            NotFound: no such run; a prefix that fits one run only is enough.
            UserError: it fits several.
        """
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT * FROM runs WHERE run_id = ? OR run_id LIKE ? ORDER BY run_id = ? DESC LIMIT 2",
                (run_id, run_id.replace("%", "") + "%", run_id),
            ).fetchall()
            if rows and (len(rows) == 1 or rows[0]["run_id"] == run_id):
                return _record(rows[0])
            if rows:
                told = f"several runs begin with {run_id!r}, such as {rows[0]['run_id']} and {rows[1]['run_id']}"
                raise UserError(told, hint="ax runs list")
            known = [row[0] for row in connection.execute("SELECT run_id FROM runs ORDER BY started_at DESC LIMIT 50")]
        raise NotFound("run", run_id, known, hint="ax runs list")

    def newest(self, *, limit: int = 20, name: str | None = None, status: str | None = None) -> list[RunRecord]:
        """Return the newest runs first."""
        query, values = "SELECT * FROM runs WHERE 1", list[Any]()
        if name:
            query, values = query + " AND name = ?", [*values, name]
        if status:
            query, values = query + " AND status = ?", [*values, status]
        with self._database.read() as connection:
            rows = connection.execute(query + " ORDER BY started_at DESC, rowid DESC LIMIT ?", (*values, limit))
            return [_record(row) for row in rows]

    def steps(self, run_id: str) -> list[StepRecord]:
        """Return the steps of a run in the order they began."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT * FROM run_steps WHERE run_id = ? ORDER BY rowid", (run_id,))
            return [StepRecord(row["step"], row["started_at"], row["seconds"]) for row in rows]

    def origin(self, run_id: str) -> str:
        """Return the run that everything began with: this one, or the one above all that called it."""
        with self._database.read() as connection:
            rows = connection.execute(
                "WITH RECURSIVE above (run_id, parent, height) AS ("
                " SELECT run_id, parent, 0 FROM runs WHERE run_id = ?"
                " UNION SELECT runs.run_id, runs.parent, height + 1 FROM runs JOIN above ON runs.run_id = above.parent)"
                " SELECT run_id FROM above ORDER BY height DESC LIMIT 1",
                (run_id,),
            ).fetchall()
        return rows[0]["run_id"] if rows else run_id

    def children(self, run_id: str) -> list[RunRecord]:
        """Return the runs that a run started."""
        with self._database.read() as connection:
            rows = connection.execute("SELECT * FROM runs WHERE parent = ? ORDER BY started_at", (run_id,))
            return [_record(row) for row in rows]


def _record(row: sqlite3.Row) -> RunRecord:
    values = dict(row)
    for name in ("request", "result", "error"):
        values[name] = None if values[name] is None else json.loads(values[name])
    return RunRecord(**values)
