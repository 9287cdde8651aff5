"""Spark gives what DuckDB gives, for every operation and in every corner, and says what it needs where it is not."""

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from axagents.errors import Failed, UserError
from axagents.ml.features.compiling import DAY, compile_features
from axagents.ml.features.computing import GIVEN, compute_frame, lay_out_spine
from axagents.ml.features.operations import OPERATIONS
from axagents.ml.features.spec import FeatureSpec
from axagents.project import Project
from axagents.stores.datasets.catalog import add_dataset
from axagents.stores.datasets.record import Declarations
from axagents.stores.features import spark
from axagents.stores.features.spark import check_spark, run_on_spark
from axagents.workflows.engine import run_workflow
from tests.ml.features.test_computing import SPEC, draw_events, draw_spine

# Two threads that work; and a zone of times, and few partitions, that change nothing.
CONFIGURATION = """
spark.master {master}
spark.driver.bindAddress 127.0.0.1
spark.driver.host 127.0.0.1
spark.driver.memory 1g
spark.sql.session.timeZone America/New_York
spark.sql.shuffle.partitions 4
"""
CONDITIONS: list[dict[str, Any]] = [
    *({"column": "x", "is": each, "value": 4.5} for each in ("==", "!=", "<", "<=", ">", ">=")),
    {"column": "kind", "is": "in", "value": ["book", "ärger"]},
    {"column": "x", "is": "in", "value": [1.1, 4.5]},
    {"column": "x", "is": "missing"},
    {"column": "kind", "is": "present"},
]
FILTERED = [
    {"name": f"only_{place}", "function": "sum", "column": "x", "filter": [each]}
    for place, each in enumerate(CONDITIONS)
]
EVERYTHING = FeatureSpec.model_validate(
    SPEC.model_dump(by_alias=True)
    | {
        "features": [
            *(each.model_dump(by_alias=True) for each in SPEC.features),
            *FILTERED,
            {"name": "first_kind", "function": "first", "column": "kind", "dtype": "string"},
            {"name": "stated", "function": "mean", "column": "x", "window": "1h", "empty": 0.1},
            {"name": "two_hours", "function": "trend", "column": "x", "window": "2h", "empty": -1},
            {"name": "money", "function": "value", "column": "money"},
            {"name": "plan", "function": "value", "column": "plan", "dtype": "string"},
        ]
    }
)
TEXTS = frozenset({"kind", "plan"})


def configure(folder: Path, monkeypatch: pytest.MonkeyPatch, *, master: str) -> None:
    (folder / "spark-defaults.conf").write_text(CONFIGURATION.format(master=master))
    monkeypatch.setenv("SPARK_CONF_DIR", str(folder))
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Spark on this machine with two workers; the test is skipped where there is none."""
    try:
        check_spark()
    except UserError as error:
        pytest.skip(f"{error} ({error.hint})")
    with pytest.MonkeyPatch.context() as monkeypatch:
        configure(tmp_path_factory.mktemp("conf"), monkeypatch, master="local[2]")
        yield
        session = import_module("pyspark.sql").SparkSession.getActiveSession()
        if session is not None:
            session.stop()


def corners() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Events and spine: ties, late events, empty windows, no events, missing values, before 1970, many texts."""
    day = 100 * DAY
    rows: list[tuple[str, int, int, str | None, float | None]] = [
        *(("tie", day, day, kind, x) for kind, x in (("b", 2.0), ("a", 3.0), ("Z", 1.0), ("ä", 3.0), (None, None))),
        *(("late", day - hour * 3_600_000_000, day + hour * DAY, "book", 1.0 * hour) for hour in range(1, 6)),
        *(("old", -number * DAY - 1, -number * DAY - 1, "ärger", 0.1 * number) for number in range(1, 12)),
        *(("gaps", day - number * DAY, day - number * DAY, None, None) for number in range(3)),
        ("one", day - 1, day - 1, "it's", 4.5),
        ("edge", day - 30 * DAY, day - 30 * DAY, "book", 4.5),
        ("edge", day - 30 * DAY - 1, day - 30 * DAY - 1, "book", 1.1),
        ("future", day + DAY, day + DAY, "book", 7.0),
    ]
    events = pd.DataFrame(rows, columns=["entity", "t", "known", "kind", "x"])
    names = ["tie", "late", "old", "gaps", "one", "edge", "future", "nobody"]
    moments = [day, day + 1, day + 3 * DAY, day + 40 * DAY, 5]
    spine = pd.DataFrame([(name, moment) for name in names for moment in moments], columns=["entity", "as_of"])
    return events, spine


