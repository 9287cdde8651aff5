"""Datasets that lie elsewhere: URLs, databases, and passwords that are never kept."""

import sqlite3
from pathlib import Path

import duckdb
import pytest

from axagents.errors import Failed, UserError
from axagents.project import Project
from axagents.stores.datasets import fetching
from axagents.stores.datasets.catalog import add_dataset, find_dataset
from axagents.stores.datasets.fetching import find_source, refuse_secrets
from axagents.stores.datasets.loading import load_frame
from axagents.stores.datasets.record import Declarations

TEXT = "id,churn\n" + "".join(f"{i},{'Yes' if i % 3 else 'No'}\n" for i in range(30))


@pytest.mark.parametrize(
    ("place", "source"),
    [
        *(("a.csv", "file"), ("/x/a.csv", "file"), ("s3://bucket/a.csv", "url"), ("https://example.org/a.csv", "url")),
        *(("duckdb://a.db#t", "sql"), ("postgres://u@h/db#t", "sql")),
    ],
)
def test_sources(place: str, source: str) -> None:
    assert find_source(place) == source


@pytest.mark.parametrize("place", ["postgres://u:hunter2@h/db#t", "https://example.org/a.csv?token=hunter2"])
def test_passwords_are_refused(project: Project, place: str) -> None:
    with pytest.raises(UserError, match="the address holds a password") as caught:
        add_dataset(project, "x", place)
    assert "hunter2" not in caught.value.message + (caught.value.hint or "")


def test_variables_stand_for_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_secrets("postgres://u:${PGPASSWORD}@h/db#t")
    monkeypatch.delenv("AX_NO_SUCH", raising=False)
    with pytest.raises(UserError, match="the environment variable AX_NO_SUCH"):
        fetching.fetch("s3://${AX_NO_SUCH}/a.csv", Path())


def test_a_url(project: Project, tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    path = tmp_path / "far.csv"
    path.write_text(TEXT)
    added = add_dataset(project, "far", f"file://{path}", declared=Declarations(target="churn")).dataset
    assert (added.source, added.rows, added.target_choice and added.target_choice.positive) == ("url", 30, "Yes")
    assert len(load_frame(project, "far").frame) == 30
    path.write_text(TEXT.replace("0,No", "0,Yes", 1))
    with pytest.raises(UserError, match="changed since it was added"):
        load_frame(project, "far")
    path.unlink()
    with pytest.raises(UserError, match="nothing is at file://"):
        load_frame(project, "far")


def test_a_table_of_a_database(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "far.db"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE customers AS SELECT i AS id, i % 3 = 0 AS churn FROM range(90) t(i)")
    place = f"duckdb://{path}#customers"
    added = add_dataset(project, "far", place, declared=Declarations(target="churn")).dataset
    assert (added.source, added.rows, added.column("churn").kind) == ("sql", 90, "boolean")
    assert len(load_frame(project, "far").frame) == 90
    assert add_dataset(project, "some", f"duckdb://{path}#SELECT * FROM customers WHERE id < 50").dataset.rows == 50
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE customers SET churn = true WHERE id = 1")
    with pytest.raises(UserError, match="changed since it was added"):
        load_frame(project, "far")
    with pytest.raises(UserError, match="cannot read duckdb"):
        add_dataset(project, "other", f"duckdb://{path}#no_such_table")
    with pytest.raises(UserError, match="names a database and no table"):
        add_dataset(project, "other", f"duckdb://{path}")


def test_a_database_through_ibis(project: Project, tmp_path: Path) -> None:
    pytest.importorskip("ibis.backends.sqlite")
    path = tmp_path / "far.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE customers (id INTEGER, plan TEXT)")
        connection.executemany("INSERT INTO customers VALUES (?, ?)", [(i, "ab"[i % 2]) for i in range(40)])
    added = add_dataset(project, "far", f"sqlite://{path}#customers").dataset
    assert (added.source, added.rows, added.column("plan").distinct) == ("sql", 40, 2)
    assert add_dataset(project, "some", f"sqlite://{path}#select id from customers where id < 7").dataset.rows == 7
    for wanted in ("no_such_table", "select nothing from nowhere"):
        with pytest.raises(UserError, match="cannot read sqlite"):
            add_dataset(project, "other", f"sqlite://{path}#{wanted}")


@pytest.mark.parametrize(("place", "missing"), [("s3://b/a.csv", "fsspec"), ("postgres://u@h/d#t", "ibis")])
def test_what_is_not_installed_is_told(
    project: Project, monkeypatch: pytest.MonkeyPatch, place: str, missing: str
) -> None:
    def refuse(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(fetching, "import_module", refuse)
    with pytest.raises(UserError, match=f"{missing} is not installed") as caught:
        find_dataset(project, place, allow_paths=True)
    assert caught.value.hint == "pip install 'axagents[remote-data]'"


def test_an_sqlite_file_is_named_as_one(project: Project) -> None:
    with sqlite3.connect(project.root / "x.db") as connection:
        connection.execute("CREATE TABLE t (a)")
    with pytest.raises((UserError, Failed), match="an SQLite database; name it as sqlite://"):
        add_dataset(project, "x", "x.db")
