"""The dataset catalog: names for files, with what their owner declared of them."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from axagents.errors import NotFound, UserError
from axagents.project import Project
from axagents.stores.database import open_database
from axagents.stores.datasets.describing import Asked, describe_dataset
from axagents.stores.datasets.fetching import find_source, refuse_secrets
from axagents.stores.datasets.fingerprint import is_same_file
from axagents.stores.datasets.layout import LayoutOptions
from axagents.stores.datasets.names import CURRENT, DATA_FOLDER, SUFFIXES
from axagents.stores.datasets.places import name_location
from axagents.stores.datasets.record import Dataset, Declarations
from axagents.stores.features.store import table_of_version

_COMPARED_WITHOUT = {"added_at", "notices", "fingerprint"}

State = Literal["same", "changed", "missing", "elsewhere"]


@dataclass(frozen=True)
class Added:
    """A dataset as it stands in the catalog now, and the entry that it replaced."""

    dataset: Dataset
    outcome: Literal["added", "replaced", "unchanged"]
    previous: Dataset | None = None


def add_dataset(
    project: Project,
    name: str,
    place: str,
    *,
    declared: Declarations | None = None,
    layout: LayoutOptions | None = None,
) -> Added:
    """Read a file once, check what is declared of it, and put it into the catalog; adding it again changes nothing.

    Raises UserError, before anything is written, for whatever is wrong.
    """
    refuse_secrets(place)
    location = name_location(project, place)
    asked = Asked(name, location, declared or Declarations(), layout or LayoutOptions())
    dataset = describe_dataset(project, asked)
    with open_database(project).write() as connection:
        row = connection.execute(
            "SELECT record FROM datasets WHERE name = ? ORDER BY change DESC LIMIT 1", (name,)
        ).fetchone()
        previous = Dataset.model_validate_json(row["record"]) if row else None
        if previous is not None and _is_equal(previous, dataset):
            return Added(previous, "unchanged", previous)
        connection.execute(
            "INSERT INTO datasets (name, location, sha256, record, added_at) VALUES (?, ?, ?, ?, ?)",
            (name, location, dataset.fingerprint.sha256, dataset.model_dump_json(), dataset.added_at),
        )
    return Added(dataset, "replaced" if previous else "added", previous)


def list_datasets(project: Project) -> tuple[Dataset, ...]:
    """Return the catalog, by name."""
    with open_database(project).read() as connection:
        rows = connection.execute(CURRENT).fetchall()
    datasets = [Dataset.model_validate_json(row["record"]) for row in rows]
    return tuple(sorted(datasets, key=lambda dataset: dataset.name))


def find_dataset(project: Project, name: str, *, allow_paths: bool = False) -> Dataset:
    """Return the dataset of a name: one of the catalog, else data/NAME.{parquet,csv}, else (if allowed) a path.

    `NAME:VERSION` is the table of that version of a feature set.

    A file that is not in the catalog is read once to describe it. Raises NotFound with the nearest names.
    """
    catalog = {dataset.name: dataset for dataset in list_datasets(project)}
    if name in catalog:
        return catalog[name]
    if (table := table_of_version(project, name)) is not None:
        return _earlier(project, name, location=project.place_of(table))
    location = _project_file(project, name)
    if location is None and allow_paths and _is_place(name):
        refuse_secrets(name)
        location = name_location(project, name)
    if location is None:
        raise _not_found(project, name, allow_paths=allow_paths)
    entries = [dataset for dataset in catalog.values() if dataset.location == location]
    if len(entries) == 1:
        return entries[0]
    return describe_dataset(project, Asked(Path(location).stem or name, location, catalogued=False))


def check_unchanged(project: Project, dataset: Dataset) -> None:
    """Raise UserError, with the command that adds it again, when a dataset's file is no longer what was added."""
    state = find_state(project, dataset)
    if state == "missing":
        raise UserError(
            f"dataset {dataset.name!r}: there is no file {dataset.location} any more", hint=add_command(dataset)
        )
    if state == "changed":
        raise tell_changed(dataset)


