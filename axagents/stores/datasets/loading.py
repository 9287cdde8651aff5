"""Datasets loaded: into a frame, or as a table that may be larger than memory."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pandas as pd

from axagents.errors import NotFound
from axagents.ml.columns import ColumnSpec
from axagents.ml.table import Table, fetch_prepared, fetch_raw
from axagents.project import Project
from axagents.stores.datasets.catalog import check_unchanged, find_dataset, tell_changed
from axagents.stores.datasets.fingerprint import take_fingerprint, take_table_fingerprint
from axagents.stores.datasets.opening import MEMORY_LIMIT
from axagents.stores.datasets.places import local_file, open_place
from axagents.stores.datasets.record import Dataset

_LOAD_LIMIT = "1GB"


@dataclass(frozen=True)
class LoadedFrame:
    """Rows of a dataset, in the order of its file.

    Attributes:
        dataset: the dataset, with its declarations and fingerprint.
        frame: the rows; parsed as `prepare_frame` would, or with `raw` as they are stored.
        columns: the specification of each column of the frame, in its order.
        sampled: whether the rows were drawn at random from more.
    """

    dataset: Dataset
    frame: pd.DataFrame
    columns: tuple[ColumnSpec, ...]
    sampled: bool = False


def load_frame(
    project: Project,
    name: str,
    *,
    columns: Sequence[str] | None = None,
    allow_paths: bool = False,
    raw: bool = False,
    max_rows: int | None = None,
) -> LoadedFrame:
    """Load a dataset by name, its fingerprint checked first.

    Raises NotFound for a dataset or column that is not there (with the nearest names), UserError when the file
    changed since it was added, or is broken.
    """
    dataset = find_dataset(project, name, allow_paths=allow_paths)
    wanted = _choose_columns(dataset, columns)
    sample = max_rows if max_rows is not None and max_rows < dataset.rows else None
    with open_dataset(project, dataset, memory_limit=_LOAD_LIMIT) as table:
        if raw:
            frame = fetch_raw(table, [spec.name for spec in wanted], sample=sample)
        else:
            frame = fetch_prepared(table, wanted, sample=sample)
    return LoadedFrame(dataset, frame, wanted, sampled=sample is not None)


@contextmanager
def open_dataset(project: Project, dataset: Dataset, *, memory_limit: str = MEMORY_LIMIT) -> Generator[Table]:
    """Open a dataset as a table, its fingerprint checked first."""
    check_unchanged(project, dataset)
    with (
        local_file(project, dataset.location) as path,
        open_place(path, dataset, memory_limit=memory_limit) as table,
    ):
        if dataset.source == "url" and take_fingerprint(path).sha256 != dataset.fingerprint.sha256:
            raise tell_changed(dataset)
        if dataset.source == "sql" and take_table_fingerprint(table, _rows(table)) != dataset.fingerprint:
            raise tell_changed(dataset)
        yield table


def _rows(table: Table) -> int:
    return int(table.query(f"SELECT count(*) FROM {table.view}")[0][0])


def _choose_columns(dataset: Dataset, names: Sequence[str] | None) -> tuple[ColumnSpec, ...]:
    if names is None:
        return dataset.columns
    known = {spec.name: spec for spec in dataset.columns}
    for name in names:
        if name not in known:
            raise NotFound("column", name, known)
    return tuple(known[name] for name in names)
