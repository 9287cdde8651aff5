"""Outcomes from a file: read, checked, compared with what is known, and kept whole or not at all."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from axagents.clock import utc_now
from axagents.errors import UserError, nearest
from axagents.ml.columns.sql import quote_text
from axagents.project import Project
from axagents.stores.datasets.layout import LayoutOptions, find_layout
from axagents.stores.datasets.opening import open_table
from axagents.stores.datasets.places import find_format
from axagents.stores.inference.delta import append_rows
from axagents.stores.inference.holding import alone
from axagents.stores.inference.keys import hash_unit, unit_key, unit_text
from axagents.stores.inference.lines import assemble
from axagents.stores.inference.outcomes import read_moment
from axagents.stores.inference.places import every_log, outcomes_log
from axagents.stores.inference.reading import Asked, View, with_views
from axagents.stores.inference.shape import SHAPES

_SHOWN = 3
_MISSING = frozenset({"", "nan"})
_TRUTH = {"true": True, "false": False}


@dataclass(frozen=True)
class OutcomeColumns:
    """What the columns of a file of outcomes are called."""

    request: str = "request"
    row: str = "row"
    unit: str = "unit"
    time: str = "time"
    outcome: str = "outcome"


@dataclass(frozen=True)
class Imported:
    """What an import brought.

    Attributes:
        rows: outcomes that were stored.
        open: rows of the file without an outcome, left out.
        repeated: rows in the place of which a later one of the file stands, left out.
        known: outcomes that name a prediction of the log.
        early: those whose unit was answered only after the outcome's time; they join nothing.
        unknown: those whose request or unit is not in the log.
        same, replaced: those that were known before, with this value, or with another, which no longer counts.
    """

    model: str
    rows: int
    open: int
    repeated: int
    known: int
    early: int
    unknown: int
    same: int
    replaced: int


@dataclass(frozen=True)
class _Told:
    table: pa.Table
    open: int
    repeated: int


def import_outcomes(project: Project, model: str, source: Any, *, columns: OutcomeColumns | None = None) -> Imported:
    """Store the outcomes of a CSV or Parquet file, given by its path, or of a pyarrow.Table.

    A row names its prediction by `request` (and `row`, 0 where it is missing) or by `unit` and `time`.

    Raises:
        UserError: the file cannot be read, a column is missing, or rows hold no id, no time, or one that cannot be.
        Failed: the table cannot be written; nothing was stored.
    """
    cells = _file_cells(source) if isinstance(source, Path) else _table_cells(source)
    name = source.name if isinstance(source, Path) else "a table"
    told = _check(cells, columns or OutcomeColumns(), name=name, key=unit_key(project))
    place = outcomes_log(project, model)
    asked: dict[str, Asked] = {"old": (place, None)}
    logs = [each for each in every_log(project) if each.kind == "predictions"]
    asked |= {f"log_{number}": (each, None) for number, each in enumerate(logs)}
    with alone(place):
        counts = with_views(asked, lambda views: _compare(views, told.table, model=model))
        if told.table.num_rows:
            append_rows(place, told.table, folded={})
    return Imported(model, told.table.num_rows, told.open, told.repeated, **counts)


Cells = dict[str, Sequence[Any]]


def _file_cells(path: Path) -> Cells:
    if not path.is_file():
        raise UserError(f"there is no file {path}", field="FILE")
    file_format = find_format(path)
    layout = find_layout(path, LayoutOptions(header=True))[0] if file_format == "csv" else None
    with open_table(path, file_format, layout) as table:
        read: pa.Table = table.connection.sql(f"SELECT * FROM {table.view}").to_arrow_table()
        return _table_cells(read.rename_columns(list(table.names)))


def _table_cells(table: pa.Table) -> Cells:
    return {name: table[name].to_pylist() for name in table.column_names}


def _check(cells: Cells, columns: OutcomeColumns, *, name: str, key: bytes) -> _Told:
    named = {field: cells.get(column) for field, column in asdict(columns).items()}
    _refuse_missing(cells, columns, name)
    size = len(next(iter(cells.values())))
    outcomes = _typed_outcomes(named["outcome"] or [])
    filled = [place for place in range(size) if outcomes[place] is not None]
    ids = _each(filled, lambda place: _read_id(named, place, key=key), name=name)
    now = utc_now()
    received = round(now.timestamp() * 1_000_000)
    times = _each(filled, lambda place: _read_time(named, place, now=received), name=name)
    latest: dict[tuple[Any, ...], tuple[int, int]] = {}
    for place, (request, row, unit), time in zip(filled, ids, times, strict=True):
        latest[(request, row) if request is not None else (unit, time)] = (place, time)
    table = _lay_out(dict(zip(filled, ids, strict=True)), list(latest.values()), outcomes, received=received, name=name)
    return _Told(table, open=size - len(filled), repeated=len(filled) - len(latest))


def _refuse_missing(cells: Cells, columns: OutcomeColumns, name: str) -> None:
    def refuse(field: str, why: str) -> None:
        column = getattr(columns, field)
        near = nearest(column, cells)
        told = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(cells)}"
        hint = f"--{field} COLUMN names another"
        raise UserError(f"{name} has no column {column!r}{why}; {told}", field=f"--{field}", legal=cells, hint=hint)

    if columns.outcome not in cells:
        refuse("outcome", "")
    if columns.request not in cells and columns.unit not in cells:
        refuse("unit", f" and none {columns.request!r}: a row names a request or a unit")
    if columns.request not in cells and columns.time not in cells:
        refuse("time", ": without one no outcome of a unit finds its prediction")


def _each(places: list[int], read: Callable[[int], Any], *, name: str) -> list[Any]:
    """Read every place; tell of all that cannot be read at once."""
    found: list[Any] = []
    wrong: list[str] = []
    for place in places:
        try:
            found.append(read(place))
        except UserError as error:
            wrong.append(error.message)
    if wrong:
        more = f", and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        told = f"{name}: {'; '.join(wrong[:_SHOWN])}{more}; nothing was imported"
        raise UserError(told, field="FILE", hint="correct the rows, or leave them out")
    return found


def _read_id(named: dict[str, Sequence[Any] | None], place: int, *, key: bytes) -> tuple[str | None, int, str | None]:
    request, row, unit = (_cell(named[field], place) for field in ("request", "row", "unit"))
    if request is not None:
        return unit_text(request), _row(row, place), None
    if unit is None:
        raise UserError(f"row {place + 1} names no request and no unit")
    return None, 0, hash_unit(key, unit_text(unit))


def _row(value: Any, place: int) -> int:
    text = "0" if value is None else unit_text(value)
    if not text.isdecimal():
        raise UserError(f"row {place + 1}: {text!r} is no number of a row, from 0")
    return int(text)


def _read_time(named: dict[str, Sequence[Any] | None], place: int, *, now: int) -> int:
    value = _cell(named["time"], place)
    if value is None and _cell(named["request"], place) is None:
        raise UserError(f"row {place + 1} has no time")
    if value is None:
        return now
    return read_moment(value if isinstance(value, str) else value.isoformat(), f"the time of row {place + 1}", now=now)


def _cell(values: Sequence[Any] | None, place: int) -> Any:
    value = values[place] if values is not None else None
    missing = value is None or value != value or (isinstance(value, str) and value.strip().lower() in _MISSING)
    return None if missing else value


def _typed_outcomes(values: Sequence[Any]) -> list[str | int | float | bool | None]:
    """Return texts that are all numbers, or all truth values, as these; empty ones are missing."""
    cells = [_cell(values, place) for place in range(len(values))]
    texts = [each.strip().lower() for each in cells if isinstance(each, str)]
    if len(texts) < sum(each is not None for each in cells):
        return cells
    for read in (int, float, _TRUTH.__getitem__):
        try:
            known = {text: read(text) for text in set(texts)}
        except (ValueError, KeyError):
            continue
        return [None if each is None else known[each.strip().lower()] for each in cells]
    return [None if each is None else each.strip() for each in cells]


def _lay_out(
    ids: dict[int, tuple[str | None, int, str | None]],
    kept: list[tuple[int, int]],
    outcomes: list[Any],
    /,
    *,
    received: int,
    name: str,
) -> pa.Table:
    places = [place for place, _ in kept]
    columns: dict[str, Any] = {
        "time": pa.array([time for _, time in kept], pa.int64()),
        "received": pa.array([received] * len(kept), pa.int64()),
        "request": pa.array([ids[place][0] for place in places], pa.string()),
        "row": pa.array([ids[place][1] if ids[place][0] is not None else None for place in places], pa.int64()),
        "unit": pa.array([ids[place][2] for place in places], pa.string()),
        "source": pa.array([name] * len(kept), pa.string()),
    }
    values = [outcomes[place] for place in places]
    whole = {"b": bool, "i": int, "n": (int, float), "t": str}
    kinds = [kind for kind, types in whole.items() if all(isinstance(each, types) for each in values)]
    if kinds:
        columns[f"outcome_{kinds[0]}"] = pa.array(values, None if kinds[0] != "n" else pa.float64())
    else:
        columns["outcome_t"] = pa.array([str(each) for each in values])
    return assemble(columns, len(kept), SHAPES["outcomes"])


_COMPARE = """
CREATE TEMP VIEW answered AS {answered};
CREATE TEMP VIEW before AS
    SELECT request, coalesce("row", 0) AS "row", unit, time, received, {outcome} FROM old;
