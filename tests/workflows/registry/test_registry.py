"""The guide's register command, what it records, and what may be done with the version."""

from pathlib import Path
from typing import Any

import mlflow.sklearn
import pytest
from sklearn.linear_model import LogisticRegression

from axagents.effects import perform
from axagents.effects.registry import change_stage
from axagents.errors import AxError, Refused, UserError
from axagents.project import Project
from axagents.stores.memory.memory import Memory
from axagents.stores.models.digest import digest
from axagents.stores.models.load import load_model
from axagents.stores.registry.evaluations import Evaluation, Verdict, record_evaluation
from axagents.stores.registry.events import EventLog
from axagents.stores.registry.state import read_model
from axagents.stores.registry.stored import find_stored, stored_folder, stored_versions
from axagents.stores.runs import Runs
from axagents.workflows.engine import run_workflow
from tests.stores.models.folders import boosted, change_mlmodel, frame, pipeline
from tests.workflows.registry.world import DATA, FOLDER_NAME, GUIDE, fingerprint_of, save

MODEL = "churn-classifier"


def register(project: Project, **changed: Any) -> dict[str, Any]:
    request = {name: value for name, value in {**GUIDE, **changed}.items() if value is not None}
    run = run_workflow(project, "ml-model-registry", request)
    return {**run.result, "verdict": run.verdict, "row": run.decisions[0].row, "report": run.report}


def evaluate(project: Project, sha256: str, verdict: Verdict) -> None:
    metrics = {"auc_roc": {"mean": 0.8, "low": 0.77, "high": 0.83}}
    record_evaluation(
        project,
        Evaluation("e1", sha256, "2026-11-20T00:00:00.000000Z", "me", verdict, "holdout_2024q4", "cd" * 32, metrics),
    )


def promote(project: Project, version: str) -> None:
    revision = read_model(project, MODEL).revision
    arguments = {
        "model": MODEL,
        "version": version,
        "stage": "production",
        "revision": revision,
        "who": "me",
        "why": "x",
    }
    perform(project, change_stage(project, arguments), run_id=f"s{revision}", step="command")


def test_the_guides_version_is_in_mlflow_the_log_and_memory(guide: Project) -> None:
    (event,) = EventLog(guide).read()
    stored = find_stored(guide, MODEL, "2.1.0")
    assert stored is not None
    assert stored.sha256 == event.sha256 == digest(guide.root / "models" / FOLDER_NAME)
    assert digest(stored_folder(guide, stored)) == event.sha256
    assert load_model(stored_folder(guide, stored)).threshold == 0.4
    record = Memory(guide).retrieve(f"{MODEL}/versions/2.1.0", namespace="ml-model-registry")
    assert record is not None
    assert record.value is not None
    assert (record.value["version"], record.value["stage"], record.value["sha256"]) == ("2.1.0", "staged", event.sha256)
    assert record.value["metrics"]["claimed"] == GUIDE["metrics"]


def test_the_guides_command_again_changes_nothing_and_says_so(guide: Project) -> None:
    before = Memory(guide).history(f"{MODEL}/versions/2.1.0", namespace="ml-model-registry")
    again = register(guide)
    assert (again["registered"], again["stage"], again["verdict"], again["row"]) == (
        False,
        "staged",
        "HOLD",
        "not-evaluated",
    )
    assert "was registered before with this content; nothing was changed" in again["report"]
    assert len(EventLog(guide).read()) == len(stored_versions(guide, MODEL)) == 1
    assert Memory(guide).history(f"{MODEL}/versions/2.1.0", namespace="ml-model-registry") == before


def test_what_is_recorded_of_a_version(guide: Project) -> None:
    metadata = register(guide)["metadata"]
    folder = guide.root / "models" / FOLDER_NAME
    assert metadata["artifact"]["size_bytes"] == sum(path.stat().st_size for path in folder.iterdir())
    assert metadata["artifact"]["path"] == f"models/{FOLDER_NAME}"
    assert metadata["check"]["rows"] == 5
    assert metadata["check"]["compared"]
    assert metadata["inputs"] == [{"name": "tenure", "type": "double"}, {"name": "charges", "type": "double"}]
    assert metadata["outputs"]
    assert any(line.startswith("xgboost==") for line in metadata["dependencies"])
    assert (metadata["task"], metadata["classes"], metadata["threshold"], metadata["calibrated"]) == (
        "binary",
        ["No", "Yes"],
        0.4,
        True,
    )
    lineage = metadata["lineage"]
    assert (lineage["dataset"], lineage["experiment"], lineage["found_by"]) == (DATA, "churn_v2", "sha256")
    assert lineage["fingerprint"] == fingerprint_of(guide)
    assert (lineage["complete"], lineage["missing"]) == (True, [])


def test_claimed_metrics_stand_beside_those_we_verified_and_decide_nothing(guide: Project) -> None:
    result = register(guide)
    metrics = result["metadata"]["metrics"]
    assert metrics["claimed"] == {"accuracy": 0.94, "f1": 0.87, "auc_roc": 0.96}
    assert metrics["verified"] == {"auc_roc": {"mean": 0.81, "low": 0.78, "high": 0.84}}
    assert metrics["verified_by"].startswith("training run ")
    assert "0.8100 [0.7800, 0.8400]  0.96" in result["report"]


