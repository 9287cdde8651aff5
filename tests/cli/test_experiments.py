"""`ax experiments` as it is typed."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from axagents.cli.experiments import app
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


def typed(*words: str) -> Any:
    """Run a command of the group in this process; what it raises is raised."""
    done = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert done.exit_code == 0
    return json.loads(done.stdout) if "json" in words else done.stdout


def test_list(two: dict[str, str]) -> None:
    listed = typed("list", "--format", "json")["experiments"]
    assert {each["name"]: (each["runs"], each["description"]) for each in listed} == {
        "sharp": (1, "sharp one"),
        "blunt": (1, "blunt one"),
    }


def test_show_an_experiment_and_a_run(two: dict[str, str]) -> None:
    shown = typed("show", "sharp")
    assert two["sharp"] in shown
    assert "recall" in shown
    assert typed("show", two["sharp"], "--format", "json")["run_id"] == two["sharp"]


def test_compare(two: dict[str, str]) -> None:
    found = typed("compare", "sharp", "blunt", "--metrics", "precision,recall", "--format", "json")
    assert found["best"] == {"precision": "sharp", "recall": "sharp"}
    assert "sharp is better" in typed("compare", "sharp", "blunt", "--baseline", "blunt", "--primary", "recall")


def test_an_unknown_experiment(two: dict[str, str], ax: Ax) -> None:
    failed = ax("experiments", "show", "shrap", "--format", "json")
    assert failed.exit_code == 2
    assert failed.json()["error"]["message"] == "no experiment called 'shrap'; did you mean sharp?"
    assert failed.stderr == ""


def test_no_experiments_yet(project: Project) -> None:
    assert typed("list").splitlines()[0] == "no experiments yet"
    assert not project.mlflow_path.exists()
