"""Check the machine: Python, packages, SQLite, disk, providers."""

import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from axagents import __version__
from axagents.upkeep.check import Check

OLDEST_PYTHON = (3, 11)
OLDEST_SQLITE = (3, 35)  # RETURNING
LEAST_DISK, LITTLE_DISK = 200_000_000, 2_000_000_000


def check_machine(folder: Path, keys: Mapping[str, str | None], *, automatic: str = "offline") -> Iterator[Check]:
    """Yield what is to be said of this machine.

    Args:
        folder: where projects would lie.
        keys: for each provider the variable that holds its key, None where it takes none.
        automatic: the provider that thinks when none is named.
    """
    yield _python()
    yield from _packages()
    yield _sqlite()
    yield _disk(folder)
    yield _git()
    yield from _providers(keys, automatic)


def _python() -> Check:
    found = f"{platform.python_implementation()} {platform.python_version()} at {sys.executable}"
    if sys.version_info < OLDEST_PYTHON:
        return Check(name="python", state="wrong", found=found, hint="axagents needs Python 3.11 or newer")
    return Check(name="python", state="ok", found=f"{found}; axagents {__version__}")


def _packages() -> Iterator[Check]:
    """Hold what axagents requires against what is installed; an extra that is absent is no fault."""
    try:
        needed = [Requirement(line) for line in requires("axagents") or []]
    except PackageNotFoundError:
        yield Check(name="packages", state="wrong", found="axagents is not installed", hint="pip install -e .")
        return
    wanted = [each for each in needed if each.marker is None or each.marker.evaluate({"extra": ""})]
    wrong = [problem for each in wanted if (problem := _mismatch(each))]
    hint = "pip install -c requirements.lock -e ." if wrong else None
    told = "; ".join(wrong) or f"all {len(wanted)} are installed in versions that fit"
    yield Check(name="packages", state="wrong" if wrong else "ok", found=told, hint=hint)
    if _installed("xgboost") and _installed("xgboost-cpu"):
        hint = "pip uninstall xgboost xgboost-cpu && pip install -c requirements.lock xgboost-cpu"
        yield Check(name="xgboost", state="wrong", found="xgboost and xgboost-cpu overwrite each other", hint=hint)


def _mismatch(requirement: Requirement) -> str | None:
    found = _installed(requirement.name)
    if found is None:
        return f"{requirement.name} is missing"
    fits = requirement.specifier.contains(found, prereleases=True)
    return None if fits else f"{requirement.name} is {found}, wanted {requirement.specifier}"


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _sqlite() -> Check:
    with sqlite3.connect(":memory:") as connection:
        options = {row[0] for row in connection.execute("PRAGMA compile_options")}
    connection.close()
    missing = [] if "ENABLE_FTS5" in options else ["full-text search (FTS5)"]
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        missing.append("version 3.35 or newer")
    if missing:
        found = f"SQLite {sqlite3.sqlite_version} lacks {' and '.join(missing)}"
        return Check(name="sqlite", state="wrong", found=found, hint="use a Python built with a newer SQLite")
    return Check(name="sqlite", state="ok", found=f"SQLite {sqlite3.sqlite_version} with full-text search")


def _disk(folder: Path) -> Check:
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    free = shutil.disk_usage(existing).free
    found = f"{free / 1e9:.1f} GB free at {existing}"
    if free < LEAST_DISK:
        return Check(name="disk", state="wrong", found=found, hint="ax gc --dry-run")
    return Check(name="disk", state="note" if free < LITTLE_DISK else "ok", found=found)


def _git() -> Check:
    place = shutil.which("git")
    if place is None:
        return Check(name="git", state="note", found="no git: runs record no commit", hint="install git")
    return Check(name="git", state="ok", found=place)


def _providers(keys: Mapping[str, str | None], automatic: str) -> Iterator[Check]:
    """Say for which providers a key is there; never what it is."""
    for name, variable in keys.items():
        if variable is None:
            yield Check(name=f"provider {name}", state="ok", found="needs no key")
        elif os.environ.get(variable):
            yield Check(name=f"provider {name}", state="ok", found=f"{variable} is set")
        else:
            yield Check(name=f"provider {name}", state="note", found=f"{variable} is not set: not used")
    yield Check(name="provider offline", state="ok", found="embedded, needs nothing")
    yield Check(name="provider auto", state="ok", found=f"{automatic} thinks where no provider is named")
