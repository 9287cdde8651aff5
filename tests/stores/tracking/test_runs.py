"""What goes into a run comes out of MLflow as it went in, once, and frozen where it must be."""

from pathlib import Path

import numpy as np
import pytest

from axagents.errors import NotFound, UserError
from axagents.project import Project
from axagents.stores.tracking.client import mlflow_client
from axagents.stores.tracking.entries import (
    DatasetNote,
    flatten,
    log_dataset,
    log_files,
    log_metrics,
    log_params,
    set_tags,
)
from axagents.stores.tracking.environment import capture_environment
from axagents.stores.tracking.experiments import find_experiment, list_experiments, open_experiment
from axagents.stores.tracking.models import log_model
from axagents.stores.tracking.predictions import (
    FOLDER,
    OutOfFold,
    PredictionFacts,
    fetch_predictions,
    read_predictions,
    write_predictions,
)
from axagents.stores.tracking.runs import RunRecord, find_run, finish_run, open_run, search_runs


@pytest.fixture
def run(tracked: Project) -> RunRecord:
    return open_run(tracked, open_experiment(tracked, "churn"), name="first", owner="run-1")


def test_an_experiment_is_opened_once_and_gathers_tags(tracked: Project) -> None:
    first = open_experiment(tracked, "churn", description="old", tags=["a"])
    again = open_experiment(tracked, "churn", description="new", tags=["b", "a"])
    assert again.experiment_id == first.experiment_id
    assert (again.description, again.tags) == ("new", ("a", "b"))
    assert [each.name for each in list_experiments(tracked)] == ["churn"]


def test_an_unknown_experiment_is_told_with_its_nearest(tracked: Project) -> None:
    open_experiment(tracked, "churn_v1")
    with pytest.raises(NotFound, match=r"no experiment called 'chrun_v1'; did you mean churn_v1\?"):
        find_experiment(tracked, "chrun_v1")


def test_a_deleted_experiment_is_not_found_and_not_reused(tracked: Project) -> None:
    made = open_experiment(tracked, "churn")
    mlflow_client(tracked).delete_experiment(made.experiment_id)
    with pytest.raises(NotFound):
        find_experiment(tracked, "churn")
    with pytest.raises(UserError, match="was deleted in MLflow"):
        open_experiment(tracked, "churn")


def test_an_owner_has_one_run_in_an_experiment(tracked: Project, run: RunRecord) -> None:
    experiment = find_experiment(tracked, "churn")
    assert open_run(tracked, experiment, name="first", owner="run-1").run_id == run.run_id
    assert open_run(tracked, experiment, name="second", owner="run-2").run_id != run.run_id


def test_an_unknown_run_is_not_found(tracked: Project, run: RunRecord) -> None:
    with pytest.raises(NotFound, match="no run called"):
        find_run(tracked, run.run_id[:-1] + "x")


def test_params_are_frozen(tracked: Project, run: RunRecord) -> None:
    log_params(tracked, run.run_id, {"depth": 3, "grid": {"rate": 0.1, "kinds": ["a"]}})
    log_params(tracked, run.run_id, {"depth": 3, "new": None})
    with pytest.raises(UserError, match=r"parameter depth .* is '3' and cannot become '4'"):
        log_params(tracked, run.run_id, {"extra": 1, "depth": 4})
    assert find_run(tracked, run.run_id).params == {
        "depth": "3",
        "grid.rate": "0.1",
        "grid.kinds": '["a"]',
        "new": "null",
    }


def test_flatten_names_nested_values() -> None:
    assert flatten({"a": {"b": {"c": 1}}, "d": {}, "e": "text"}) == {"a.b.c": "1", "d": "{}", "e": "text"}


@pytest.mark.parametrize("name", ["a\nb", "../a", "/a", "", "x" * 251])
def test_a_name_mlflow_cannot_hold_is_refused(tracked: Project, run: RunRecord, name: str) -> None:
    with pytest.raises(UserError, match="cannot be a name"):
        log_metrics(tracked, run.run_id, {name: 1.0})


def test_metrics_repeat_nothing(tracked: Project, run: RunRecord) -> None:
    for curve in ([(0, 1.0), (1, 0.5)], [(0, 1.0), (1, 0.5), (2, 0.25)]):
        log_metrics(tracked, run.run_id, {"f1": 0.5, "loss": curve})
    client = mlflow_client(tracked)
    assert [(each.step, each.value) for each in client.get_metric_history(run.run_id, "loss")] == [
        (0, 1.0),
        (1, 0.5),
        (2, 0.25),
    ]
    assert len(client.get_metric_history(run.run_id, "f1")) == 1
    assert find_run(tracked, run.run_id).metrics == {"f1": 0.5, "loss": 0.25}


