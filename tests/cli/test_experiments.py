"""`ax experiments` as it is typed."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from axagents.project import Project
from axagents.stores.tracking.entries import log_files, log_metrics
from axagents.stores.tracking.experiments import open_experiment
from axagents.stores.tracking.predictions import FOLDER, OutOfFold, PredictionFacts, write_predictions
from axagents.stores.tracking.runs import finish_run, open_run

Ax = Callable[..., Any]


@pytest.fixture
def two(tracked: Project) -> dict[str, str]:
    """Two experiments with out-of-fold predictions of the same rows: `sharp` sees the target, `blunt` does not."""
    generator = np.random.default_rng(0)
    y = (generator.random(300) < 0.5).astype(np.int64)
    runs: dict[str, str] = {}
    for name, scores in (("sharp", y + generator.normal(0, 0.5, 300)), ("blunt", generator.random(300))):
        run = open_run(tracked, open_experiment(tracked, name, description=f"{name} one"), name="try", owner=name)
        kept = OutOfFold(
            PredictionFacts("d", "f", "t", "binary", ("no", "yes")),
            repeat=np.zeros(300, dtype=np.int64),
            row=np.arange(300),
            fold=np.zeros(300, dtype=np.int64),
            y=y,
            scores=scores,
            labels=(scores > 0.5).astype(np.int64),
        )
        log_metrics(tracked, run.run_id, {"recall": float((scores[y == 1] > 0.5).mean())})
        log_files(tracked, run.run_id, [write_predictions(tracked.root, kept)], folder=FOLDER)
        finish_run(tracked, run.run_id)
        runs[name] = run.run_id
    return runs


def test_list_show_and_compare(two: dict[str, str], ax: Ax) -> None:
    listed = ax("experiments", "list", "--format", "json").json()["experiments"]
    assert {each["name"]: (each["runs"], each["description"]) for each in listed} == {
        "sharp": (1, "sharp one"),
        "blunt": (1, "blunt one"),
    }
    shown = ax("experiments", "show", "sharp")
    assert shown.exit_code == 0
    assert two["sharp"] in shown.stdout
    assert "recall" in shown.stdout
    compared = ax("experiments", "compare", "sharp", "blunt", "--metrics", "precision,recall", "--format", "json")
    assert compared.json()["best"] == {"precision": "sharp", "recall": "sharp"}
    assert compared.exit_code == 0


def test_an_unknown_experiment(two: dict[str, str], ax: Ax) -> None:
    failed = ax("experiments", "show", "shrap", "--format", "json")
    assert failed.exit_code == 2
    assert failed.json()["error"]["message"] == "no experiment called 'shrap'; did you mean sharp?"


def test_no_experiments_yet(project: Project, ax: Ax) -> None:
    listed = ax("experiments", "list")
    assert (listed.exit_code, listed.stdout.splitlines()[0]) == (0, "no experiments yet")
    assert not project.mlflow_path.exists()
