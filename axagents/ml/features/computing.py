"""Features computed on DuckDB: events and spine laid out as the compiled query reads them, and the query run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import duckdb
import pandas as pd

from axagents.errors import NotFound, UserError
from axagents.ml.columns import ColumnSpec
from axagents.ml.features.compiling import compile_features
from axagents.ml.features.spec import EntityType, Feature, FeatureSpec
from axagents.ml.table import Table

EVENTS, SPINE = "events", "spine"
GIVEN = "given."
"""What the name of a column begins with that a spine brings along for `value`."""
_NEVER = 2**63 - 1


@dataclass(frozen=True)
class EventColumns:
    """How the columns of a dataset of events are read; what is a text stays one, all else is a number."""

    columns: Mapping[str, ColumnSpec]

    @classmethod
    def of(cls, columns: Sequence[ColumnSpec]) -> "EventColumns":
        return cls({spec.name: spec for spec in columns})

    def find(self, name: str, *, field: str) -> ColumnSpec:
        """Return one column; NotFound with the nearest names."""
        if name not in self.columns:
            raise NotFound("column", name, self.columns, field=field)
        return self.columns[name]

    def texts(self, names: Sequence[str]) -> frozenset[str]:
        """Return those of the columns that hold texts."""
        return frozenset(name for name in names if self.columns[name].dtype == "string")


def check_spec(spec: FeatureSpec, events: EventColumns, *, spine: EventColumns, target: str | None = None) -> None:
    """Raise UserError where a specification does not fit the data: unknown columns, texts summed, the target used."""
    for each in spec.features:
        known = spine if each.function == "value" else events
        for name in [each.column, *(condition.column for condition in each.filter)]:
            if name is None:
                continue
            column = known.find(name, field="features")
            if name == target:
                raise UserError(f"the feature {each.name!r} is made of the target {name!r}", field="features")
            if column.dtype == "date" and each.function != "value":
                raise UserError(
                    f"the feature {each.name!r} reads {name!r}, which holds times; of those only the event time counts",
                    field="features",
                )
        _check_filter(each, events)
        if each.column and (known.columns[each.column].dtype == "string") > _takes_text(each.function, each.dtype):
            raise UserError(
                f"the feature {each.name!r} is the {each.function} of {each.column!r}, which holds texts",
                field="features",
                hint="of texts there is count, distinct, missing_share, and first, last and value with dtype: string",
            )


def _check_filter(feature: Feature, events: EventColumns) -> None:
    """Raise UserError where a filter compares a column of texts with a number, or one of numbers with a text."""
    for each in feature.filter:
        values = each.value if isinstance(each.value, tuple) else () if each.value is None else (each.value,)
        is_text = events.columns[each.column].dtype == "string"
        strange = [value for value in values if isinstance(value, str) != is_text]
        if strange:
            kinds = ("texts", "a number") if is_text else ("numbers", "a text")
            raise UserError(
                f"the filter of {feature.name!r} compares {each.column!r}, which holds {kinds[0]}, with {kinds[1]},"
                f" {strange[0]!r}",
                field="features",
            )


def _takes_text(function: str, dtype: str) -> bool:
    return function in ("distinct", "missing_share") or (function == "count") or dtype == "string"


def entity_type(table: Table, name: str) -> EntityType:
    """Say how an entity column is compared: stored whole numbers as such, all else as text."""
    if table.stored[table.names.index(name)] != "number":
        return "string"
    kind = str(table.connection.sql(f"SELECT {table.column(name)} FROM {table.view} LIMIT 0").types[0])
    return (
        "int64"
        if kind in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
        else ("string")
    )


def lay_out_events(table: Table, spec: FeatureSpec, events: EventColumns, *, entity: EntityType) -> None:
    """Make the view `events` on a table; what has no entity or no time is in no row's past and falls out by itself."""
    assert spec.entity is not None
    assert spec.time is not None
    happened = f"epoch_us({table.expression(_moment(events.find(spec.time, field='time')))})"
    known = happened
    if spec.available is not None:
        column = _moment(events.find(spec.available, field="available"))
        # What became known at no known time is never available.
        known = f"coalesce(epoch_us({table.expression(column)}), {_NEVER})"
    columns = [
        f"{entity_expression(table, events.find(spec.entity, field='entity'), entity)} AS entity",
        f"{happened} AS t",
        f"{known} AS known",
        *(f"{table.expression(events.columns[name])} AS v{place}" for place, name in enumerate(spec.event_columns)),
    ]
    table.connection.execute(f"CREATE OR REPLACE TEMP VIEW {EVENTS} AS SELECT {', '.join(columns)} FROM {table.view}")


def entity_expression(table: Table, column: ColumnSpec, kind: EntityType) -> str:
    """Return the SQL that reads an entity: the same text wherever it is stored, or a whole number."""
    if kind == "int64":
        return f"CAST({table.column(column.name)} AS BIGINT)"
    return table.expression(column.model_copy(update={"dtype": "string"}))


def _moment(column: ColumnSpec) -> ColumnSpec:
    if column.dtype != "date":
        raise UserError(
            f"the column {column.name!r} holds {column.dtype} values, not times", field="time", hint="name another one"
        )
    return column


def lay_out_spine(
    connection: duckdb.DuckDBPyConnection, spec: FeatureSpec, rows: pd.DataFrame, *, entity: EntityType
) -> None:
    """Make the table `spine` of a frame of row, entity, as_of (microseconds) and the columns that `value` reads."""
    columns = {"row": "BIGINT", "entity": "BIGINT" if entity == "int64" else "VARCHAR", "as_of": "BIGINT"}
    given = {GIVEN + name: f"g{place}" for place, name in enumerate(spec.spine_columns)}
    frame = cast("pd.DataFrame", rows[["row", "entity", "as_of", *given]]).rename(columns=given)
    read = [f"CAST({name} AS {kind}) AS {name}" for name, kind in columns.items()]
    connection.register("spine_rows", frame)
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE {SPINE} AS SELECT {', '.join([*read, *given.values()])} FROM spine_rows"
    )
    connection.unregister("spine_rows")


def compute_frame(
    connection: duckdb.DuckDBPyConnection, spec: FeatureSpec, *, texts: frozenset[str], entity: EntityType
) -> pd.DataFrame:
    """Return `row` and the features of every row of the spine, in the order of the rows."""
    query = compile_features(spec, texts=texts, entity=entity, dialect="duckdb")
    found = connection.sql(query).df()
    return found.sort_values("row", ignore_index=True)


def microseconds(moment: datetime) -> int:
    """Return a moment as microseconds since 1970 in UTC; one without a time zone is in UTC."""
    known = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    delta = known - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def moment_of(value: Any) -> datetime:
    """Return the moment of microseconds since 1970, in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(value))
