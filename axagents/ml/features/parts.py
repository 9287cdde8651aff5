"""Features of many rows, computed so that the engine's memory holds and none of its vectors are nearly empty.

An aggregate works on vectors of events. Where most events belong to nobody who is asked for, they are filtered out of
every vector and the rest costs what all would: 20,000 of 500,000 entities, a hundred features of ten million events,
take 10 CPU seconds, and 1.2 with their own events laid apart first. For the same reason, and as the states of all
aggregates of all rows do not fit, many rows are computed in parts of entities, each from a file of its own events.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from axagents.ml.columns.sql import quote_text
from axagents.ml.features.computing import EVENTS, SPINE

MEMORY_LIMIT = "600MB"
"""What leaves a process room for itself below 1 GB."""
CELLS_OF_A_PART = 10_000_000
_ROW_GROUP = 20_000


def keep_own_events(connection: duckdb.DuckDBPyConnection) -> None:
    """Let `events` be those of the spine's entities only, laid apart; for a spine of few rows."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE own_events AS SELECT * FROM {EVENTS} WHERE {_OF_THE_SPINE}")
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {EVENTS} AS SELECT * FROM own_events")


_OF_THE_SPINE = f"entity IN (SELECT entity FROM {SPINE})"


def write_rows(connection: duckdb.DuckDBPyConnection, query: str, path: Path, *, cells: int, order: str) -> None:
    """Write the rows of a query over `spine` and `events` into a Parquet file, in an order.

    Args:
        query: what gives the same row for an entity whichever other entities the spine holds.
        cells: how many values it computes, rows times features.
        order: a column of the query to write the rows in the order of; it is left out of the file.
    """
    parts = -(-cells // CELLS_OF_A_PART)
    if parts <= 1:
        _copy(connection, f"SELECT * EXCLUDE ({order}) FROM ({query}) ORDER BY {order}", path)
        return
    with TemporaryDirectory(prefix=".parts-", dir=path.parent) as name:
        folder = Path(name)
        _part_events(connection, folder / "events", parts=parts)
        for part in range(parts):
            spine = f"SELECT * FROM temp.{SPINE} WHERE {_part(parts)} = {part}"
            events = _events_of(folder / "events" / f"part={part}")
            both = f"WITH {SPINE} AS ({spine}), {EVENTS} AS ({events})"
            _copy(connection, f"{both} SELECT * FROM ({query})", folder / f"{part}.parquet")
        whole = f"read_parquet({quote_text(f'{folder}/*.parquet')})"
        _copy(connection, f"SELECT * EXCLUDE ({order}) FROM {whole} ORDER BY {order}", path)


def _part(parts: int) -> str:
    return f"hash(entity) % {parts}"


def _part_events(connection: duckdb.DuckDBPyConnection, folder: Path, *, parts: int) -> None:
    connection.execute(
        f"COPY (SELECT *, {_part(parts)} AS part FROM {EVENTS} WHERE {_OF_THE_SPINE})"
        f" TO {quote_text(str(folder))} (FORMAT PARQUET, PARTITION_BY part)"
    )


def _events_of(folder: Path) -> str:
    if not folder.exists():
        return f"SELECT * FROM temp.{EVENTS} LIMIT 0"
    return f"SELECT * FROM read_parquet({quote_text(f'{folder}/*.parquet')}, hive_partitioning=false)"


def _copy(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    connection.execute(
        f"COPY ({query}) TO {quote_text(str(path))} (FORMAT PARQUET, COMPRESSION ZSTD, ROW_GROUP_SIZE {_ROW_GROUP})"
    )
