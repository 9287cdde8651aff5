"""Every shipped tool holds its contract in a project where its request can be answered."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sklearn import datasets

from axagents.catalog import open_catalog
from axagents.project import Project, create_project, use_project
from axagents.serving.local.starting import stop_supervisor
from axagents.stores.datasets.catalog import add_dataset
from axagents.stores.datasets.record import Declarations
from axagents.stores.memory.memory import Memory
from axagents.stores.runs import Runs
from axagents.testing.tools import check_tool
from axagents.workflows.engine import run_workflow

TRAINING = {"dataset": "cancer", "model": "linear", "trials": 1, "folds": 2, "repeats": 1}
REQUESTS: Mapping[str, Mapping[str, Any]] = {
    "data-profile": {"dataset": "cancer"},
    "memory-search": {"query": "cancer", "namespace": "notes"},
    "memory-store": {"key": "other", "value": {"text": "a note"}, "namespace": "notes"},
    "ml-error-analysis": {"model_id": "cancer", "evaluation_dataset": "cancer"},
    "ml-explain": {"model_id": "cancer", "dataset": "cancer", "row": 3},
    "ml-fairness": {"model_id": "cancer", "evaluation_dataset": "cancer", "sensitive": ["mean radius"]},
    "ml-feature-engineering": {
        "dataset": "patients",
        "target": "target",
        "features": [{"name": "radius", "function": "value", "column": "mean radius"}],
    },
    "ml-model-evaluation": {"model_id": "cancer", "evaluation_dataset": "cancer", "metrics": ["accuracy", "f1"]},
    "ml-threshold-analysis": {"model_id": "cancer", "evaluation_dataset": "cancer", "min_recall": 0.9},
    "ml-experiment-compare": {"experiments": ["first", "second"]},
    "ml-experiment-tracker": {"experiment_name": "third", "metrics": {"accuracy": 0.9}},
    "ml-model-registry": {"model_path": "MODEL", "model_name": "cancer", "version": "2.0.0"},
    "ml-train": TRAINING,
    "mlops-deployment": {"model_name": "cancer", "version": "1.0.0", "override_reason": "never evaluated"},
    "publish-document": {"document": "DOCUMENT"},
    "registry-list-versions": {"model_name": "cancer"},
    "registry-show": {"model_name": "cancer"},
    "write-document": {"kind": "runbook", "topic": "rollback"},
}


@pytest.fixture(scope="module")
def known_world(tmp_path_factory: pytest.TempPathFactory, mlflow_database: Path) -> Iterator[Project]:
    """A project with a dataset, two experiments, a registered model and a note; what serves in it is ended."""
    made = create_project(tmp_path_factory.mktemp("known") / "project")
    shutil.copy(mlflow_database, made.mlflow_path)
    frame = datasets.load_breast_cancer(as_frame=True).frame
    frame.to_csv(made.root / "cancer.csv", index=False)
    frame.rename_axis("patient").to_csv(made.root / "patients.csv")
    with use_project(made):
        declared = Declarations(target="target", entity="patient")
        add_dataset(made, "patients", str(made.root / "patients.csv"), declared=declared)
        add_dataset(made, "cancer", str(made.root / "cancer.csv"), declared=Declarations(target="target"))
        Memory(made).store("cancer", {"text": "breast cancer is a data set"}, namespace="notes")
        runs = [run_workflow(made, "ml-train", {**TRAINING, "experiment": name}) for name in ("first", "second")]
        shutil.copytree(made.root / runs[0].result["model_path"], made.root / "model")
        request = {"model_path": "model", "model_name": "cancer", "version": "1.0.0"}
        run_workflow(made, "ml-model-registry", request)
        run_workflow(made, "write-document", {"kind": "runbook", "topic": "rollback"})
    yield made
    stop_supervisor(made.deployments_path)


@pytest.mark.parametrize("name", sorted(open_catalog(None).files("tools")))
def test_contract(known_world: Project, name: str) -> None:
    assert name in REQUESTS, f"give {name} a request here"
    written = Runs(known_world).newest(name="write-document", limit=1)[0].run_id
    stand_for = {"MODEL": "model", "DOCUMENT": written}
    request = {
        key: stand_for.get(value, value) if isinstance(value, str) else value for key, value in REQUESTS[name].items()
    }
    check_tool(known_world, name, request)
