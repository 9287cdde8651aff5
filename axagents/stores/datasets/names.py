"""The names in the dataset catalog and what little a planner needs of each, read without loading any data library."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axagents.project import Project
from axagents.stores.database import open_database

DATA_FOLDER = "data"
SUFFIXES = (".parquet", ".csv")
"""Of the files of the data folder that are datasets without being in the catalog."""
TIES = ("entity", "time", "cutoff", "label_window")
"""What ties events to the rows that are predicted."""
CURRENT = "SELECT record FROM datasets WHERE change IN (SELECT max(change) FROM datasets GROUP BY name)"
_HEAD = 65_536


@dataclass(frozen=True)
class KnownDataset:
    """A dataset's names, declared target and columns; columns are empty where only opening the file would tell.

    Attributes:
        defined: whether the target is no column and follows from the events.
        declared: the names of what else is declared: entity, time, cutoff, label_window.
    """

    name: str
    aliases: tuple[str, ...]
    target: str | None
    columns: tuple[str, ...]
    defined: bool = False
    declared: frozenset[str] = frozenset()


def known_datasets(project: Project) -> tuple[KnownDataset, ...]:
    """Return the datasets of the catalog, then the files of data/ that are not in it, by name."""
    catalogued = tuple(_catalogued(project))
    taken = {name for each in catalogued for name in (each.name, *each.aliases)}
    files = tuple(each for each in _files(project) if each.name not in taken)
    return tuple(sorted(catalogued, key=lambda each: each.name)) + files


def _catalogued(project: Project) -> Iterator[KnownDataset]:
    with open_database(project).read() as connection:
        rows = connection.execute(CURRENT).fetchall()
    for row in rows:
        record: dict[str, Any] = json.loads(row["record"])
        name, file = str(record["name"]), Path(str(record["location"])).name
        columns = [str(column["name"]) for column in record["columns"]]
        target = record.get("target")
        defined = bool(target) and target not in columns
        columns += [str(target)] if defined else []
        declared = frozenset(each for each in TIES if record.get(each))
        yield KnownDataset(name, (file,) if file != name else (), target, tuple(columns), defined, declared)


def _files(project: Project) -> Iterator[KnownDataset]:
    folder = project.root / DATA_FOLDER
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix in SUFFIXES and path.is_file():
            yield KnownDataset(path.stem, (path.name,), None, _header(path))


def _header(path: Path) -> tuple[str, ...]:
    if path.suffix != ".csv":
        return ()
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            line = stream.readline(_HEAD)
    except (OSError, UnicodeDecodeError):
        return ()
    delimiter = max(",;\t|", key=line.count)
    return tuple(name.strip() for name in next(csv.reader([line], delimiter=delimiter), []))
