"""A training that dies goes on where it was: no finished step again, one MLflow run, the same figures."""

import os
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from axagents import faults
from axagents.progress import Event, StepDone, listen
from axagents.project import Project
from axagents.stores.runs import Runs
from axagents.stores.tracking.client import mlflow_client
from axagents.stores.tracking.experiments import find_experiment
from axagents.stores.tracking.runs import search_runs
from axagents.workflows.engine import resume_workflow, run_workflow
from axagents.workflows.train import setup

AddFrame = Callable[..., str]
STEPS = ["profile", "split", "floor", "search", "select", "assess", "log"]
REQUEST = {"dataset": "steps", "model": "boosting-small", "trials": 1, "repeats": 1, "folds": 3}

CHILD = """
import sys
from pathlib import Path
from axagents.project import open_project
from axagents.workflows.engine import run_workflow
run_workflow(open_project(Path(sys.argv[1])), "ml-train", {request})
"""


@pytest.fixture
def steps(add_frame: AddFrame) -> None:
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"a": generator.normal(size=200), "b": generator.normal(size=200)})
    add_frame("steps", frame.assign(target=frame["a"] + generator.normal(size=200)), target="target")


@pytest.mark.usefixtures("steps")
@pytest.mark.parametrize(
    ("step", "point"),
    [
        ("profile", "computed"),
        ("floor", "computed"),
        ("select", "started"),
        ("assess", "computed"),
        ("log", "computed"),
    ],
)
def test_every_step_is_resumed(tracked: Project, monkeypatch: pytest.MonkeyPatch, step: str, point: str) -> None:
    faults._passed.clear()  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setenv("AX_FAULT", f"ml-train.{step}.{point}:1:raise")
    with pytest.raises(faults.InjectedFault):
        run_workflow(tracked, "ml-train", REQUEST)
    monkeypatch.delenv("AX_FAULT")
    _check_resumed(tracked, finished=STEPS[: STEPS.index(step)])


@pytest.mark.usefixtures("steps")
def test_kill_in_mid_training(tracked: Project) -> None:
    environment = {**os.environ, "AX_FAULT": "ml-train.log.computed:1:kill"}
    done = subprocess.run(
        [sys.executable, "-c", CHILD.replace("{request}", repr(REQUEST)), str(tracked.root)],
        env=environment,
        check=False,
    )
    assert done.returncode == -9
    _check_resumed(tracked, finished=STEPS[:-1])


def _check_resumed(project: Project, *, finished: list[str]) -> None:
    # What another process would know.
    setup._held.clear()  # pyright: ignore[reportPrivateUsage]
    run_id = Runs(project).newest()[0].run_id
    events: list[Event] = []
    with listen(events.append):
        resumed = resume_workflow(project, run_id)
    done = [(each.step, each.skipped) for each in events if isinstance(each, StepDone)]
    assert done == [(step, step in finished) for step in STEPS]
    (logged,) = search_runs(project, [find_experiment(project, "steps-target")])
    assert logged.status == "FINISHED"
    assert logged.run_id == resumed.result["mlflow_run_id"]
    client = mlflow_client(project)
    assert len(client.get_metric_history(logged.run_id, "rmse")) == 1
    assert len(client.get_run(logged.run_id).outputs.model_outputs) == 1
    # The noise that the target was made with.
    assert resumed.result["metrics"]["rmse"]["mean"] == pytest.approx(1, abs=0.15)
