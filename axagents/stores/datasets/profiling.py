"""The profile of a dataset, by its name."""

from pathlib import Path
from typing import Any

from axagents.clock import utc_now
from axagents.errors import NotFound, UserError
from axagents.filesystem import write_whole
from axagents.ml.columns import ColumnSpec, TargetChoice, choose_task, infer_column
from axagents.ml.profile.frame import Subject
from axagents.ml.profile.model import DataProfile
from axagents.ml.profile.page import write_page
from axagents.ml.profile.stream import profile_table
from axagents.ml.table import Table, fetch_raw, sample_size
from axagents.project import Project
from axagents.stores.datasets.catalog import find_dataset
from axagents.stores.datasets.loading import open_dataset
from axagents.stores.datasets.record import Dataset


def profile_dataset(
    project: Project,
    name: str,
    *,
    target: str | None = None,
    allow_paths: bool = False,
    show_sensitive: bool = False,
) -> DataProfile:
    """Profile a dataset; `target` stands in for the declared one. Values of sensitive columns only when asked for.

    Raises NotFound for a dataset or a target that is not there, UserError when the file changed or is broken.
    """
    dataset = find_dataset(project, name, allow_paths=allow_paths)
    with open_dataset(project, dataset) as table:
        columns, choice = _look_at_target(table, dataset, target)
        subject = Subject(
            name=dataset.name,
            columns=columns,
            now=utc_now(),
            target=target or (None if dataset.target_is_derived else dataset.target),
            choice=choice,
            sensitive=frozenset() if show_sensitive else frozenset(dataset.sensitive),
            unknown_at_prediction=dataset.unknown_at_prediction,
            location=dataset.location,
            sha256=dataset.fingerprint.sha256,
            notices=dataset.notices,
        )
        return profile_table(table, subject, dataset.rows)


def save_page(profile: DataProfile, path: Path) -> None:
    """Write a profile's HTML page; the file appears whole or not at all.

    Raises UserError when the place cannot be written.
    """
    page = write_page(profile)
    if path.is_dir():
        raise UserError(f"{path} is a folder; name a file", field="--html")
    try:
        write_whole(path, page)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}", field="--html") from None


def _look_at_target(
    table: Table, dataset: Dataset, target: str | None
) -> tuple[tuple[ColumnSpec, ...], TargetChoice | None]:
    if target is None or target == dataset.target:
        return dataset.columns, dataset.target_choice
    if target not in table.names:
        raise NotFound("column", target, table.names, field="target")
    frame: Any = fetch_raw(table, [target], sample=sample_size(table, dataset.rows))
    spec = infer_column(frame[target], is_target=True)
    columns = tuple(spec if column.name == target else column for column in dataset.columns)
    return columns, choose_task(frame[target], spec)