CREATE TEMP TABLE earlier AS
    SELECT request, "row", NULL AS unit, NULL AS time, arg_max(outcome, received)::VARCHAR AS outcome
    FROM before WHERE request IS NOT NULL GROUP BY request, "row"
    UNION ALL
    SELECT NULL, NULL, unit, time, arg_max(outcome, received)::VARCHAR
    FROM before WHERE unit IS NOT NULL GROUP BY unit, time;
CREATE TEMP TABLE again AS
    SELECT coalesce(new.outcome::DOUBLE = TRY_CAST(earlier.outcome AS DOUBLE), new.text = earlier.outcome) AS same
    FROM new JOIN earlier ON new.request = earlier.request AND new."row" = earlier."row"
    UNION ALL
    SELECT coalesce(new.outcome::DOUBLE = TRY_CAST(earlier.outcome AS DOUBLE), new.text = earlier.outcome)
    FROM new JOIN earlier ON new.unit = earlier.unit AND new.time = earlier.time;
"""
_NOTHING = 'SELECT NULL::VARCHAR AS request, 0 AS "row", NULL::VARCHAR AS unit, NULL::TIMESTAMPTZ AS time WHERE false'
_COUNTS = {
    "named": """SELECT count(*) FROM new WHERE (request, "row") IN (SELECT (request, "row") FROM answered)""",
    "seen": "SELECT count(*) FROM new WHERE unit IN (SELECT unit FROM answered)",
    "early": """SELECT count(*) FROM new JOIN (SELECT unit, min(time) AS first FROM answered GROUP BY unit) AS met
        ON new.unit = met.unit WHERE met.first >= new.time""",
    "same": "SELECT count(*) FROM again WHERE same",
    "replaced": "SELECT count(*) FROM again WHERE NOT same",
}


def _compare(views: dict[str, View], new: pa.Table, *, model: str) -> dict[str, int]:
    old = views["old"]
    connection = old.connection
    (outcome,) = old.choose(())
    logs = [name for name in views if name != "old"]
    wanted = f'model = {quote_text(model)} AND NOT mirrored AND "row" IS NOT NULL'
    answered = [f'SELECT request, "row", unit, time FROM {name} WHERE {wanted}' for name in logs]
    values = new[next(name for name in new.column_names if name.startswith("outcome_"))] if new.num_rows else None
    counts = dict.fromkeys(_COUNTS, 0)
    if values is not None:
        _register_new(connection, new, values)
        connection.execute(_COMPARE.format(answered=" UNION ALL ".join(answered) or _NOTHING, outcome=outcome.sql))
        for name, query in _COUNTS.items():
            (counts[name],) = connection.execute(query).fetchone() or (0,)
    known = counts["named"] + counts["seen"] - counts["early"]
    unknown = new.num_rows - counts["named"] - counts["seen"]
    return {
        "known": known,
        "early": counts["early"],
        "unknown": unknown,
        "same": counts["same"],
        "replaced": counts["replaced"],
    }


def _register_new(connection: duckdb.DuckDBPyConnection, new: pa.Table, values: pa.ChunkedArray) -> None:
    connection.register("arrived", new.append_column("value", values))
    connection.execute(
        'CREATE TEMP TABLE new AS SELECT request, "row", unit, time, TRY_CAST(value AS DOUBLE) AS outcome,'
        " value::VARCHAR AS text FROM arrived"
    )
