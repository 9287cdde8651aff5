"""The tracker end to end: the guide's command twice, typed and trained runs, verdicts, and what it refuses."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from axagents import faults
from axagents.errors import AxError, NotFound, UserError
from axagents.project import Project
from axagents.stores.memory.memory import Memory
from axagents.stores.runs import Runs
from axagents.stores.tracking.client import mlflow_client
from axagents.stores.tracking.experiments import find_experiment
from axagents.stores.tracking.runs import find_run, search_runs
from axagents.workflows.engine import resume_workflow, run_workflow
from axagents.workflows.experiments.request import TrackerResult
from axagents.workflows.outcome import WorkflowRun

AddFrame = Callable[..., str]
TRAINING = {"model": "linear", "trials": 1, "repeats": 1, "folds": 3}
STEPS = ["initialize_experiment", "log_parameters", "track_metrics", "save_artifacts", "compare", "report"]

GUIDE = """{
  "experiment_name": "churn_prediction_v2",
  "description": "Testing new feature set with XGBoost",
  "tags": ["churn", "xgboost", "production-candidate"]
}"""


def track(project: Project, **fields: Any) -> WorkflowRun:
    return run_workflow(project, "ml-experiment-tracker", {"experiment_name": "churn", **fields})


def told(run: WorkflowRun) -> TrackerResult:
    return TrackerResult.model_validate(run.result)


def frame(rows: int = 300) -> pd.DataFrame:
    generator = np.random.default_rng(1)
    strong, weak = generator.normal(size=rows), generator.normal(size=rows)
    left = strong * 1.2 + weak * 0.3 + generator.normal(size=rows) > 0
    return pd.DataFrame({"strong": strong, "weak": weak, "left": np.where(left, "yes", "no")})


def test_the_command_of_the_guide_twice(tracked: Project) -> None:
    runs = [run_workflow(tracked, "ml-experiment-tracker", json.loads(GUIDE)) for _ in range(2)]
    assert [run.verdict for run in runs] == ["OPEN", "OPEN"]
    experiment = find_experiment(tracked, "churn_prediction_v2")
    assert experiment.description == "Testing new feature set with XGBoost"
    assert experiment.tags == ("churn", "xgboost", "production-candidate")
    names = [each.name for each in search_runs(tracked, [experiment])]
    assert sorted(names) == ["churn_prediction_v2 #1", "churn_prediction_v2 #2"]
    assert [each.step for each in Runs(tracked).steps(runs[0].run_id)] == STEPS
    logged = mlflow_client(tracked).get_run(told(runs[0]).mlflow_run_id)
    assert logged.info.status == "FINISHED"
    assert logged.data.tags["env.package.numpy"] == np.__version__
    files = {each.path for each in mlflow_client(tracked).list_artifacts(logged.info.run_id)}
    assert files == {"environment.json", "report.md"}


def test_what_is_typed_is_kept_and_claimed(tracked: Project) -> None:
    (tracked.root / "notes").mkdir()
    (tracked.root / "notes/a.txt").write_text("a")
    run = track(
        tracked,
        params={"model": {"depth": 3}},
        metrics={"f1_score": 0.9, "loss": [[0, 1.0], [1, 0.5]]},
        artifacts=["notes", "notes/a.txt"],
        success_criteria=["f1 >= 0.85"],
        hypothesis="deeper is better",
    )
    result = told(run)
    assert run.verdict == "OPEN"
    assert result.params == {"model.depth": "3"}
    assert result.metrics == {"f1": 0.9, "loss": 0.5}
    assert result.claimed == ["f1", "loss"]
    assert (result.criteria[0].status, result.criteria[0].because) == ("unclear", "f1 0.9 was typed, not computed")
    client = mlflow_client(tracked)
    assert {each.path for each in client.list_artifacts(result.mlflow_run_id, "artifacts")} == {
        "artifacts/notes",
        "artifacts/a.txt",
    }
    assert "claimed" in run.report


def test_a_run_goes_on(tracked: Project) -> None:
    first = told(track(tracked, params={"depth": 3}, metrics={"loss": [[0, 1.0]]}))
    second = told(track(tracked, run_id=first.mlflow_run_id, params={"rate": 0.1}, metrics={"loss": [[1, 0.5]]}))
    assert second.mlflow_run_id == first.mlflow_run_id
    assert second.continued
    assert second.params == {"depth": "3", "rate": "0.1"}
    history = mlflow_client(tracked).get_metric_history(first.mlflow_run_id, "loss")
    assert [each.value for each in history] == [1.0, 0.5]
    with pytest.raises(UserError, match="frozen once logged"):
        track(tracked, run_id=first.mlflow_run_id, params={"depth": 4})
    assert find_run(tracked, first.mlflow_run_id).params["depth"] == "3"


def test_it_trains_for_real_and_compares_with_the_run_before(tracked: Project, add_frame: AddFrame) -> None:
    name = add_frame("customers", frame(), target="left")
    first = track(tracked, dataset=name, training=TRAINING | {"features": ["weak"]})
    assert first.verdict == "OPEN"
    second = track(tracked, dataset=name, training=TRAINING, success_criteria=["auc_roc >= 0.6"])
    result = told(second)
    assert second.verdict == "PROMOTE"
    assert result.training is not None
    assert result.metrics["auc_roc"] == pytest.approx(result.training["metrics"]["auc_roc"]["mean"])
    assert result.comparison is not None
    assert result.comparison.differences[0].evidence == "paired"
    assert result.criteria[0].status == "met"
    assert result.claimed == []
    worse = track(tracked, dataset=name, training=TRAINING | {"features": ["weak"]}, baseline=result.mlflow_run_id)
    assert worse.verdict == "REJECT"
    children = Runs(tracked).children(second.run_id)
    assert [(each.name, each.status) for each in children] == [("ml-train", "completed")]
    assert find_run(tracked, result.mlflow_run_id).status == "FINISHED"


def test_a_typed_figure_never_stands_where_a_computed_one_does(tracked: Project, add_frame: AddFrame) -> None:
    name = add_frame("customers", frame(), target="left")
    result = told(
        track(tracked, dataset=name, training=TRAINING, metrics={"auc": 0.99}, success_criteria=["auc > 0.95"])
    )
    assert result.metrics["auc_roc"] < 0.95
    assert result.metrics["claimed.auc_roc"] == 0.99
    assert result.criteria[0].status == "failed"


def test_memory_knows_the_experiment(tracked: Project) -> None:
    track(tracked, description="does tenure help", hypothesis="yes")
    found = Memory(tracked).retrieve("churn", namespace="ml-experiments")
    assert found is not None
    assert found.value["description"] == "does tenure help"
    assert found.value["conclusion"].startswith("OPEN: ")
    assert Memory(tracked).list("ml-experiment-reports").total == 1


@pytest.mark.parametrize("step", STEPS)
def test_every_step_is_resumed(
    tracked: Project, add_frame: AddFrame, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    faults._passed.clear()  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setenv("AX_FAULT", f"ml-experiment-tracker.{step}.computed:1:raise")
    with pytest.raises(faults.InjectedFault):
        track(tracked, params={"a": 1}, metrics={"loss": [[0, 1.0]]})
    monkeypatch.delenv("AX_FAULT")
    resumed = resume_workflow(tracked, Runs(tracked).newest()[0].run_id)
    (logged,) = search_runs(tracked, [find_experiment(tracked, "churn")])
    assert logged.run_id == resumed.result["mlflow_run_id"]
    assert (logged.status, logged.params, logged.metrics) == ("FINISHED", {"a": "1"}, {"loss": 1.0})
    assert len(mlflow_client(tracked).get_metric_history(logged.run_id, "loss")) == 1
    assert len(Memory(tracked).history("churn", namespace="ml-experiments")) == 1


def test_a_training_that_was_begun_is_gone_on_with(
    tracked: Project, add_frame: AddFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = add_frame("customers", frame(), target="left")
    faults._passed.clear()  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setenv("AX_FAULT", "ml-train.select.started:1:raise")
    with pytest.raises(faults.InjectedFault):
        track(tracked, dataset=name, training=TRAINING)
    monkeypatch.delenv("AX_FAULT")
    tracker = next(each for each in Runs(tracked).newest() if each.name == "ml-experiment-tracker")
    resume_workflow(tracked, tracker.run_id)
    (child,) = Runs(tracked).children(tracker.run_id)
    assert child.status == "completed"
    assert len(search_runs(tracked)) == 1


@pytest.mark.parametrize(
    ("fields", "kind", "match"),
    [
        ({"experiment_name": "..."}, UserError, "placeholder"),
        ({"experiment_name": ""}, UserError, "empty"),
        ({"metrics": {"a": "high"}}, UserError, "metrics"),
        ({"metrics": {"a\n": 1.0}}, UserError, "cannot be a name"),
        ({"artifacts": ["nowhere.txt"]}, UserError, "there is no nowhere.txt"),
        ({"baseline": "chrun"}, NotFound, r"no experiment called 'chrun'"),
        ({"run_id": "abc"}, NotFound, "no run called 'abc'"),
        ({"dataset": "custmers"}, NotFound, "no dataset called 'custmers'"),
        ({"target": "left"}, UserError, "need a dataset"),
        ({"success_criteria": ["good"]}, UserError, "write METRIC >= NUMBER"),
        ({"tags": [""]}, UserError, "empty"),
        ({"nmae": 1}, UserError, "nmae"),
    ],
)
def test_what_it_refuses(tracked: Project, fields: dict[str, Any], kind: type[AxError], match: str) -> None:
    with pytest.raises(kind, match=match):
        track(tracked, **fields)
    assert Runs(tracked).newest() == []
    assert mlflow_client(tracked).get_experiment_by_name("churn") is None


def test_a_run_of_another_experiment_is_refused(tracked: Project) -> None:
    first = told(track(tracked))
    track(tracked, experiment_name="other")
    with pytest.raises(UserError, match="is not of experiment 'other'"):
        track(tracked, experiment_name="other", run_id=first.mlflow_run_id)


def test_a_baseline_called_like_the_run_is_told_apart(tracked: Project) -> None:
    first = told(track(tracked, experiment_name="exp1", metrics={"loss": 1.0}))
    second = told(track(tracked, experiment_name="other", run_name="exp1", baseline="exp1", metrics={"loss": 0.5}))
    assert second.baseline == first.mlflow_run_id
    assert second.comparison is not None
    difference = second.comparison.differences[0]
    assert (difference.first, difference.second) == ("exp1", first.mlflow_run_id)
    assert (difference.first_value, difference.second_value) == (0.5, 1.0)