def lay_out(connection: duckdb.DuckDBPyConnection, events: pd.DataFrame, spine: pd.DataFrame) -> None:
    connection.register("given", events)
    connection.execute(
        "CREATE TEMP TABLE events AS SELECT CAST(entity AS VARCHAR) AS entity, CAST(t AS BIGINT) AS t,"
        " CAST(known AS BIGINT) AS known, CAST(kind AS VARCHAR) AS v0, CAST(x AS DOUBLE) AS v1 FROM given"
    )
    numbered = spine.assign(row=range(len(spine)))
    numbered[GIVEN + "money"] = np.where(numbered["row"] % 3 == 0, np.nan, numbered["row"] * 0.1)
    numbered[GIVEN + "plan"] = np.where(numbered["row"] % 4 == 0, None, "plän")
    lay_out_spine(connection, EVERYTHING, numbered, entity="string")


def compare(duck: pd.DataFrame, sparked: pd.DataFrame) -> None:
    assert len(duck) == len(sparked)
    for each in EVERYTHING.features:
        ours, theirs = duck[each.name], sparked[each.name]
        if each.dtype == "string":
            assert ours.fillna("(none)").tolist() == theirs.fillna("(none)").tolist(), each.name
            continue
        assert str(theirs.dtype) == "float64", each.name
        exact = each.function in ("count", "distinct", "active_days", "min", "max", "first", "last", "value")
        one, other = ours.to_numpy(), theirs.to_numpy()
        assert np.array_equal(np.isnan(one), np.isnan(other)), each.name
        np.testing.assert_allclose(one, other, rtol=0 if exact else 1e-9, atol=0 if exact else 1e-12, err_msg=each.name)


def both(folder: Path, events: pd.DataFrame, spine: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    query = compile_features(EVERYTHING, texts=TEXTS, dialect="pyspark")
    with duckdb.connect() as connection:
        lay_out(connection, events, spine)
        duck = compute_frame(connection, EVERYTHING, texts=TEXTS, entity="string")
        with run_on_spark(connection, query, views=("spine", "events"), folder=folder) as made:
            sparked = connection.sql(f"SELECT * FROM {made} ORDER BY row").df()
    assert list(folder.iterdir()) == []
    return duck, sparked


def test_every_operation_is_compared() -> None:
    assert {each.function for each in EVERYTHING.features} == set(OPERATIONS)


@pytest.mark.spark
@pytest.mark.usefixtures("two_workers")
def test_in_every_corner(tmp_path: Path) -> None:
    duck, sparked = both(tmp_path, *corners())
    compare(duck, sparked)
    alone = duck[duck["row"] == duck["row"].max()].iloc[0]
    assert (alone["count_all"], alone["stated"], alone["two_hours"]) == (0.0, 0.1, -1.0)
    tied = duck.iloc[1]  # of five events at once the last is the largest, the first the smallest
    assert (tied["x_first_all"], tied["x_last_all"], tied["last_kind"], tied["first_kind"]) == (1.0, 3.0, "ä", "Z")


CHILD = """
import sys
from pathlib import Path
from tests.stores.features.test_spark import both, compare, corners
compare(*both(Path(sys.argv[1]), *corners()))
from pyspark.sql import SparkSession
session = SparkSession.getActiveSession()
print(session.sparkContext._jsc.sc().getExecutorMemoryStatus().size())
session.stop()
"""


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.usefixtures("two_workers")
def test_on_two_workers_in_processes_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("conf", "work"):
        (tmp_path / name).mkdir()
    configure(tmp_path / "conf", monkeypatch, master="local-cluster[2,1,1024]")
    # Else its workers look for the folders of a build of Spark.
    monkeypatch.setenv("SPARK_HOME", str(Path(str(import_module("pyspark").__file__)).parent))
    monkeypatch.setenv("SPARK_SCALA_VERSION", "2.13")
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path / "work")],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split()[-1] == "3"  # the driver and both workers


