"""Feature sets on disk: `.ax/features/NAME/VERSION/` with its definition, its table and the latest values."""

import shutil
from pathlib import Path
from typing import Any

import duckdb
from filelock import FileLock
from pydantic import ValidationError

from axagents.errors import Failed, NotFound, UserError
from axagents.faults import fault_point
from axagents.fields import parse_version
from axagents.filesystem import write_whole
from axagents.ml.columns.sql import quote_text
from axagents.ml.features.spec import FeatureSpec
from axagents.project import Project, make_folder
from axagents.stores.features.record import FeatureSet, SetDifference

DEFINITION, TABLE, LATEST = "definition.json", "table.parquet", "latest.parquet"
_PARTIAL = ".partial"


def sets_path(project: Project) -> Path:
    """Return where a project keeps its feature sets."""
    return project.state / "features"


def version_path(project: Project, name: str, version: str) -> Path:
    """Return the folder of one version."""
    return sets_path(project) / name / version


def list_sets(project: Project) -> list[FeatureSet]:
    """Return the newest version of every set, by name."""
    return [versions[-1] for name in set_names(project) if (versions := list_versions(project, name))]


def set_names(project: Project) -> list[str]:
    """Return the names of all sets."""
    folder = sets_path(project)
    return sorted(each.name for each in folder.iterdir() if each.is_dir()) if folder.is_dir() else []


def list_versions(project: Project, name: str) -> list[FeatureSet]:
    """Return every version of a set, oldest first; none where there is no such set."""
    folder = sets_path(project) / name
    if not folder.is_dir():
        return []
    found = [_read(each) for each in folder.iterdir() if each.is_dir() and not each.name.endswith(_PARTIAL)]
    return sorted(found, key=lambda each: parse_version(each.version))


def find_set(project: Project, name: str) -> FeatureSet:
    """Return `NAME` (its newest version), `NAME:VERSION` or `NAME/VERSION`.

    Raises:
        NotFound: no such set or version.
        Failed: its definition was changed on disk.
    """
    name, _, version = name.replace("/", ":").partition(":")
    versions = list_versions(project, name)
    if not versions:
        raise NotFound("feature set", name, set_names(project), hint="ax features list")
    if not version:
        return versions[-1]
    for each in versions:
        if each.version == version.removeprefix("v"):
            return each
    raise NotFound(f"version of {name}", version, [each.version for each in versions], hint=f"ax features show {name}")


def table_of_version(project: Project, name: str) -> Path | None:
    """Return the table of `NAME:VERSION` or `NAME/VERSION`; None where nothing of that form names a set.

    Raises:
        NotFound: there is such a set, without that version.
    """
    head, mark, version = name.replace("/", ":").partition(":")
    if not (mark and version) or head not in set_names(project):
        return None
    found = find_set(project, name)
    return version_path(project, found.name, found.version) / TABLE


def set_of_table(project: Project, table: Path, *, sha256: str) -> FeatureSet | None:
    """Return the version whose table a file is; None for a file that is none.

    Raises:
        Failed: the file is no longer the table that was stored.
    """
    folder = table.parent
    if table.name != TABLE or folder.parent.parent != sets_path(project):
        return None
    found = find_set(project, f"{folder.parent.name}:{folder.name}")
    if found.table_sha256 != sha256:
        raise Failed(
            f"the table of {found.reference} was changed on disk; a version never changes",
            hint="restore it from a backup, or make a new version: ax run ml-feature-engineering",
        )
    return found