@pytest.mark.parametrize(
    ("verdict", "expected", "row"),
    [
        ("GO", "PROMOTE", "sound"),
        ("NO_GO", "REJECT", "evaluation-failed"),
        ("INSUFFICIENT", "HOLD", "evaluation-insufficient"),
    ],
)
def test_the_evaluation_of_this_content_decides(guide: Project, verdict: Verdict, expected: str, row: str) -> None:
    evaluate(guide, digest(guide.root / "models" / FOLDER_NAME), verdict)
    result = register(guide)
    assert (result["verdict"], result["row"], result["evaluation"]) == (expected, row, verdict)


def test_the_evaluation_of_other_content_decides_nothing(guide: Project) -> None:
    evaluate(guide, "ab" * 32, "GO")
    assert register(guide)["verdict"] == "HOLD"


def test_the_same_version_with_other_content_is_refused_before_a_run_is_opened(guide: Project) -> None:
    _, sha256 = save(guide, "other", boosted(seed=1))
    runs = len(Runs(guide).newest())
    with pytest.raises(UserError, match=r"churn-classifier:2\.1\.0 exists already with other content") as raised:
        register(guide, model_path="models/other")
    assert raised.value.exit_code == 2
    assert raised.value.hint == "register it as 2.2.0, or leave version out"
    assert sha256[:12] in raised.value.message
    assert len(Runs(guide).newest()) == runs


def test_without_name_and_version_the_content_tells_both(guide: Project) -> None:
    again = register(guide, model_name=None, version=None)
    assert (again["model"], again["version"], again["registered"]) == (MODEL, "2.1.0", False)


@pytest.mark.parametrize(
    ("changed", "told", "field"),
    [
        ({"framework": "sklearn"}, "holds a model of xgboost, not of sklearn", "framework"),
        ({"training_data": "customer_data_2023"}, "did you mean customer_data_2024", "dataset"),
        (
            {"experiment_id": "churn_v1"},
            "no experiment or run called 'churn_v1'; did you mean churn_v2",
            "experiment_id",
        ),
        ({"model_path": "./models/churn_classifer_v2"}, "did you mean models/churn_classifier_v2", "model_path"),
        ({"model_path": "..."}, "still the placeholder", "model_path"),
        ({"model_name": "..."}, "still the placeholder", "model_name"),
        ({"model_name": "a/b"}, "cannot name a model", "model_name"),
        ({"version": "two"}, "is not a version", "version"),
        ({"metrics": {"auc_roc": float("nan")}}, "finite", "metrics.auc_roc"),
        ({"modle_path": "x"}, "did you mean model_path", "modle_path"),
    ],
)
def test_what_is_wrong_is_one_line_before_a_run_is_opened(
    guide: Project, changed: dict[str, Any], told: str, field: str
) -> None:
    runs = len(Runs(guide).newest())
    with pytest.raises(UserError) as raised:
        register(guide, **changed)
    assert told in raised.value.message
    assert raised.value.exit_code == 2
    assert field in {raised.value.field, "dataset"}
    assert len(Runs(guide).newest()) == runs


def test_data_that_the_training_run_did_not_read_are_refused(guide: Project) -> None:
    (guide.root / "data" / "others.csv").write_text(frame(50, seed=9).to_csv(index=False))
    with pytest.raises(UserError, match=f"trained this model on '{DATA}', not on 'others'"):
        register(guide, training_data="others")


def bring_code(folder: Path) -> None:
    change_mlmodel(folder, code="code")


def leave(folder: Path) -> None:
    change_mlmodel(folder, data="../../secret.ubj")


def pickled(folder: Path) -> None:
    (folder / "model.ubj").rename(folder / "model.pkl")
    change_mlmodel(folder, data="model.pkl")


@pytest.mark.parametrize("spoil", [bring_code, leave, pickled])
def test_an_unsafe_folder_is_refused_and_nothing_is_written(guide: Project, spoil: Any) -> None:
    folder, _ = save(guide, "bad", boosted(seed=1))
    spoil(folder)
    with pytest.raises(Refused) as raised:
        register(guide, model_path="models/bad", version="3.0.0")
    assert raised.value.exit_code == 5
    assert len(EventLog(guide).read()) == len(stored_versions(guide, MODEL)) == 1


def test_a_file_is_no_model_folder(guide: Project) -> None:
    with pytest.raises(AxError, match="is a file; a model is a folder"):
        register(guide, model_path="ax.toml")


def test_an_agent_registers_folders_of_the_project_only(
    guide: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AX_ACTOR", "agent")
    with pytest.raises(Refused, match="outside the project"):
        register(guide, model_path=str(tmp_path))


def test_a_model_from_nowhere_has_an_incomplete_lineage_and_is_held(guide: Project) -> None:
    folder, sha256 = save(guide, "orphan", pipeline())
    evaluate(guide, sha256, "GO")
    given = {"framework": None, "training_data": None, "metrics": {}, "version": None}
    result = register(guide, model_path=str(folder), model_name="orphan", **given)
    assert result["metadata"]["lineage"]["missing"] == ["data", "experiment"]
    assert (result["verdict"], result["row"]) == ("HOLD", "lineage-incomplete")


def test_a_pickle_is_registered_by_its_sha256_without_being_loaded_and_can_then_be_loaded(guide: Project) -> None:
    data, folder = frame(), guide.root / "models" / "old"
    estimator = LogisticRegression().fit(data[["tenure"]], data["churned"])
    mlflow.sklearn.save_model(
        estimator, str(folder), serialization_format="cloudpickle", pip_requirements=["scikit-learn"]
    )
    result = register(
        guide, model_path="models/old", model_name="old", framework=None, training_data=None, allow_pickle=True
    )
    assert result["metadata"]["check"]["network"] == "not loaded"
    held = EventLog(guide).digests()
    assert load_model(folder, allow_pickle=True, held=held).classes == ("No", "Yes")
