"""Peak memory and CPU of `ax data add` and `ax data profile` on a file of ten million rows and 20 columns.

Run it from a checkout: python -m evals.benchmarks.profile_memory [--rows N] [--format csv|parquet]
The file is made in a temporary folder and removed afterwards (2 GB of disk for CSV). The limit is 1 GB for the
whole process; the exit code is 1 when it is passed.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

from evals.benchmarks.row import Row, at_most

LIMIT_BYTES = 1_000_000_000
ROWS = 10_000_000

_COLUMNS = """
    i AS account_id,
    'C' || lpad(CAST(draw(i, 3000000) AS VARCHAR), 7, '0') AS customer_code,
    TIMESTAMP '2024-01-01' + to_seconds(draw(i + 1, 63072000)) AS happened_at,
    ['web', 'shop', 'phone', 'partner'][1 + draw(i + 2, 4)] AS channel,
    ['DE', 'FR', 'NA', 'US', 'GB', 'PL', 'SE', 'IT'][1 + draw(i + 3, 8)] AS country,
    'city_' || (draw(i + 4, 5000)) AS city,
    (draw(i + 5, 2) = 0) AS is_member,
    CASE WHEN draw(i + 6, 3) = 0 THEN 'Yes' ELSE 'No' END AS paperless,
    18 + draw(i + 7, 70) AS age,
    draw(i + 8, 120) AS tenure,
    round(exp(3 + 1.2 * sqrt(-2 * ln((1 + draw(i + 9, 1000000)) / 1000001.0))), 2) AS amount,
    CASE WHEN draw(i + 10, 50) = 0 THEN NULL ELSE round((draw(i + 11, 100000)) / 1000.0, 3) END AS score_a,
    round((draw(i + 12, 100000)) / 777.0, 4) AS score_b,
    round((draw(i + 12, 100000)) / 388.5, 4) AS score_c,
    draw(i + 13, 4) AS tickets,
    CASE WHEN draw(i + 14, 20) = 0 THEN 0 ELSE draw(i + 14, 1000) END AS visits,
    -1 AS batch,
    round(draw(i + 15, 1000000) / 100.0, 2) AS balance,
    'note ' || (draw(i + 16, 900000)) || ' of a caller who asked for help' AS note,
    (draw(i + 7, 70) + draw(i + 17, 40) > 70) AS churned
"""

_WORK = """
import json, resource, sys, time
from pathlib import Path
from axagents.project import create_project
from axagents.stores.datasets.catalog import add_dataset
from axagents.stores.datasets.profiling import profile_dataset
from axagents.stores.datasets.record import Declarations
project = create_project(Path(sys.argv[1]))
def spent():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, time.monotonic(), used.ru_maxrss * 1024
start = spent()
add_dataset(project, "big", sys.argv[2], declared=Declarations(target="churned"))
added = spent()
profile = profile_dataset(project, "big")
done = spent()
print(json.dumps({
    "rows": profile.rows, "columns": len(profile.columns), "sampled_rows": profile.sampled_rows,
    "add_cpu_s": added[0] - start[0], "add_wall_s": added[1] - start[1], "add_peak_bytes": added[2],
    "profile_cpu_s": done[0] - added[0], "profile_wall_s": done[1] - added[1], "peak_bytes": done[2],
    "duplicates": profile.duplicates.rows,
}))
"""


def make_file(folder: Path, rows: int, kind: str) -> Path:
    """Write the file in the folder and return its path."""
    path = folder / f"big.{kind}"
    options = "FORMAT CSV, HEADER" if kind == "csv" else "FORMAT PARQUET"
    with duckdb.connect() as connection:
        connection.execute("SET memory_limit='1GB'")
        connection.execute(f"SET temp_directory='{folder}'")
        connection.execute("SET preserve_insertion_order=false")
        connection.execute("CREATE MACRO draw(x, n) AS CAST(hash(x) % n AS BIGINT)")
        connection.execute(f"COPY (SELECT {_COLUMNS} FROM range({rows}) t(i)) TO '{path}' ({options})")
    return path


def profile_file(rows: int, kind: str) -> dict[str, float]:
    """Make the file, profile it in a process of its own, and return what that cost."""
    with tempfile.TemporaryDirectory(prefix="ax-bench-") as name:
        folder = Path(name)
        path = make_file(folder, rows, kind)
        size = path.stat().st_size
        done = subprocess.run(
            [sys.executable, "-c", _WORK, str(folder / "project"), str(path)],
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            check=False,
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        return {"format": kind, "file_bytes": size, **json.loads(done.stdout.splitlines()[-1])}


def measure() -> list[Row]:
    """Measure both kinds of file for `make bench`."""
    return [
        at_most(
            f"profile of {ROWS:,} rows and 20 columns, {kind}: peak memory",
            "MB",
            ours=profile_file(ROWS, kind)["peak_bytes"] / 1e6,
            limit=LIMIT_BYTES / 1e6,
        )
        for kind in ("csv", "parquet")
    ]


def main() -> int:
    """Measure, print one JSON object a format, and return 1 when the limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--format", choices=("csv", "parquet"), action="append")
    arguments = parser.parse_args()
    worst = 0.0
    for kind in arguments.format or ("csv", "parquet"):
        measured = profile_file(arguments.rows, kind)
        worst = max(worst, measured["peak_bytes"])
        print(
            json.dumps({key: round(value, 2) if isinstance(value, float) else value for key, value in measured.items()})
        )
    return 1 if worst > LIMIT_BYTES else 0


if __name__ == "__main__":
    sys.exit(main())
