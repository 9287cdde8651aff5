"""A hundred windowed features of ten million events and 500,000 entities, beside hand-written SQL.

Both run in a process of their own on DuckDB under a memory limit of 1 GB, which covers what the engine holds, from the
same Parquet file, each entity as of its own moment. Ours is a specification, compiled as the workflow does;
the peer is what somebody who knows the schema would type.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from axagents.ml.features.compiling import DAY, compile_features
from axagents.ml.features.spec import FeatureSpec
from evals.benchmarks.row import Row, beside

EVENTS, ENTITIES = 10_000_000, 500_000
MOST_TIMES, LIMIT_MB = 1.3, 1_000
WINDOWS = (7, 14, 30, 60, 90, 120, 180, 270, 365, None)
_PLAIN = ("sum", "mean", "min", "max")
_WORK = """
import json, resource, sys, time
from evals.benchmarks.features import run
run(sys.argv[1], sys.argv[2])
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"cpu_s": used.ru_utime + used.ru_stime, "rss_mb": used.ru_maxrss / 1024}))
"""


def make_events(folder: Path, *, events: int, entities: int) -> None:
    """Write the events and the spine."""
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT CAST(hash(i) % {entities} AS BIGINT) AS customer_id, TIMESTAMP '2024-01-01'"
            " + to_seconds(CAST(hash(i + 1) % 63072000 AS BIGINT)) AS happened,"
            " round(exp(3 + (hash(i + 2) % 1000) / 500.0), 2) AS amount, CAST(hash(i + 3) % 5 AS INTEGER) AS quantity"
            f" FROM range({events}) q(i)) TO '{folder}/events.parquet' (FORMAT PARQUET)"
        )
        connection.execute(
            "COPY (SELECT k AS \"row\", k AS entity, CAST(epoch_us(TIMESTAMP '2025-06-01') + (hash(k) % 200)"
            f" * {DAY} AS BIGINT) AS as_of FROM range({entities}) q(k)) TO '{folder}/spine.parquet' (FORMAT PARQUET)"
        )


def specification() -> FeatureSpec:
    """A hundred features: ten of each of ten windows."""
    features: list[dict[str, Any]] = []
    for days in WINDOWS:
        window = None if days is None else f"{days}d"
        features.append({"name": f"count_{window}", "function": "count", "window": window})
        features.append({"name": f"amount_std_{window}", "function": "std", "column": "amount", "window": window})
        for column in ("amount", "quantity"):
            features += [
                {"name": f"{column}_{each}_{window}", "function": each, "column": column, "window": window}
                for each in _PLAIN
            ]
    return FeatureSpec.model_validate({"dataset": "d", "entity": "e", "time": "t", "features": features})


def hand_written(folder: str) -> str:
    """The same hundred features as somebody would type them."""
    columns: list[str] = []
    for days in WINDOWS:
        only = "" if days is None else f" FILTER (age <= {days * DAY})"
        columns.append(f"count(*){only} AS count_{days}")
        columns.append(f"stddev_samp(amount){only} AS amount_std_{days}")
        for column in ("amount", "quantity"):
            for each in _PLAIN:
                value = f"{each}(CAST({column} AS DOUBLE)){only}"
                value = f"coalesce({value}, 0)" if each == "sum" else value
                columns.append(f"{value} AS {column}_{each}_{days}")
    return (
        f'SELECT s."row", f.* FROM \'{folder}/spine.parquet\' s LEFT JOIN (SELECT "row" AS r, {", ".join(columns)}'
        f' FROM (SELECT s."row", s.as_of - epoch_us(e.happened) AS age, e.amount, e.quantity'
        f" FROM '{folder}/spine.parquet' s JOIN '{folder}/events.parquet' e"
        ' ON s.entity = e.customer_id AND epoch_us(e.happened) < s.as_of) GROUP BY "row") f ON s."row" = f.r'
    )


def run(which: str, folder: str) -> None:
    """Compute the features in this process, ours or the peer's, and write them."""
    with duckdb.connect() as connection:
        connection.execute(f"SET memory_limit='{LIMIT_MB}MB'")
        connection.execute(f"SET temp_directory='{folder}/spilled-{which}'")
        connection.execute("SET preserve_insertion_order=false")
        connection.execute("SET enable_progress_bar=false")
        query = hand_written(folder)
        if which == "ours":
            connection.execute(
                "CREATE VIEW events AS SELECT customer_id AS entity, epoch_us(happened) AS t, epoch_us(happened) AS"
                " known, CAST(amount AS DOUBLE) AS v0, CAST(quantity AS DOUBLE) AS v1"
                f" FROM '{folder}/events.parquet'"
            )
            connection.execute(f"CREATE VIEW spine AS SELECT * FROM '{folder}/spine.parquet'")
            query = compile_features(specification(), entity="int64", dialect="duckdb")
        connection.execute(f"COPY ({query}) TO '{folder}/{which}.parquet' (FORMAT PARQUET)")


def measure(*, events: int = EVENTS, entities: int = ENTITIES) -> list[Row]:
    """Compute both, in turn, and compare the sums of what they gave."""
    with tempfile.TemporaryDirectory(prefix="ax-features-") as name:
        make_events(Path(name), events=events, entities=entities)
        used = {which: _measured(which, name) for which in ("hand", "ours")}
        totals = [_total(f"{name}/{which}.parquet", column) for which, column in _SAME]
    if abs(totals[0] - totals[1]) > 1e-9 * abs(totals[0]):
        raise RuntimeError(f"the two gave different sums, {totals}; nothing was measured")
    ours, hand = used["ours"], used["hand"]
    return [
        beside("100 windowed features", "CPU s", ours=ours["cpu_s"], peer=hand["cpu_s"], most=MOST_TIMES),
        Row("peak of the whole process, DuckDB held to 1 GB", "MB", ours["rss_mb"], hand["rss_mb"], "", None),
    ]


_SAME = (("hand", "amount_sum_90"), ("ours", "amount_sum_90d"))


def _measured(which: str, folder: str) -> dict[str, float]:
    command = [sys.executable, "-c", _WORK, which, folder]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def _total(path: str, column: str) -> float:
    with duckdb.connect() as connection:
        return float(connection.execute(f"SELECT sum({column}) FROM '{path}'").fetchall()[0][0])