@pytest.mark.spark
@pytest.mark.usefixtures("two_workers")
def test_many_events_at_random(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    events, spine = draw_events(rng, 6_000, entities=40), draw_spine(rng)
    compare(*both(tmp_path, events, spine))


@pytest.mark.spark
@pytest.mark.usefixtures("two_workers")
def test_the_workflow_stores_the_same_table(tracked: Project) -> None:
    """Times with zones, and values that are no numbers (NaN, infinite) beside missing ones, read from a file."""
    place = str(tracked.root / "buys.parquet")
    duckdb.sql("SET TimeZone='UTC'")
    duckdb.sql(
        "COPY (SELECT 'c' || (i % 60) AS who,"
        " TIMESTAMPTZ '2025-01-01 00:00:00+02' + to_seconds(i * 22247 % 20000000) AS at,"
        " CASE i % 11 WHEN 0 THEN 'nan'::DOUBLE WHEN 1 THEN 'inf'::DOUBLE WHEN 2 THEN NULL ELSE i % 97 * 0.1 END AS x,"
        f" CASE i % 3 WHEN 0 THEN 'web' WHEN 1 THEN 'shop' END AS kind FROM range(900) t(i)"
        f" WHERE i % 60 < 30 OR i * 22247 % 20000000 < 16000000) TO '{place}'"
    )
    declared = Declarations(entity="who", time="at", target="left", cutoff="2025-07-15", label_window="20d")
    add_dataset(tracked, "buys", place, declared=declared)
    features = [
        {"name": "n", "function": "count"},
        {"name": "known", "function": "count", "column": "x"},
        {"name": "spent", "function": "sum", "column": "x", "window": "90d"},
        {"name": "mean", "function": "mean", "column": "x"},
        {"name": "seen", "function": "recency"},
        {"name": "last", "function": "last", "column": "kind", "dtype": "string"},
        {"name": "per", "function": "ratio", "of": ["spent", "n"]},
    ]
    tables: list[pd.DataFrame] = []
    for engine in ("spark", "duckdb"):
        request = {"dataset": "buys", "target": "left", "features": features, "engine": engine}
        done = run_workflow(tracked, "ml-feature-engineering", {**request, "feature_set": engine})
        tables.append(pd.read_parquet(tracked.root / done.result["table"]))
    pd.testing.assert_frame_equal(*tables, rtol=1e-9)
    # By counting: of each eleven values of x eight are numbers.
    assert tables[0]["known"].sum() < tables[0]["n"].sum()
    assert np.isfinite(tables[0]["spent"]).all()


def test_by_one_setting(project: Project, monkeypatch: pytest.MonkeyPatch, ax: Any) -> None:
    (project.root / "buys.csv").write_text("who,at,x\na,2025-01-01,1\nb,2025-01-02,2\na,2025-03-01,1\n")
    declared = Declarations(entity="who", time="at", target="left", cutoff="2025-02-01", label_window="30d")
    add_dataset(project, "buys", str(project.root / "buys.csv"), declared=declared)
    (project.root / "ax.toml").write_text('[features]\nengine = "spark"\n')
    (project.root / "java").write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n")
    (project.root / "java").chmod(0o755)
    path = f"{project.root}{os.pathsep}{os.environ['PATH']}"
    run = ("run", "ml-feature-engineering", "--input", '{"dataset": "buys", "target": "left"}')
    done = ax(*run, env={"PATH": path, "JAVA_HOME": ""})
    assert done.exit_code == 2
    assert "Java is too old" in done.stderr or "PySpark is not installed" in done.stderr
    assert not (project.state / "features").exists()
    assert not list(project.runs_path.iterdir()) if project.runs_path.exists() else True


@pytest.mark.parametrize(
    ("version", "told", "hint"),
    [
        ('openjdk version "11.0.2" 2019-01-15', r'Java is too old \(openjdk version "11.0.2"', "Java 17 runtime"),
        ('java version "1.8.0_301"', "Java is too old", "JAVA_HOME"),
        ("no idea", "Java is too old", "JAVA_HOME"),
        (None, "there is no Java", "openjdk-17-jre-headless"),
    ],
)
def test_what_is_missing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str | None, told: str, hint: str
) -> None:
    monkeypatch.setattr(spark, "find_spec", lambda _name: object())
    (tmp_path / "bin").mkdir()
    if version is not None:
        java = tmp_path / "bin/java"
        java.write_text(f"#!/bin/sh\necho '{version}' >&2\n")
        java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(UserError, match=told) as caught:
        check_spark()
    assert hint in str(caught.value.hint)
    assert caught.value.exit_code == 2


def test_without_pyspark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark, "find_spec", lambda _name: None)
    with pytest.raises(UserError, match="PySpark is not installed") as caught:
        check_spark()
    assert "pip install 'axagents[spark]'" in str(caught.value.hint)


@pytest.mark.spark
@pytest.mark.usefixtures("two_workers")
def test_what_spark_refuses_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE spine AS SELECT 1 AS row")
        with (
            pytest.raises(Failed, match=r"Spark could not compute the features: .*nowhere") as caught,
            run_on_spark(connection, "SELECT nowhere FROM spine", views=("spine",), folder=tmp_path),
        ):
            pass
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
