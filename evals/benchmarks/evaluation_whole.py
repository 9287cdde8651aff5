"""How long a full evaluation takes: 100,000 rows and 30 columns, with everything that it can do.

Run it from a checkout: python -m evals.benchmarks.evaluation_whole [--rows N]
Fairness of two columns and their pair, slices, thresholds, robustness, latency, importance, the comparison with the
baseline and the version before, report, page and records; the process and its imports are counted.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from evals.benchmarks.row import Row, at_most

SECONDS = 30.0
ROWS = 100_000

_MAKE = """
import sys
from pathlib import Path
import numpy as np, pandas as pd
from axagents.project import create_project
from axagents.stores.datasets.catalog import add_dataset
from axagents.stores.datasets.record import Declarations
from axagents.workflows.engine import run_workflow

def draw(rows, seed, first):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(rows, 22)).round(4), columns=[f"x{place}" for place in range(22)])
    for name, values in (("plan", "abc"), ("city", "abcdefghijklmnopqrstuvwxyz"), ("paid", "yn"), ("sex", "fm")):
        frame[name] = rng.choice(list(values), rows)
    frame["region"] = rng.choice(list("nsew"), rows)
    odds = frame["x0"] - 0.7 * frame["x1"] * (frame["plan"] == "a") + 0.4 * frame["x2"] ** 2 - 1
    frame["left"] = (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)
    days = pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 90, rows), unit="D")
    return frame.assign(person=np.arange(first, first + rows), day=days)

project = create_project(Path(sys.argv[1]))
declared = Declarations(target="left", entity="person", sensitive=("sex", "region"))
for name, rows, seed in (("train", 20_000, 0), ("holdout", int(sys.argv[2]), 1)):
    place = project.root / f"{name}.csv"
    draw(rows, seed, seed * 10_000_000).to_csv(place, index=False)
    add_dataset(project, name, str(place), declared=declared)
for number, kind in ((1, "linear"), (2, "xgboost")):
    request = {"dataset": "train", "model": kind, "trials": 1, "repeats": 1, "folds": 3}
    request["exclude"] = ["sex", "region", "day"]
    folder = run_workflow(project, "ml-train", request).result["model_path"]
    register = {"model_path": str(project.root / folder), "model_name": "leaving", "version": f"{number}.0.0"}
    run_workflow(project, "ml-model-registry", register)
"""

_WORK = """
import json, resource, sys, time
began = time.perf_counter()
from pathlib import Path
from axagents.progress import StepDone, listen
from axagents.project import open_project
from axagents.workflows.engine import run_workflow
steps = {}
def hear(event):
    if isinstance(event, StepDone):
        steps[event.step] = round(event.seconds, 2)
request = {"model_id": "leaving", "evaluation_dataset": "holdout"}
with listen(hear):
    run = run_workflow(open_project(Path(sys.argv[1])), "ml-model-evaluation", request)
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"seconds": time.perf_counter() - began, "cpu_s": used.ru_utime + used.ru_stime,
    "peak_mb": used.ru_maxrss / 1024, "verdict": run.verdict, "rows": run.result["rows"], "steps": steps}))
"""


def evaluate(rows: int) -> dict[str, float]:
    """Make a project in a temporary folder, evaluate in a process of its own, and return what that cost."""
    with tempfile.TemporaryDirectory(prefix="ax-bench-") as folder:
        project = str(Path(folder) / "project")
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        for work in ([_MAKE, project, str(rows)], [_WORK, project]):
            done = subprocess.run(
                [sys.executable, "-c", *work], capture_output=True, text=True, env=environment, check=False
            )
            if done.returncode:
                raise SystemExit(done.stderr)
        return json.loads(done.stdout.splitlines()[-1])


def measure() -> list[Row]:
    """Measure for `make bench`."""
    found = evaluate(ROWS)
    name = f"full evaluation of {ROWS:,} rows and 30 columns"
    return [
        at_most(name, "s", ours=found["seconds"], limit=SECONDS),
        Row(f"{name}: peak memory", "MB", round(found["peak_mb"]), None, "", None),
    ]


def main() -> int:
    """Measure, print what was found, and return 1 when the limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    found = evaluate(parser.parse_args().rows)
    print(json.dumps(found, indent=1))
    return 1 if found["seconds"] > SECONDS else 0


if __name__ == "__main__":
    sys.exit(main())
