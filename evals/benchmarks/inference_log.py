"""The inference log under load: a writer of 2,000 rows a second beside folds, and a million rows read."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from axagents.clock import utc_now
from axagents.project import Project, create_project
from axagents.stores.inference import Record, SegmentWriter, predictions_log
from axagents.stores.inference.delta import append_rows
from axagents.stores.inference.fold import fold_project
from axagents.stores.inference.lines import assemble
from axagents.stores.inference.reading import read_window
from axagents.stores.inference.shape import FEATURE, SHAPES, physical
from evals.benchmarks.row import Row, at_least, at_most

RATE = 2_000
SECONDS = float(os.environ.get("AX_BENCH_LOG_SECONDS", "60"))
COLUMNS = 30
WINDOW_ROWS = 1_000_000
COMMITS = 20
BATCH = 10
"""Rows that a turn of the loop appends, one call each, before it looks at the clock."""


def measure() -> list[Row]:
    """Measure both in fresh projects; seconds on the wall, shares of one core."""
    with tempfile.TemporaryDirectory(prefix="ax-log-") as folder:
        written = _write(create_project(Path(folder) / "written"))
        return [*written, *_read(create_project(Path(folder) / "read"))]


def _write(project: Project) -> list[Row]:
    rows = round(RATE * SECONDS)
    writer = SegmentWriter(predictions_log(project, "bench").segments, max_bytes=4 << 20)
    times: list[float] = []
    with _synced(writer), _folded(project):
        began, spent = time.perf_counter(), time.process_time()
        for start in range(0, rows, BATCH):
            for number in range(start, start + BATCH):
                before = time.perf_counter()
                writer.append([_record(number)])
                times.append(time.perf_counter() - before)
            time.sleep(max(0.0, began + start / RATE - time.perf_counter()))
        took, spent = time.perf_counter() - began, time.process_time() - spent
    writer.close()
    kept, distinct = _kept(project)
    list(fold_project(project))
    if _kept(project) != (kept, distinct):
        raise RuntimeError("folding changed what is read")
    return [
        at_least("inference log: written in a second beside folds", "rows/s", ours=rows / took, limit=RATE * 0.99),
        at_most("rows lost or doubled of them", "rows", ours=abs(rows - kept) + abs(kept - distinct), limit=0),
        at_most("one append, median", "ms", ours=1000 * float(np.median(times)), limit=0.1),
        Row("one append, 99th percentile", "ms", round(1000 * float(np.quantile(times, 0.99)), 3), None, "", None),
        Row("CPU of the writer, of one core", "%", round(100 * spent / took, 1), None, "", None),
    ]  # fmt: skip


def _record(number: int) -> Record:
    columns = {f"column_{place}": number * 0.001 + place if place % 3 else number % 97 for place in range(COLUMNS)}
    return Record(
        time=time.time_ns() // 1000, request=f"{number:032x}", row=0, deployment="bench", variant="stable",
        role="stable", model="bench", version="1.0.0", unit=f"{number % 5000:032x}", latency_ms=1.25, status=200,
        columns=columns, prediction=number % 2, probability=0.25,
    )  # fmt: skip


@contextmanager
def _synced(writer: SegmentWriter) -> Iterator[None]:
    stop = threading.Event()

    def sync() -> None:
        while not stop.wait(1):
            writer.sync()

    thread = threading.Thread(target=sync)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def _folded(project: Project) -> Iterator[None]:
    """Fold in processes of their own, far more often than every five minutes."""
    stop = threading.Event()
    command = [sys.executable, "-m", "axagents.stores.inference.fold", "--project", str(project.root)]

    def work() -> None:
        while not stop.wait(10):
            subprocess.run(command, stdout=subprocess.DEVNULL, check=True)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _kept(project: Project) -> tuple[int, int]:
    now = utc_now()
    found = read_window(project, "bench", since=now - timedelta(days=1), until=now + timedelta(days=1), columns=[])
    return found.rows.num_rows, len(set(found.rows["request"].to_pylist()))


def _read(project: Project) -> list[Row]:
    place, now = predictions_log(project, "bench"), utc_now()
    each = WINDOW_ROWS // COMMITS
    for number in range(COMMITS):
        append_rows(place, _table(each, start=number * each, now=now), folded={})
    writer = SegmentWriter(place.segments)
    writer.append(_record(number) for number in range(10_000))
    writer.sync()
    times: list[float] = []
    for _ in range(3):
        began = time.perf_counter()
        found = read_window(project, "bench", since=now - timedelta(days=2), until=now + timedelta(hours=1))
        times.append(time.perf_counter() - began)
        if found.rows.num_rows != WINDOW_ROWS + 10_000 or len(found.features().column_names) != COLUMNS:
            raise RuntimeError(f"{found.rows.num_rows} rows were read")
    writer.close()
    return [at_most("a window of a million rows, the last not folded", "s", ours=min(times), limit=2)]


def _table(rows: int, *, start: int, now: Any) -> pa.Table:
    made = np.random.default_rng(start)
    first = round((now - timedelta(days=1)).timestamp() * 1e6)
    columns: dict[str, pa.Array] = {
        "time": pa.array(first + (start + np.arange(rows)) * 1000),
        "request": pa.array([f"{start + number:032x}" for number in range(rows)]),
        "unit": pa.array([f"{number:032x}" for number in made.integers(0, 50_000, rows)]),
        "row": pa.array(np.zeros(rows, np.int64)),
        "latency_ms": pa.array(made.random(rows)),
        "status": pa.array(np.full(rows, 200)),
        "mirrored": pa.array([False] * rows),
        "prediction_i": pa.array(made.integers(0, 2, rows)),
        "probability_n": pa.array(made.random(rows)),
    }
    columns |= {name: pa.array(["bench"] * rows) for name in ("deployment", "variant", "role", "model", "version")}
    for place in range(COLUMNS):
        whole = place % 3 == 0
        name = physical(f"{FEATURE}column_{place}", "i" if whole else "n")
        columns[name] = pa.array(made.integers(0, 97, rows) if whole else made.random(rows))
    return assemble({name: pa.chunked_array([values]) for name, values in columns.items()}, rows, SHAPES["predictions"])