def test_a_metric_must_be_finite(tracked: Project, run: RunRecord) -> None:
    with pytest.raises(UserError, match="metric loss is nan"):
        log_metrics(tracked, run.run_id, {"loss": float("nan")})


def test_many_params_and_tags_fit(tracked: Project, run: RunRecord) -> None:
    log_params(tracked, run.run_id, {f"p{number}": number for number in range(250)})
    set_tags(tracked, run.run_id, {f"t{number}": str(number) for number in range(250)})
    assert len(find_run(tracked, run.run_id).params) == 250


def test_a_data_set_is_an_input_of_the_run_once(tracked: Project, run: RunRecord) -> None:
    data = DatasetNote("telco", "ab" * 32, "data/telco.csv", rows=7, fields={"tenure": "double"})
    log_dataset(tracked, run.run_id, data)
    log_dataset(tracked, run.run_id, data)
    (told,) = mlflow_client(tracked).get_run(run.run_id).inputs.dataset_inputs
    assert (told.dataset.name, told.dataset.digest) == ("telco", ("ab" * 32)[:36])
    assert told.dataset.schema == '{"mlflow_colspec": [{"name": "tenure", "type": "double", "required": false}]}'
    assert {tag.key: tag.value for tag in told.tags} == {"mlflow.data.context": "training"}


def test_a_model_folder_is_the_output_of_its_run_once(tracked: Project, run: RunRecord, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "MLmodel").write_text("flavors: {}\n")
    model = log_model(tracked, run, folder, name="linear")
    assert log_model(tracked, run, folder, name="linear") == model
    client = mlflow_client(tracked)
    assert [each.model_id for each in client.get_run(run.run_id).outputs.model_outputs] == [model]
    kept = Path(client.get_logged_model(model).artifact_location) / "MLmodel"
    assert kept.read_text() == "flavors: {}\n"


@pytest.mark.parametrize("classes", [2, 3])
def test_predictions_come_back_as_they_were(tracked: Project, run: RunRecord, tmp_path: Path, classes: int) -> None:
    generator = np.random.default_rng(0)
    scores = generator.random((12, classes)) if classes > 2 else generator.random(12)
    facts = PredictionFacts("telco", "ff", "Churn", "binary", ("No", "Yes"), threshold=0.4, entity="customer")
    made = OutOfFold(
        facts=facts,
        repeat=np.repeat([0, 1], 6),
        row=np.tile(np.arange(6), 2),
        fold=np.tile([0, 0, 0, 1, 1, 1], 2),
        y=np.tile([0, 1, 0, 1, 1, 0], 2),
        scores=scores,
        labels=np.tile([0, 1, 1, 1, 0, 0], 2),
        entity=np.tile([0, 0, 1, 1, 2, 2], 2),
    )
    log_files(tracked, run.run_id, [write_predictions(tmp_path, made)], folder=FOLDER)
    back = fetch_predictions(tracked, run.run_id)
    assert back is not None
    assert back.facts == facts
    for name in ("repeat", "row", "fold", "y", "scores", "labels", "entity"):
        np.testing.assert_array_equal(getattr(back, name), getattr(made, name))


def test_foreign_predictions_are_no_evidence(tracked: Project, run: RunRecord, tmp_path: Path) -> None:
    assert fetch_predictions(tracked, run.run_id) is None
    foreign = tmp_path / "out_of_fold.parquet"
    foreign.write_bytes(b"not parquet")
    log_files(tracked, run.run_id, [foreign], folder=FOLDER)
    assert fetch_predictions(tracked, run.run_id) is None
    with pytest.raises((ValueError, OSError)):
        read_predictions(foreign)


def test_the_environment_is_that_of_this_process(tracked: Project) -> None:
    found = capture_environment(tracked.root)
    assert found.packages["numpy"] == np.__version__
    assert found.git is None
    assert found.cores >= found.cores_allowed >= 1
    tags = found.as_tags()
    assert tags["env.package.numpy"] == np.__version__
    assert all(0 < len(value) < 5000 for value in tags.values())


def test_runs_are_listed_newest_first(tracked: Project, run: RunRecord) -> None:
    experiment = find_experiment(tracked, "churn")
    finish_run(tracked, run.run_id)
    second = open_run(tracked, experiment, name="second", owner="run-2")
    assert [each.run_id for each in search_runs(tracked, [experiment])] == [second.run_id, run.run_id]
    assert find_run(tracked, run.run_id).status == "FINISHED"
