"""Read a window of a log: what is folded and what is not yet, each row once."""

import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import duckdb
import pyarrow as pa

from axagents.clock import stamp, utc_now
from axagents.errors import Failed, UserError, nearest
from axagents.ml.columns.sql import quote_text
from axagents.project import Project
from axagents.stores.inference.delta import DAY, data_files, last_folded, open_delta
from axagents.stores.inference.lines import parse_lines
from axagents.stores.inference.places import LogPlace, predictions_log
from axagents.stores.inference.segments import list_segments
from axagents.stores.inference.shape import FEATURE, SHAPES, Column, logical, quoted

_TRIES = 5
_GLOB = re.compile(r"([*?\[])")
_WIDENING = (timedelta(minutes=10), timedelta(hours=3), timedelta(days=1), timedelta(days=7))
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Window:
    """The rows of a window, in no order.

    Attributes:
        rows: the log's own columns, and the input columns under `x.` and their names.
        notes: what is to be said of columns whose type changed.
    """

    rows: pa.Table
    notes: tuple[str, ...]

    def features(self) -> pa.Table:
        """Return the input columns alone, under their own names."""
        names = [name for name in self.rows.column_names if name.startswith(FEATURE)]
        return self.rows.select(names).rename_columns([name.removeprefix(FEATURE) for name in names])


@dataclass(frozen=True)
class Filter:
    """Which rows: None takes all; by default those that clients saw."""

    model: str | None = None
    version: str | None = None
    variant: str | None = None
    role: str | None = None
    mirrored: bool | None = False

    def sql(self) -> str:
        """Return it as a condition for DuckDB."""
        asked = {"model": self.model, "version": self.version, "variant": self.variant, "role": self.role}
        parts = [f"{name} = {quote_text(value)}" for name, value in asked.items() if value is not None]
        if self.mirrored is not None:
            parts.append("mirrored" if self.mirrored else "NOT mirrored")
        return " AND ".join(parts) or "true"


CLIENTS_SAW = Filter()


def read_window(
    project: Project,
    deployment: str,
    /,
    *,
    since: datetime,
    until: datetime | None = None,
    columns: Sequence[str] | None = None,
    wanted: Filter = CLIENTS_SAW,
) -> Window:
    """Return what a deployment answered from `since` up to, and without, `until` (by default now).

    Args:
        columns: the input columns to read; None reads all, an empty sequence none.

    Raises:
        UserError: no such column was ever logged.
    """
    place, end = predictions_log(project, deployment), until or utc_now()

    def read(view: View) -> Window:
        chosen = view.choose(columns)
        query = f"SELECT {view.select(chosen)} FROM {view.name} WHERE {between('time', since, end)} AND {wanted.sql()}"
        notes = tuple(each.note for each in chosen if each.note)
        return Window(view.connection.sql(query).to_arrow_table(), notes)

    return with_views({"predictions": (place, (since, end))}, lambda views: read(views["predictions"]))


def read_latest(
    project: Project,
    deployment: str,
    /,
    *,
    count: int,
    columns: Sequence[str] | None = None,
    wanted: Filter = CLIENTS_SAW,
) -> Window:
    """Return the newest `count` answered rows, newest first; fewer where there are no more."""
    now, whole = utc_now(), timedelta(days=project.settings.retention.inference_days + 1)
    for back in (*(each for each in _WIDENING if each < whole), whole):
        until = now + timedelta(days=1)
        found = read_window(project, deployment, since=now - back, until=until, columns=columns, wanted=wanted)
        answered = found.rows.filter(found.rows["row"].is_valid())
        if answered.num_rows >= count or back == whole:
            return Window(answered.sort_by([("time", "descending")]).slice(0, count), found.notes)
    raise AssertionError


