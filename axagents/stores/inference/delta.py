"""The Delta table that a log's segments end in: one commit for many segments, few files, none older than kept."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import pyarrow as pa
from deltalake import (
    ColumnProperties,
    CommitProperties,
    DeltaTable,
    Transaction,
    WriterProperties,
    write_deltalake,
)
from deltalake.exceptions import DeltaError

from axagents.clock import utc_now
from axagents.errors import Failed
from axagents.stores.inference.places import LogPlace
from axagents.stores.inference.shape import SHAPES

DAY = "day"
_UNUSABLE = frozenset("%[]\\^|")
MANY = 32
"""So many small files of one day are made one."""
SMALL = 32 << 20
_TARGET = 256 << 20
_PROPERTIES = {
    # Statistics stand in the log as plain values: of a unit's own there shall be none.
    "delta.dataSkippingStatsColumns": "time",
    "delta.logRetentionDuration": "interval 1 days",
    "delta.deletedFileRetentionDuration": "interval 1 hours",
    "delta.setTransactionRetentionDuration": "interval 30 days",
}


def open_delta(place: LogPlace) -> DeltaTable | None:
    """Return the newest state of a log's table, or None before the first fold."""
    return DeltaTable(place.table) if DeltaTable.is_deltatable(str(place.table)) else None


def data_files(table: DeltaTable, place: LogPlace, span: tuple[date, date] | None = None) -> list[Path]:
    """List the files of the table's state, those of the days of `span` or all."""
    asked = [(DAY, sign, day.isoformat()) for sign, day in zip((">=", "<="), span or (), strict=False)]
    found = table.file_uris(file_pruning_predicate=asked or None)
    return [place.table.joinpath(*each.rsplit("/", 2)[1:]) for each in found]


def append_rows(place: LogPlace, rows: pa.Table, *, folded: Mapping[str, int]) -> None:
    """Commit rows together with the number of the last segment that they came from, for each writer.

    Raises:
        Failed: the table refuses.
    """
    shape = SHAPES[place.kind]
    if found := sorted(set(str(place.table)) & _UNUSABLE):
        told = f"Delta keeps no table in a folder with {' '.join(found)} in its path: {place.table}"
        raise Failed(told, hint="move the project; the segments stay")
    when = int(utc_now().timestamp() * 1000)
    filed = rows.append_column(DAY, rows[shape.day].cast(pa.date32()).cast(pa.string()))
    transactions = [Transaction(writer, number, when) for writer, number in folded.items()]
    try:
        write_deltalake(
            place.table,
            filed,
            mode="append",
            partition_by=[DAY],
            schema_mode="merge",
            configuration=_PROPERTIES,
            writer_properties=_writing(filed.schema),
            commit_properties=CommitProperties(app_transactions=transactions),
        )
    except (DeltaError, OSError) as error:
        raise Failed(
            f"cannot write the table of {place.name}: {error}; nothing was changed", hint="ax doctor"
        ) from error


def _writing(schema: pa.Schema) -> WriterProperties:
    # A dictionary of values that hardly repeat costs time and saves nothing.
    plain = [each.name for each in schema if pa.types.is_floating(each.type) or each.name in {"time", "request"}]
    return WriterProperties(column_properties={name: ColumnProperties(dictionary_enabled=False) for name in plain})


def last_folded(table: DeltaTable | None, writer: str) -> int:
    """Return the number of the writer's last segment that the table holds, 0 for none."""
    return (table.transaction_version(writer) if table else None) or 0


def days_of(table: DeltaTable) -> list[date]:
    """List the days that the table has rows of."""
    return sorted(date.fromisoformat(each[DAY]) for each in table.partitions())


def expire_days(table: DeltaTable, *, before: date) -> int:
    """Remove whole days that are too old; return how many."""
    old = [each for each in days_of(table) if each < before]
    if old:
        table.delete(f"{DAY} < '{before.isoformat()}'")
    return len(old)


def compact_days(table: DeltaTable) -> int:
    """Make the small files of a day one where there are many; return of how many days."""
    files = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    counts = Counter(each[f"partition.{DAY}"] for each in files if each["size_bytes"] < SMALL)
    crowded = [day for day, count in counts.items() if count >= MANY]
    schema = pa.schema(table.schema().to_arrow())
    for day in crowded:
        table.optimize.compact(
            partition_filters=[(DAY, "=", day)], target_size=_TARGET, writer_properties=_writing(schema)
        )
    return len(crowded)


def remove_rows(table: DeltaTable, named: pa.Table) -> int:
    """Remove the rows that equal one of `named` in its columns; return how many. The values do not get into the log."""
    equal = " AND ".join(f't."{name}" = s."{name}"' for name in named.column_names)
    distinct = named.group_by(named.column_names).aggregate([])
    merger = table.merge(source=distinct, predicate=equal, source_alias="s", target_alias="t")
    return merger.when_matched_delete().execute()["num_target_rows_deleted"]


def stale_files(place: LogPlace) -> Iterator[Path]:
    """Yield the data files that the table's newest state does not speak of; only for who has the log for himself."""
    table = open_delta(place)
    live = set(data_files(table, place)) if table else set[Path]()
    return (path for path in place.table.glob(f"{DAY}=*/*") if path not in live)


def sweep(place: LogPlace) -> int:
    """Remove the files that `stale_files` yields. A reader that misses one reads anew."""
    found = list(stale_files(place))
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)
