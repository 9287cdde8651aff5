"""What a file holds, found by reading it once whole: layout, rows, columns, fingerprint."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from axagents.clock import stamp
from axagents.errors import NotFound, UserError
from axagents.ml.columns import ColumnSpec, TargetChoice, choose_task, infer_columns
from axagents.ml.table import count_rows, fetch_raw, sample_size
from axagents.progress import note
from axagents.project import Project
from axagents.stores.datasets.fetching import find_source
from axagents.stores.datasets.fingerprint import take_fingerprint, take_table_fingerprint
from axagents.stores.datasets.layout import LayoutOptions, find_layout
from axagents.stores.datasets.opening import open_table, parquet_columns
from axagents.stores.datasets.places import find_format, local_file
from axagents.stores.datasets.record import CsvLayout, Dataset, Declarations

MOST_COLUMNS = 5_000
_NUMBERED = ("numeric", "identifier", "constant")


@dataclass(frozen=True)
class Asked:
    """What is described: a name, a location as the catalog keeps it, and what the user says of it."""

    name: str
    location: str
    declared: Declarations = field(default_factory=Declarations)
    layout: LayoutOptions = field(default_factory=LayoutOptions)
    catalogued: bool = True


def describe_dataset(project: Project, asked: Asked) -> Dataset:
    """Read a file whole and return its entry for the catalog, nothing written.

    Raises UserError for whatever is wrong with the file or with what was declared of it.
    """
    source = find_source(asked.location)
    with local_file(project, asked.location) as path:
        file_format = find_format(path)
        layout, notices = _find_layout(path, asked, file_format=file_format)
        with open_table(path, file_format, layout) as table:
            if len(table.names) > MOST_COLUMNS:
                raise UserError(
                    f"{asked.location} has {len(table.names):,} columns; a dataset has at most {MOST_COLUMNS:,}",
                    field="path",
                    hint="write those that may matter into a file of their own",
                )
            note(f"reading {asked.location}")
            rows = count_rows(table)
            if rows == 0:
                raise UserError(
                    f"{asked.location} has {'a header' if file_format == 'csv' else 'columns'} and no rows",
                    field="path",
                )
            _refuse_unknown_columns(asked.declared, table.names)
            sampled = sample_size(table, rows)
            frame = fetch_raw(table, sample=sampled)
            columns = _infer(frame, asked.declared)
            choice = _choose_target(frame, columns, asked=asked, sampled=sampled is not None)
            fingerprint = take_table_fingerprint(table, rows) if source == "sql" else take_fingerprint(path)
    _check_time(asked.declared, columns)
    return Dataset(
        **asked.declared.model_dump(),
        name=asked.name,
        location=asked.location,
        source=source,
        format=file_format,
        layout=layout,
        fingerprint=fingerprint,
        rows=rows,
        columns=columns,
        sampled_rows=sampled,
        target_choice=choice,
        catalogued=asked.catalogued,
        notices=(*notices, *_notice_columns(columns)),
        added_at=stamp(),
    )


def _find_layout(path: Path, asked: Asked, *, file_format: str) -> tuple[CsvLayout | None, tuple[str, ...]]:
    if file_format == "csv":
        return find_layout(path, asked.layout)
    parquet_columns(path)
    return None, ()


def _infer(frame: pd.DataFrame, declared: Declarations) -> tuple[ColumnSpec, ...]:
    return infer_columns(frame, target=declared.target, entity=declared.entity, time=declared.time)


def _refuse_unknown_columns(declared: Declarations, names: tuple[str, ...]) -> None:
    named = [("--entity", declared.entity), ("--time", declared.time)]
    named += [("--sensitive", each) for each in declared.sensitive]
    named += [("--unknown-at-prediction", each) for each in declared.unknown_at_prediction]
    if declared.target is not None and not _defines_target(declared):
        named.append(("--target", declared.target))
    for option, name in named:
        if name is not None and name not in names:
            raise NotFound("column", name, names, field=option)
    if declared.target in declared.unknown_at_prediction:
        raise UserError(
            f"the target {declared.target!r} is never known at prediction time; leave it out",
            field="--unknown-at-prediction",
        )


def _defines_target(declared: Declarations) -> bool:
    """Say whether the events define the target: no event of an entity within the label window after the cutoff."""
    return all((declared.entity, declared.time, declared.cutoff, declared.label_window))


def _choose_target(
    frame: pd.DataFrame, columns: tuple[ColumnSpec, ...], *, asked: Asked, sampled: bool
) -> TargetChoice | None:
    target = asked.declared.target
    if target is None or target not in frame.columns:
        return None
    spec = next(column for column in columns if column.name == target)
    # A holdout or a reference may hold one class, and the sample of a large file may miss the rare one.
    if spec.distinct == 1 and (asked.declared.role != "train" or sampled):
        return None
    held: Any = frame
    return choose_task(held[target], spec)


def _check_time(declared: Declarations, columns: tuple[ColumnSpec, ...]) -> None:
    if declared.time is None:
        return
    spec = next(column for column in columns if column.name == declared.time)
    # One moment for all is a moment too.
    if spec.dtype == "date" or (spec.kind in _NUMBERED and spec.whole and declared.cutoff is None):
        return
    raise UserError(f"the time column {spec.name!r} holds no dates ({spec.kind}: {spec.because})", field="--time")


def _notice_columns(columns: tuple[ColumnSpec, ...]) -> tuple[str, ...]:
    return tuple(f"column {column.name!r} has no value at all" for column in columns if column.kind == "empty")
