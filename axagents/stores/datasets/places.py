"""Where datasets lie: paths relative to the project, and temporary files for what lies elsewhere."""

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from axagents.errors import UserError
from axagents.ml.table import Table
from axagents.project import Project
from axagents.stores.datasets.fetching import fetch, find_source
from axagents.stores.datasets.opening import MEMORY_LIMIT, open_table
from axagents.stores.datasets.record import Dataset, Format


def name_location(project: Project, place: str) -> str:
    """Return a typed path or address as the catalog keeps it: relative when inside the project, else absolute."""
    if find_source(place) != "file":
        return place
    return project.place_of(Path(place).expanduser().absolute())


@contextmanager
def local_file(project: Project, location: str) -> Generator[Path]:
    """Give the file of a location; what lies elsewhere is fetched into a temporary one.

    Raises UserError when there is no such file, or it is a folder or cannot be read.
    """
    if find_source(location) != "file":
        with tempfile.TemporaryDirectory(prefix="ax-fetch-") as folder:
            yield fetch(location, Path(folder))
        return
    path = project.root / location
    if path.is_dir():
        raise UserError(f"{path} is a folder; a dataset is one file", field="path")
    try:
        path.open("rb").close()
    except FileNotFoundError:
        raise UserError(f"there is no file {path}", field="path") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}", field="path") from None
    yield path


def find_format(path: Path) -> Format:
    """Say whether a file is Parquet, by its first bytes; all else is taken for CSV."""
    with path.open("rb") as opened:
        return "parquet" if opened.read(4) == b"PAR1" else "csv"


@contextmanager
def open_place(path: Path, dataset: Dataset, *, memory_limit: str = MEMORY_LIMIT) -> Generator[Table]:
    """Open a dataset's file as a table."""
    with open_table(path, dataset.format, dataset.layout, memory_limit=memory_limit) as table:
        yield table
