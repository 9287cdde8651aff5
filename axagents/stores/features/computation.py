"""Features of a spine's rows, computed from a dataset of events by the engine that was chosen."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from axagents.actor import may_name
from axagents.ml.features.compiling import compile_features
from axagents.ml.features.computing import EventColumns, lay_out_events, lay_out_spine
from axagents.ml.features.parts import MEMORY_LIMIT, keep_own_events, write_rows
from axagents.ml.features.spec import EntityType, FeatureSpec
from axagents.project import Project
from axagents.stores.datasets.catalog import find_dataset
from axagents.stores.datasets.loading import open_dataset
from axagents.stores.features.plan import Engine
from axagents.stores.features.spark import run_on_spark

_ORDER = "row of the spine"


@dataclass(frozen=True)
class Computation:
    """What is computed, and by what.

    Attributes:
        texts: the columns read that hold texts.
        entity: how entities are compared.
    """

    spec: FeatureSpec
    texts: frozenset[str]
    entity: EntityType
    engine: Engine = "duckdb"

    def query(self) -> str:
        """Return the compiled query, in the words of the engine."""
        dialect = "pyspark" if self.engine == "spark" else "duckdb"
        return compile_features(self.spec, texts=self.texts, entity=self.entity, dialect=dialect)


@contextmanager
def open_events(project: Project, spec: FeatureSpec, *, entity: EntityType) -> Generator[duckdb.DuckDBPyConnection]:
    """Give a connection on which the events lie as the compiled query reads them, if it reads any."""
    if not spec.reads_events:
        with duckdb.connect() as connection:
            yield connection
        return
    dataset = find_dataset(project, spec.dataset, allow_paths=may_name(spec.dataset))
    with open_dataset(project, dataset, memory_limit=MEMORY_LIMIT) as table:
        lay_out_events(table, spec, EventColumns.of(dataset.columns), entity=entity)
        yield table.connection


def compute(project: Project, wanted: Computation, *, spine: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Return `row` and the features of a spine's rows, in their order.

    Args:
        folder: where an engine that is not in this process exchanges files with it.
    """
    with _computed(project, wanted, spine=spine, folder=folder) as (connection, relation):
        if _in_process(wanted):
            keep_own_events(connection)
        return connection.sql(f"SELECT * FROM {relation}").df().sort_values("row", ignore_index=True)


def write_table(
    project: Project, wanted: Computation, *, spine: pd.DataFrame, names: tuple[str, str], path: Path
) -> int:
    """Write entity, as_of, target and features of every row of a spine into a Parquet file; return the rows.

    Args:
        names: what the columns of the entity and of the target are called.
    """
    with _computed(project, wanted, spine=spine, folder=path.parent) as (connection, relation):
        connection.register("labels", spine[["row", "entity", "as_of", "label"]])
        entity, target = (_quoted(name) for name in names)
        features = ", ".join(f"f.{_quoted(name)}" for name in wanted.spec.names)
        rows = (
            f'SELECT l."row" AS "{_ORDER}", l.entity AS {entity}, make_timestamp(l.as_of) AS as_of,'
            f' l.label AS {target}, {features} FROM labels l JOIN {relation} f ON l."row" = f."row"'
        )
        cells = len(spine) * len(wanted.spec.names) if _in_process(wanted) else 0
        write_rows(connection, rows, path, cells=cells, order=f'"{_ORDER}"')
    return len(spine)


@contextmanager
def _computed(
    project: Project, wanted: Computation, *, spine: pd.DataFrame, folder: Path
) -> Generator[tuple[duckdb.DuckDBPyConnection, str]]:
    """Give a connection, and the SQL of what holds `row` and every feature."""
    with open_events(project, wanted.spec, entity=wanted.entity) as connection:
        lay_out_spine(connection, wanted.spec, spine, entity=wanted.entity)
        if wanted.engine == "duckdb":
            yield connection, f"({wanted.query()})"
            return
        views = ("spine", "events") if wanted.spec.reads_events else ("spine",)
        with run_on_spark(connection, wanted.query(), views=views, folder=folder) as made:
            yield connection, made


def _in_process(wanted: Computation) -> bool:
    """Whether events are read by the connection that the rows come from."""
    return wanted.engine == "duckdb" and wanted.spec.reads_events


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