def _read(folder: Path) -> FeatureSet:
    try:
        found = FeatureSet.model_validate_json((folder / DEFINITION).read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise Failed(f"the feature set in {folder} cannot be read: {str(error).splitlines()[0]}") from error
    if found.spec.sha256 != found.spec_sha256:
        raise Failed(
            f"the definition of {found.name} {found.version} was changed on disk; a version never changes",
            hint="restore it from a backup, or make a new version: ax run ml-feature-engineering",
        )
    return found


def store_set(project: Project, found: FeatureSet, *, table: Path) -> tuple[FeatureSet, bool]:
    """Keep a set under the next version, and return it, and whether it is new.

    What is computed from the same data the same way is there already and stays as it is. The table is copied; its
    columns are the entity's, `as_of`, the target's and the features'.
    """
    folder = sets_path(project) / found.name
    make_folder(folder)
    with FileLock(f"{folder}.lock"):
        versions = list_versions(project, found.name)
        for each in versions:
            if each.content == found.content:
                # A step that was cut short after it stored the version has made it all the same.
                return each, each.run_id is not None and each.run_id == found.run_id
        stored = found.model_copy(update={"version": next_version(versions, found.spec)})
        aside = folder / f"{stored.version}{_PARTIAL}"
        shutil.rmtree(aside, ignore_errors=True)
        make_folder(aside)
        shutil.copyfile(table, aside / TABLE)
        _write_latest(aside, stored)
        write_whole(aside / DEFINITION, stored.model_dump_json(by_alias=True, indent=1))
        fault_point("features.store.written")
        aside.rename(folder / stored.version)
    fault_point("features.store.stored")
    return stored, True


def next_version(versions: list[FeatureSet], spec: FeatureSpec) -> str:
    """Return the version that a definition gets after those there are."""
    if not versions:
        return "1.0.0"
    newest = versions[-1]
    major, minor, patch, _ = parse_version(newest.version)
    before = {each.name: each for each in newest.spec.features}
    after = {each.name: each for each in spec.features}
    if newest.spec_sha256 == spec.sha256:
        return f"{major}.{minor}.{patch + 1}"
    same_events = all(getattr(newest.spec, each) == getattr(spec, each) for each in _TIES)
    if same_events and all(after.get(name) == each for name, each in before.items()):
        return f"{major}.{minor + 1}.0"
    return f"{major + 1}.0.0"


_TIES = ("dataset", "entity", "time", "available")


def _write_latest(folder: Path, found: FeatureSet) -> None:
    table, latest = quote_text(str(folder / TABLE)), quote_text(str(folder / LATEST))
    entity = '"' + found.entity.replace('"', '""') + '"'
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * FROM read_parquet({table})"
            f" QUALIFY row_number() OVER (PARTITION BY {entity} ORDER BY as_of DESC) = 1 ORDER BY {entity})"
            f" TO {latest} (FORMAT PARQUET, COMPRESSION ZSTD)"
        )


def latest_values(project: Project, found: FeatureSet, entity: str) -> dict[str, Any]:
    """Return `as_of` and the features of an entity as they were last materialised.

    Raises:
        UserError: the table does not hold the entity.
    """
    path = version_path(project, found.name, found.version) / LATEST
    column = '"' + found.entity.replace('"', '""') + '"'
    names = ", ".join(f'"{name}"' for name in found.spec.names)
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT as_of, {names} FROM read_parquet({quote_text(str(path))}) WHERE CAST({column} AS VARCHAR) = ?",
            [entity],
        ).fetchall()
    if not rows:
        raise UserError(
            f"the table of {found.name} {found.version} holds no {found.entity} {entity!r}",
            field="entity",
            hint=f"ax features show {found.name} --entity {entity} --at now",
        )
    return dict(zip(("as_of", *found.spec.names), rows[0], strict=True))


def compare_versions(first: FeatureSet, second: FeatureSet) -> SetDifference:
    """Return how two versions differ; UserError when they are of different sets."""
    if first.name != second.name:
        raise UserError(
            f"{first.name} and {second.name} are two sets; versions of one set are compared", field="second"
        )
    before, after = _definitions(first), _definitions(second)
    one, other = _origin(first), _origin(second)
    return SetDifference(
        name=first.name,
        versions=(first.version, second.version),
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        changed={name: (before[name], after[name]) for name in before if name in after and before[name] != after[name]},
        source={name: (one[name], other[name]) for name in one if one[name] != other[name]},
        rows=(first.rows, second.rows),
    )


def _definitions(found: FeatureSet) -> dict[str, dict[str, Any]]:
    return {each.name: each.model_dump(mode="json", by_alias=True) for each in found.spec.features}


def _origin(found: FeatureSet) -> dict[str, Any]:
    return found.source.model_dump() | {each: getattr(found.spec, each) for each in _TIES}
