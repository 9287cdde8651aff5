"""A table that may be larger than memory: a DuckDB view with known columns, read whole, in part, or as a sample."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from axagents.ml.columns import ColumnSpec
from axagents.ml.columns.sql import Stored, read_expression

# A table of more cells is looked at through a sample: enough for a histogram and for correlations to two digits.
EXACT_CELLS = 5_000_000
SAMPLE_ROWS = 100_000
_LEAST_ROWS = 5_000
_SEED = 20_261_123


@dataclass(frozen=True)
class Table:
    """A view of an open DuckDB connection whose columns are called c0, c1, ...

    Attributes:
        connection: the connection that holds the view.
        view: the view's name.
        names: what the columns are called in the file, in its order.
        stored: how each is stored: as text, number, boolean or date.
    """

    connection: duckdb.DuckDBPyConnection
    view: str
    names: tuple[str, ...]
    stored: tuple[Stored, ...]

    def column(self, name: str) -> str:
        """Return the name that a column has in SQL."""
        return f"c{self.names.index(name)}"

    def expression(self, spec: ColumnSpec) -> str:
        """Return the SQL that reads a column as its specification says."""
        return read_expression(spec, self.column(spec.name), self.stored[self.names.index(spec.name)])

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a query and return all rows."""
        return self.connection.execute(sql).fetchall()


def count_rows(table: Table) -> int:
    """Count the rows; every column of every row is read, so that broken lines are found."""
    counts = ", ".join(f"count(c{place})" for place in range(len(table.names)))
    (counted,) = table.query(f"SELECT count(*), {counts} FROM {table.view}")
    return int(counted[0])


def sample_size(table: Table, rows: int) -> int | None:
    """Return how many rows to draw from a table for a look at its values; None for all of them."""
    width = len(table.names)
    if rows * width <= EXACT_CELLS:
        return None
    return min(rows, max(_LEAST_ROWS, min(SAMPLE_ROWS, EXACT_CELLS // width)))


def fetch_raw(table: Table, names: Sequence[str] | None = None, *, sample: int | None = None) -> pd.DataFrame:
    """Return columns as they are stored: texts stay texts. With `sample`, that many rows drawn at random."""
    wanted = list(names if names is not None else table.names)
    selected = ", ".join(table.column(name) for name in wanted)
    return _fetch(table, selected or "NULL", wanted, sample=sample)


def fetch_prepared(table: Table, columns: Sequence[ColumnSpec], *, sample: int | None = None) -> pd.DataFrame:
    """Return columns parsed as `prepare_frame` would parse them. With `sample`, that many rows drawn at random."""
    selected = ", ".join(f"{table.expression(spec)} AS v{place}" for place, spec in enumerate(columns))
    frame = _fetch(table, selected, [spec.name for spec in columns], sample=sample)
    for spec in columns:
        if spec.dtype == "date":
            frame[spec.name] = frame[spec.name].astype("datetime64[ns]")
    return frame


def _fetch(table: Table, selected: str, names: list[str], *, sample: int | None) -> pd.DataFrame:
    sql = f"SELECT {selected} FROM {table.view}"
    if sample is not None:
        sql += f" USING SAMPLE reservoir({int(sample)} ROWS) REPEATABLE ({_SEED})"
    arrow: Any = table.connection.sql(sql).to_arrow_table()
    nullable = {pa.int64(): pd.Int64Dtype(), pa.uint64(): pd.UInt64Dtype()}
    frame = arrow.to_pandas(types_mapper=nullable.get, split_blocks=True, self_destruct=True)
    frame.columns = pd.Index(names)
    return frame
