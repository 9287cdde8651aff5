"""An evaluation that dies goes on where it was: no finished step again, one record everywhere, the version pinned."""

import os
import subprocess
import sys

import pytest

from axagents import faults
from axagents.progress import Event, StepDone, listen
from axagents.project import Project
from axagents.stores.database import open_database
from axagents.stores.memory.memory import Memory
from axagents.stores.runs import Runs
from axagents.stores.tracking.client import mlflow_client
from axagents.stores.tracking.experiments import find_experiment
from axagents.stores.tracking.runs import search_runs
from axagents.workflows.engine import resume_workflow, run_workflow
from axagents.workflows.evaluation.setup import release_material

STEPS = ["performance_metrics", "fairness_analysis", "error_analysis", "threshold_analysis", "comparison", "report"]
REQUEST = {"model_id": "leaving", "evaluation_dataset": "later", "latency": False}

CHILD = f"""
import sys
from pathlib import Path
from axagents.project import open_project
from axagents.workflows.engine import run_workflow
run_workflow(open_project(Path(sys.argv[1])), "ml-model-evaluation", {REQUEST!r})
"""


@pytest.mark.parametrize(
    ("step", "point"),
    [
        ("performance_metrics", "computed"),
        ("error_analysis", "started"),
        ("comparison", "computed"),
        ("report", "computed"),
    ],
)
def test_every_step_is_resumed(judged: Project, monkeypatch: pytest.MonkeyPatch, step: str, point: str) -> None:
    faults._passed.clear()  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setenv("AX_FAULT", f"ml-model-evaluation.{step}.{point}:1:raise")
    with pytest.raises(faults.InjectedFault):
        run_workflow(judged, "ml-model-evaluation", REQUEST)
    monkeypatch.delenv("AX_FAULT")
    check_resumed(judged, finished=STEPS[: STEPS.index(step)])


def test_kill_after_everything_was_written(judged: Project) -> None:
    environment = {**os.environ, "AX_FAULT": "ml-model-evaluation.report.computed:1:kill"}
    done = subprocess.run([sys.executable, "-c", CHILD, str(judged.root)], env=environment, check=False)
    assert done.returncode == -9
    check_resumed(judged, finished=STEPS[:-1])


def check_resumed(project: Project, *, finished: list[str]) -> None:
    # What another process would know.
    release_material()
    run_id = Runs(project).newest()[0].run_id
    events: list[Event] = []
    with listen(events.append):
        resumed = resume_workflow(project, run_id)
    done = [(each.step, each.skipped) for each in events if isinstance(each, StepDone)]
    assert done == [(step, step in finished) for step in STEPS]
    assert resumed.verdict == "GO"
    runs = search_runs(project, [find_experiment(project, "people-left")])
    (logged,) = [each for each in runs if each.name.startswith("evaluation")]
    assert logged.status == "FINISHED"
    assert len(mlflow_client(project).get_metric_history(logged.run_id, "auc_roc")) == 1
    with open_database(project).read() as connection:
        assert connection.execute("SELECT count(*) FROM model_evaluations").fetchone()[0] == 1
    assert Memory(project).list("ml-evaluations").total == 1


def test_the_version_stays_pinned_when_the_name_moves_on(judged: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    faults._passed.clear()  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setenv("AX_FAULT", "ml-model-evaluation.fairness_analysis.started:1:raise")
    with pytest.raises(faults.InjectedFault):
        run_workflow(judged, "ml-model-evaluation", REQUEST)
    monkeypatch.delenv("AX_FAULT")
    (judged.root / "model/note.txt").write_text("another content")
    register = {"model_path": "model", "model_name": "leaving", "version": "2.0.0"}
    run_workflow(judged, "ml-model-registry", register)
    release_material()
    evaluation = next(each for each in Runs(judged).newest() if each.name == "ml-model-evaluation")
    assert resume_workflow(judged, evaluation.run_id).result["version"] == "1.0.0"
