"""Spark as an engine of features: what it needs, and a compiled query run on it."""

import os
import re
import shutil
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb

from axagents.errors import Failed, UserError
from axagents.ml.columns.sql import quote_text

OLDEST_JAVA = 17
_EXCHANGE = "spark"


def check_spark() -> None:
    """Raise UserError, with what to install, when PySpark or a Java that it runs on is not here."""
    if find_spec("pyspark") is None:
        raise _missing("PySpark is not installed", "pip install 'axagents[spark]'")
    told = _java_version()
    if told is None:
        raise _missing("there is no Java", _JAVA)
    found = re.search(r'version "(\d+)', told)
    if found is None or int(found.group(1)) < OLDEST_JAVA:
        shown = told.splitlines()[0].strip() if told.strip() else "one that does not tell its version"
        raise _missing(f"Java is too old ({shown})", _JAVA)


_JAVA = f"install a Java {OLDEST_JAVA} runtime (openjdk-{OLDEST_JAVA}-jre-headless), or set JAVA_HOME"


def _missing(what: str, hint: str) -> UserError:
    return UserError(
        f"engine: spark needs PySpark and Java {OLDEST_JAVA} or newer, and {what}",
        field="engine",
        hint=f"{hint}; or leave it to DuckDB: engine: duckdb",
    )


def _java_version() -> str | None:
    """Return what the Java that Spark would start says of itself; None where there is none."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which(str(Path(home) / "bin/java") if home else "java")
    if java is None:
        return None
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stderr + done.stdout


@contextmanager
def run_on_spark(
    connection: duckdb.DuckDBPyConnection, query: str, *, views: Sequence[str], folder: Path
) -> Generator[str]:
    """Run a query on Spark over views of a DuckDB connection, and give the SQL that reads what it made.

    The views are read as DuckDB reads them, written as Parquet into `folder`, which Spark's workers must see, and
    taken away at the end with the result. Which cluster it is says Spark's own configuration; this machine by default.

    Raises:
        UserError: PySpark or Java is missing.
        Failed: Spark could not run the query; with what it said.
    """
    check_spark()
    exchange = folder / _EXCHANGE
    shutil.rmtree(exchange, ignore_errors=True)
    exchange.mkdir(parents=True)
    try:
        for view in views:
            file = quote_text(str(exchange / f"{view}.parquet"))
            connection.execute(f"COPY (SELECT * FROM {view}) TO {file} (FORMAT PARQUET)")
        made = exchange / "features"
        _run(query, {view: exchange / f"{view}.parquet" for view in views}, made=made)
        yield f"read_parquet({quote_text(str(made / '*.parquet'))})"
    finally:
        shutil.rmtree(exchange, ignore_errors=True)


def _run(query: str, files: dict[str, Path], *, made: Path) -> None:
    spark: Any = import_module("pyspark.sql")
    errors: Any = import_module("pyspark.errors")
    builder = spark.SparkSession.builder.appName("axagents features")
    for name in ("spark.ui.enabled", "spark.ui.showConsoleProgress"):
        builder = builder.config(name, "false")
    try:
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        for view, file in files.items():
            session.read.parquet(file.as_uri()).createOrReplaceTempView(view)
        session.sql(query).write.parquet(made.as_uri())
    except errors.PySparkException as error:
        told = " ".join(str(error).split())[:300]
        raise Failed(f"Spark could not compute the features: {told}", hint="or engine: duckdb") from error
