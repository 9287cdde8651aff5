"""Events of a shop whose customers stop or go on, for the tests of the feature workflow."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from axagents.project import Project
from axagents.stores.datasets.catalog import list_datasets
from axagents.stores.features.store import set_names
from axagents.stores.memory.memory import Memory
from axagents.workflows.engine import run_workflow

CUTOFF = datetime(2025, 7, 1, tzinfo=UTC)
OWN = [{"name": "n", "function": "count"}, {"name": "last_seen", "function": "recency", "empty": 999}]
DECLARED = {"target": "left", "entity": "who", "time": "at", "cutoff": "2025-07-01", "label_window": "60d"}


def draw_events(seed: int = 0, entities: int = 240) -> pd.DataFrame:
    """Half of the entities are lively: they buy often, and go on after the cutoff; the others have stopped."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[str, datetime, float, str]] = []
    for number in range(entities):
        lively = number % 2 == 0
        count = int(rng.poisson(8 if lively else 4)) + 1
        for days in rng.uniform(-180, -1 if lively else -30, count):
            rows.append((f"c{number:03}", CUTOFF + timedelta(days=float(days)), float(rng.exponential(20)), "web"))
        if lively != (rng.random() < 0.2):
            rows.append((f"c{number:03}", CUTOFF + timedelta(days=float(rng.uniform(1, 59))), 10.0, "shop"))
    rows.append(("late", CUTOFF + timedelta(days=59.9), 1.0, "shop"))
    frame = pd.DataFrame(rows, columns=["who", "at", "amount", "channel"])
    frame["at"] = frame["at"].dt.strftime("%Y-%m-%d %H:%M:%S")
    return frame.sample(frac=1, random_state=0)


def engineer(project: Project, **request: Any) -> Any:
    """Run the workflow on the shop's events."""
    return run_workflow(project, "ml-feature-engineering", {"dataset": "buys", "target": "left"} | request)


def table_of(project: Project, done: Any) -> pd.DataFrame:
    """Return the stored table of a run."""
    return pd.read_parquet(project.root / done.result["table"])


def stored(project: Project, *, given: int = 1) -> list[str]:
    """Return whatever there is beyond the `given` datasets: feature sets, datasets, records in memory."""
    sets = [f"feature set {name}" for name in set_names(project)]
    datasets = [each.name for each in list_datasets(project)]
    left = [f"dataset {name}" for name in datasets] if len(datasets) != given else []
    noted = Memory(project).list("ml-features").total
    return [*sets, *left, *([f"{noted} records"] if noted else [])]