def tell_changed(dataset: Dataset) -> UserError:
    """Return the error for a dataset whose content is not what was added."""
    known = dataset.fingerprint.sha256[:12]
    return UserError(
        f"dataset {dataset.name!r}: {dataset.location} changed since it was added on {dataset.added_at[:10]} "
        f"(its SHA-256 is no longer {known}...)",
        hint=add_command(dataset),
    )


def find_state(project: Project, dataset: Dataset) -> State:
    """Say whether a dataset's file is still the same; what lies elsewhere is compared when it is read."""
    if dataset.source != "file":
        return "elsewhere"
    path = project.root / dataset.location
    if not path.is_file():
        return "missing"
    return "same" if is_same_file(path, dataset.fingerprint) else "changed"


def add_command(dataset: Dataset) -> str:
    """Return the command that adds a dataset with the same declarations again."""
    words = ["ax", "data", "add", dataset.name, dataset.location]
    for option, value in (
        ("--target", dataset.target),
        ("--entity", dataset.entity),
        ("--time", dataset.time),
        ("--cutoff", dataset.cutoff),
        ("--label-window", dataset.label_window),
        ("--role", dataset.role if dataset.role != "train" else None),
        ("--sensitive", ",".join(dataset.sensitive)),
        ("--unknown-at-prediction", ",".join(dataset.unknown_at_prediction)),
    ):
        if value:
            words += [option, value]
    if dataset.layout is not None and not dataset.layout.header:
        words += ["--columns", ",".join(dataset.layout.columns)]
    return shlex.join(words)


def known_names(project: Project) -> tuple[str, ...]:
    """Return every name that a dataset can be called by: the catalog's, and the files of data/."""
    names = {dataset.name for dataset in list_datasets(project)}
    folder = project.root / DATA_FOLDER
    if folder.is_dir():
        names |= {path.stem for path in folder.iterdir() if path.suffix in SUFFIXES}
    return tuple(sorted(names))


def _earlier(project: Project, name: str, *, location: str) -> Dataset:
    """Return what the catalog last held of a location, whether or not its name now means another."""
    with open_database(project).read() as connection:
        row = connection.execute(
            "SELECT record FROM datasets WHERE name = ? AND location = ? ORDER BY change DESC LIMIT 1",
            (name.replace("/", ":").partition(":")[0], location),
        ).fetchone()
    if row is None:
        return describe_dataset(project, Asked(name, location))
    return Dataset.model_validate_json(row["record"]).model_copy(update={"name": name})


def _is_equal(one: Dataset, other: Dataset) -> bool:
    return one.fingerprint.sha256 == other.fingerprint.sha256 and one.model_dump(
        exclude=_COMPARED_WITHOUT
    ) == other.model_dump(exclude=_COMPARED_WITHOUT)


def _project_file(project: Project, name: str) -> str | None:
    if Path(name).name != name or name.startswith("."):
        return None
    for suffix in (*SUFFIXES, ""):
        if suffix == "" and not name.endswith(SUFFIXES):
            continue
        if (project.root / DATA_FOLDER / f"{name}{suffix}").is_file():
            return f"{DATA_FOLDER}/{name}{suffix}"
    return None


def _is_place(name: str) -> bool:
    return find_source(name) != "file" or Path(name).expanduser().is_file()


def _not_found(project: Project, name: str, *, allow_paths: bool) -> UserError:
    if not allow_paths and ("/" in name or Path(name).suffix in SUFFIXES) and Path(name).is_file():
        stem = Path(name).stem
        return UserError(
            f"{name} is a path; here a dataset is named by the catalog",
            field="dataset",
            hint=f"ax data add {stem} {name}",
        )
    return NotFound("dataset", name, known_names(project), hint="ax data add NAME PATH", field="dataset")