@dataclass(frozen=True)
class View:
    """A log as DuckDB sees it: rows under the table's own names."""

    connection: duckdb.DuckDBPyConnection
    name: str
    fixed: tuple[str, ...]
    columns: tuple[Column, ...]

    def choose(self, features: Sequence[str] | None) -> list[Column]:
        """Return the columns of labels and the input columns of these names.

        Raises:
            UserError: one was never logged.
        """
        known = {each.name.removeprefix(FEATURE): each for each in self.columns if each.name.startswith(FEATURE)}
        own = [each for each in self.columns if not each.name.startswith(FEATURE)]
        if missing := [name for name in features or () if name not in known]:
            near = nearest(missing[0], known)
            told = f"; did you mean {' or '.join(near)}?" if near else ""
            raise UserError(f"no column {missing[0]!r} was ever logged{told}", field="columns", legal=sorted(known))
        return [*own, *(known.values() if features is None else [known[name] for name in features])]

    def select(self, chosen: Sequence[Column], source: str | None = None) -> str:
        """Return the fixed columns, of `source` where it is told, and the chosen ones, each of its widest type."""
        start = f"{source}." if source else ""
        return ", ".join([*(start + quoted(name) for name in self.fixed), *(each.sql for each in chosen)])


Asked = tuple[LogPlace, tuple[datetime, datetime] | None]


def with_views(asked: Mapping[str, Asked], read: Callable[[dict[str, View]], _Found]) -> _Found:
    """Read from logs, each given by its name as a view with the span of the days needed; None needs all.

    Raises:
        Failed: files went away under the reader again and again.
    """
    for attempt in range(_TRIES):
        try:
            with _connected() as connection:
                return read({name: _view(connection, name, each) for name, each in asked.items()})
        except duckdb.IOException as error:
            # A fold made many files one meanwhile: the newest state of the table knows.
            if attempt == _TRIES - 1:
                raise Failed(f"the inference log cannot be read: {error}", hint="try again") from error
    raise AssertionError


@contextmanager
def _connected() -> Generator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(
        config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    ) as connection:
        connection.execute("SET TimeZone='UTC'")
        connection.execute("SET enable_progress_bar=false")
        connection.execute("SET preserve_insertion_order=false")
        yield connection


def _view(connection: duckdb.DuckDBPyConnection, name: str, asked: Asked) -> View:
    place, span = asked
    shape = SHAPES[place.kind]
    # Segments before the table: what is folded in between is in both, and known by its number.
    found = [(each, each.read()) for each in list_segments(place.segments)]
    table = open_delta(place)
    waiting = [data for each, data in found if data and each.number > last_folded(table, each.writer)]
    tail = pa.concat_tables([parse_lines(data, shape).table for data in [b"", *waiting]], promote_options="default")
    files: list[Path] = []
    if table:
        files = data_files(table, place, (_day(span[0]), _day(span[1])) if span else None)
        known = pa.schema(table.schema().to_arrow())
        whole = pa.schema([each for each in known if each.name != DAY]).empty_table()
        tail = pa.concat_tables([whole.cast(_plain(whole.schema)), tail], promote_options="default")
    connection.register(f"{name}_tail", tail)
    parts = [f"SELECT * FROM {name}_tail"]
    if files:
        listed = ", ".join(quote_text(_GLOB.sub(r"[\1]", str(each))) for each in files)
        parts.append(f"SELECT * FROM read_parquet([{listed}], union_by_name=true, hive_partitioning=false)")
    connection.execute(f"CREATE TEMP VIEW {name} AS {' UNION ALL BY NAME '.join(parts)}")
    return View(connection, name, tuple(shape.fixed.names), tuple(logical(tail.column_names, shape)))


def _plain(schema: pa.Schema) -> pa.Schema:
    """Return a schema as our own tables have it, whatever Delta calls its texts and lists."""
    plain: list[tuple[str, pa.DataType]] = []
    for each in schema:
        if pa.types.is_timestamp(each.type):
            plain.append((each.name, pa.timestamp("us", "UTC")))
        elif pa.types.is_list(each.type) or pa.types.is_large_list(each.type):
            plain.append((each.name, pa.list_(pa.float64())))
        elif pa.types.is_large_string(each.type) or pa.types.is_string_view(each.type):
            plain.append((each.name, pa.string()))
        else:
            plain.append((each.name, each.type))
    return pa.schema(plain)


def _day(when: datetime) -> date:
    return when.astimezone(UTC).date()


def between(column: str, since: datetime, until: datetime) -> str:
    """Return the condition that a time lies in a half-open span."""
    return f"{column} >= {moment(since)} AND {column} < {moment(until)}"


def moment(when: datetime) -> str:
    """Write a moment for DuckDB."""
    return f"TIMESTAMPTZ '{stamp(when)}'"
