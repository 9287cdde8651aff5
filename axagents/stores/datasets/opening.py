"""A dataset's file opened as a table: CSV and Parquet, within a memory limit, one clear line when it is broken."""

import csv
import io
import re
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from axagents.errors import Failed, UserError
from axagents.ml.columns.sql import Stored, quote_text
from axagents.ml.table import Table
from axagents.stores.datasets.encoding import is_gzip, open_bytes
from axagents.stores.datasets.layout import refuse_duplicates
from axagents.stores.datasets.record import CsvLayout, Format

MEMORY_LIMIT = "300MB"
_VIEW = "data"
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
}
_CSV_ERROR = re.compile(r"CSV Error on Line: (\d+)")
_WIDTHS = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
# Above this size the exact line of a broken record is not searched for a second time.
_RECOUNT_BYTES = 200_000_000


@contextmanager
def open_table(
    path: Path, file_format: Format, layout: CsvLayout | None, *, memory_limit: str = MEMORY_LIMIT
) -> Generator[Table]:
    """Open a file as a table; nothing but temporary files is written, and they are removed.

    Raises UserError, also while the table is read, when the file is not what it seems: a CSV record of the wrong
    width (with its line), a broken Parquet file.
    """
    with tempfile.TemporaryDirectory(prefix="ax-data-") as folder:
        connection = duckdb.connect(config=_SETTINGS)
        try:
            connection.execute(f"SET memory_limit={quote_text(memory_limit)}")
            connection.execute(f"SET temp_directory={quote_text(folder)}")
            connection.execute("SET enable_progress_bar=false")
            connection.execute("SET TimeZone='UTC'")
            with _clear_errors(path, layout):
                if file_format == "parquet":
                    yield _open_parquet(connection, path)
                else:
                    yield _open_csv(connection, path, layout=_required(layout), folder=Path(folder))
        finally:
            connection.close()


def parquet_columns(path: Path) -> tuple[str, ...]:
    """Return the column names of a Parquet file; UserError when it is none, is empty, or repeats a name."""
    try:
        names = tuple(pq.read_schema(path).names)
    except (pa.ArrowInvalid, pa.ArrowException, OSError) as error:
        raise UserError(f"{path} is no Parquet file: {_first_line(error)}") from None
    if not names:
        raise UserError(f"{path} has no columns")
    refuse_duplicates(path, names)
    return names


def _required(layout: CsvLayout | None) -> CsvLayout:
    if layout is None:
        raise TypeError("a CSV file is opened by its layout")
    return layout


def _open_csv(connection: duckdb.DuckDBPyConnection, path: Path, *, layout: CsvLayout, folder: Path) -> Table:
    source, delimiter = path, layout.delimiter
    if layout.encoding not in ("utf-8", "utf-8-sig", "ascii") or delimiter == " ":
        source, delimiter = folder / "rewritten.csv", "\t" if delimiter == " " else delimiter
        _rewrite(path, source, layout=layout)
    packed = source == path and is_gzip(path)
    columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(layout.columns)))
    options = (
        f"auto_detect=false, columns={{{columns}}}, header={str(layout.header).lower()}, "
        f"delim={quote_text(delimiter)}, quote='\"', escape='\"', "
        f"compression='{'gzip' if packed else 'none'}', max_line_size=1000000, buffer_size=16000000"
    )
    connection.execute(f"CREATE VIEW {_VIEW} AS SELECT * FROM read_csv({quote_text(str(source))}, {options})")
    return Table(connection, _VIEW, layout.columns, ("text",) * len(layout.columns))


def _rewrite(path: Path, target: Path, *, layout: CsvLayout) -> None:
    """Write a temporary UTF-8 copy, line by line; runs of spaces become tabs."""
    spaced = layout.delimiter == " "
    try:
        with (
            open_bytes(path) as opened,
            io.TextIOWrapper(opened, encoding=layout.encoding, newline="") as text,
            target.open("w", encoding="utf-8", newline="") as out,
        ):
            for line in text:
                out.write("\t".join(line.split()) + "\n" if spaced else line)
    except OSError as error:
        raise Failed(f"cannot make a temporary UTF-8 copy of {path}: {error.strerror or error}") from error


