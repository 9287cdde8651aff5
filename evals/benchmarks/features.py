"""A hundred windowed features of ten million events and 500,000 entities beside hand-written SQL, and featuretools.

Ours is a specification, compiled, computed and written as the workflow does, and its whole process stays below 1 GB.
The peer is what somebody who knows the schema would type, for a DuckDB that may hold 1 GB itself. Both read the same
Parquet files, each entity as of its own moment, in a process of their own. featuretools makes the same hundred
features of a million events and 50,000 entities, by one call for each of the ten windows. As it goes through the
moments one by one, its time at 50,000 moments is extrapolated from a hundred; the time with all of them rounded down
to a day, 200 in all, is measured whole and shown beside it.
"""

import json
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from axagents.ml.features.compiling import DAY, SECOND, compile_features
from axagents.ml.features.parts import MEMORY_LIMIT, write_rows
from axagents.ml.features.spec import FeatureSpec
from evals.benchmarks.row import Row, at_most, beside

EVENTS, ENTITIES = 10_000_000, 500_000
FEWER_EVENTS, FEWER_ENTITIES = 1_000_000, 50_000
SOME_MOMENTS = 100
MOST_TIMES, LIMIT_MB, LEAST_TIMES = 1.3, 1_000, 20
WINDOWS = (7, 14, 30, 60, 90, 120, 180, 270, 365, None)
_PLAIN = ("sum", "mean", "min", "max")
_WORK = """
import json, resource, sys, time
from evals.benchmarks.features import run
inner = run(sys.argv[1], sys.argv[2])
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"cpu_s": used.ru_utime + used.ru_stime, "rss_mb": used.ru_maxrss / 1024, "inner": inner}))
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
        seconds = 200 * DAY // SECOND
        as_of = f"epoch_us(TIMESTAMP '2025-06-01') + CAST(hash(k) % {seconds} AS BIGINT) * {SECOND}"
        connection.execute(
            f'COPY (SELECT k AS "row", k AS entity, {as_of} AS as_of FROM range({entities}) q(k))'
            f" TO '{folder}/spine.parquet' (FORMAT PARQUET)"
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


def run(which: str, folder: str) -> float | None:
    """Compute and write the features in this process; for featuretools return the CPU seconds of its calls."""
    if which == "ours":
        return _run_ours(folder)
    if which == "hand":
        return _run_hand_written(folder)
    return _run_featuretools(folder, in_days=which == "days")


def _run_ours(folder: str) -> None:
    with _connected(folder, limit=MEMORY_LIMIT) as connection:
        connection.execute(
            "CREATE TEMP VIEW events AS SELECT customer_id AS entity, epoch_us(happened) AS t, epoch_us(happened) AS"
            f" known, CAST(amount AS DOUBLE) AS v0, CAST(quantity AS DOUBLE) AS v1 FROM '{folder}/events.parquet'"
        )
        connection.execute(f"CREATE TEMP TABLE spine AS SELECT * FROM '{folder}/spine.parquet'")
        (rows,) = connection.execute("SELECT count(*) FROM spine").fetchall()[0]
        spec = specification()
        query = compile_features(spec, entity="int64", dialect="duckdb")
        cells = rows * len(spec.names)
        kept = f'SELECT *, "row" AS place FROM ({query})'
        write_rows(connection, kept, Path(folder) / "ours.parquet", cells=cells, order="place")


def _run_hand_written(folder: str) -> None:
    with _connected(folder, limit=f"{LIMIT_MB}MB") as connection:
        connection.execute("SET preserve_insertion_order=false")
        connection.execute(f"COPY ({hand_written(folder)}) TO '{folder}/hand.parquet' (FORMAT PARQUET)")


@contextmanager
def _connected(folder: str, *, limit: str) -> Generator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(f"SET memory_limit='{limit}'")
        connection.execute(f"SET temp_directory='{folder}/spilled'")
        connection.execute("SET enable_progress_bar=false")
        yield connection


def _run_featuretools(folder: str, *, in_days: bool) -> float:
    featuretools: Any = import_module("featuretools")
    warnings.simplefilter("ignore")
    events, spine = (pd.read_parquet(f"{folder}/{name}.parquet") for name in ("events", "spine"))
    world = featuretools.EntitySet("events and their customers")
    customers = spine[["entity"]].rename(columns={"entity": "customer_id"})
    world.add_dataframe(dataframe=customers, dataframe_name="customers", index="customer_id")
    numbered = events.assign(event=range(len(events)))
    world.add_dataframe(dataframe=numbered, dataframe_name="events", index="event", time_index="happened")
    world.add_relationship("customers", "customer_id", "events", "customer_id")
    asked = spine.assign(as_of=spine["as_of"] // DAY * DAY) if in_days else spine.head(SOME_MOMENTS)
    moments = pd.DataFrame({"customer_id": asked["entity"], "time": pd.to_datetime(asked["as_of"], unit="us")})
    began = time.process_time()
    made = pd.concat([_one_window(featuretools, world, moments, days=days) for days in WINDOWS], axis=1)
    spent = time.process_time() - began
    made.rename_axis("row").reset_index().to_parquet(f"{folder}/{'days' if in_days else 'featuretools'}.parquet")
    return spent


def _one_window(featuretools: Any, world: Any, moments: pd.DataFrame, *, days: int | None) -> pd.DataFrame:
    found, _ = featuretools.dfs(
        entityset=world,
        target_dataframe_name="customers",
        cutoff_time=moments,
        include_cutoff_time=False,
        training_window=f"{days} days" if days else None,
        agg_primitives=["count", "std", *_PLAIN],
        primitive_options={"std": {"include_columns": {"events": ["amount"]}}},
        trans_primitives=[],
        max_depth=1,
    )
    return found.add_suffix(f" {days}")


def measure(*, events: int = EVENTS, entities: int = ENTITIES) -> list[Row]:
    """Compute all in turn, and compare the sums of what they gave."""
    name = "100 windowed features, 10 million events"
    with _events(events, entities) as folder:
        hand, ours = (_measured(which, folder) for which in ("hand", "ours"))
        _check(folder, "amount_sum_90", "hand")
    rows = [
        beside(name, "CPU s", ours=ours["cpu_s"], peer=hand["cpu_s"], most=MOST_TIMES),
        at_most(f"{name}: peak of the whole process", "MB", ours=round(ours["rss_mb"]), limit=LIMIT_MB),
        Row("the same of hand-written SQL, DuckDB held to 1 GB", "MB", round(hand["rss_mb"]), None, "", None),
    ]
    return rows + _beside_featuretools(min(events, FEWER_EVENTS), min(entities, FEWER_ENTITIES))


def _beside_featuretools(events: int, entities: int) -> list[Row]:
    with _events(events, entities) as folder:
        ours, some, days = (_measured(which, folder) for which in ("ours", "featuretools", "days"))
        _check(folder, "SUM(events.amount) 90", "featuretools")
    whole = some["cpu_s"] + some["inner"] * (entities / SOME_MOMENTS - 1)
    name = "1 million events, featuretools"
    spent = ours["cpu_s"]
    return [
        beside(f"{name} extrapolated from {SOME_MOMENTS}", "CPU s", ours=spent, peer=whole, most=1 / LEAST_TIMES),
        Row(f"{name}, moments rounded to 200 days", "CPU s", spent, days["cpu_s"], "", None),
    ]


@contextmanager
def _events(events: int, entities: int) -> Generator[str]:
    with tempfile.TemporaryDirectory(prefix="ax-features-") as folder:
        make_events(Path(folder), events=events, entities=entities)
        yield folder


def _check(folder: str, column: str, peer: str) -> None:
    """Raise RuntimeError where the peer's sum over 90 days of the rows that it has is not ours."""
    with duckdb.connect() as connection:
        found = connection.execute(
            f"SELECT sum(o.amount_sum_90d), sum(p.\"{column}\") FROM '{folder}/ours.parquet' o"
            f" JOIN '{folder}/{peer}.parquet' p USING (\"row\")"
        )
        ((one, other),) = found.fetchall()
    if not abs(one - other) <= 1e-9 * abs(one):
        raise RuntimeError(f"ours and {peer} gave different sums, {one} and {other}; nothing was measured")


def _measured(which: str, folder: str) -> dict[str, float]:
    command = [sys.executable, "-c", _WORK, which, folder]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])