def _open_parquet(connection: duckdb.DuckDBPyConnection, path: Path) -> Table:
    names = parquet_columns(path)
    aliases = [f"c{place}" for place in range(len(names))]
    plain = f"SELECT * FROM read_parquet({quote_text(str(path))}) AS t({', '.join(aliases)})"
    types = [str(row[1]) for row in connection.execute(f"DESCRIBE {plain}").fetchall()]
    selected: list[str] = []
    stored: list[Stored] = []
    for alias, kind in zip(aliases, types, strict=True):
        expression, how = _normalise(alias, kind)
        selected.append(f"{expression} AS {alias}")
        stored.append(how)
    connection.execute(f"CREATE VIEW {_VIEW} AS SELECT {', '.join(selected)} FROM ({plain})")
    return Table(connection, _VIEW, names, tuple(stored))


def _normalise(column: str, kind: str) -> tuple[str, Stored]:
    if kind in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"):
        return column, "number"
    if kind in ("FLOAT", "DOUBLE", "HUGEINT", "UHUGEINT") or kind.startswith("DECIMAL"):
        return f"CAST({column} AS DOUBLE)", "number"
    if kind == "BOOLEAN":
        return column, "boolean"
    if kind in ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"):
        return f"make_timestamp(epoch_us(CAST({column} AS TIMESTAMPTZ)))", "date"
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        return f"CAST({column} AS TIMESTAMP)", "date"
    return f"CAST({column} AS VARCHAR)", "text"


@contextmanager
def _clear_errors(path: Path, layout: CsvLayout | None) -> Generator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise UserError(f"{path} needs more memory than allowed: {_first_line(error)}") from error
    except duckdb.IOException as error:
        raise UserError(f"cannot read {path}: {_first_line(error)}") from error
    except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
        told = _CSV_ERROR.search(str(error))
        if layout is None or told is None:
            raise UserError(f"cannot read {path}: {_first_line(error)}") from error
        raise _tell_csv_error(path, str(error), layout=layout, line=int(told.group(1))) from error


def _tell_csv_error(path: Path, text: str, *, layout: CsvLayout, line: int) -> UserError:
    if "unterminated quote" in text:
        return UserError(f"{path}, line {line}: a quote is opened and not closed")
    widths = _WIDTHS.search(text)
    if widths is not None:
        expected, found = int(widths.group(1)), int(widths.group(2))
        line, found = _find_ragged_line(path, layout, told=(line, found))
        return UserError(
            f"{path}, line {line}: {found} field{'s' if found != 1 else ''} where {expected} are expected",
            hint="repair that line, or name the right --delimiter",
        )
    return UserError(f"{path}, line {line}: {_first_line(text.partition('Original Line')[2] or text)}")


def _find_ragged_line(path: Path, layout: CsvLayout, *, told: tuple[int, int]) -> tuple[int, int]:
    """Return the line, as an editor counts, and the width of the first record of wrong width."""
    if path.stat().st_size > _RECOUNT_BYTES:
        return told
    width = len(layout.columns)
    with open_bytes(path) as opened, io.TextIOWrapper(opened, encoding=layout.encoding, newline="") as text:
        if layout.delimiter == " ":
            records: Any = ((number, line.split()) for number, line in enumerate(text, 1))
        else:
            reader = csv.reader(text, delimiter=layout.delimiter)
            records = _numbered(reader)
        for number, record in records:
            if record and len(record) != width:
                return number, len(record)
    return told


def _numbered(reader: Any) -> Generator[tuple[int, Sequence[str]]]:
    before = 0
    for record in reader:
        yield before + 1, record
        before = reader.line_num


def _first_line(error: object) -> str:
    text = str(error).strip().splitlines()
    return text[0].removeprefix("Invalid Input Error: ").removeprefix("IO Error: ") if text else "unreadable"
