"""The guide's model with a history: 1.9.0 was in production, 2.0.0 is, 2.1.0 is staged."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from axagents.project import Project, open_project, use_project
from axagents.workflows.engine import run_workflow
from axagents.workflows.outcome import WorkflowRun
from tests.stores.registry.entries import register, stage
from tests.workflows.registry.conftest import guide_project as guide_project
from tests.workflows.registry.world import DATA, fingerprint_of, log_training, signal

MODEL = "churn-classifier"
SCORES = {"1.9.0": signal(1, seed=2), "2.0.0": signal(3, seed=3)}
THRESHOLDS = {"1.9.0": 0.25, "2.0.0": 0.4}
COLUMNS = {"1.9.0": ["frequency", "recency"], "2.0.0": ["frequency", "recency", "tenure"]}

Write = Callable[..., WorkflowRun]


def add(project: Project, version: str, scores: np.ndarray) -> None:
    """A version whose training run left these predictions."""
    fingerprint = fingerprint_of(project)
    run_id = log_training(project, version.replace(".", "") * 12, fingerprint=fingerprint, scores=scores)
    metadata: dict[str, Any] = {
        "framework": "xgboost",
        "task": "binary",
        "target": "churned",
        "threshold": THRESHOLDS[version],
        "lineage": {
            "run_id": run_id,
            "dataset": DATA,
            "fingerprint": fingerprint,
            "features": COLUMNS[version],
            "missing": [],
        },
        "training": {"primary_metric": "auc_roc", "dataset": DATA, "target": "churned", "experiment": "churn_v2"},
        "metrics": {"verified": {"auc_roc": {"mean": 0.8, "low": 0.78, "high": 0.82}}, "claimed": {"f1": 0.99}},
        "inputs": [{"name": name, "type": "double"} for name in COLUMNS[version]],
    }
    register(project, MODEL, version, metadata=metadata, run_id=run_id)
    stage(project, MODEL, version, "production")


@pytest.fixture(scope="session")
def history_root(guide_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("history") / "project"
    shutil.copytree(guide_project, root)
    project = open_project(root)
    with use_project(project):
        for version, scores in SCORES.items():
            add(project, version, scores)
    return root


@pytest.fixture
def history(history_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    root = tmp_path / "project"
    shutil.copytree(history_root, root)
    monkeypatch.chdir(root)
    project = open_project(root)
    with use_project(project):
        yield project


@pytest.fixture
def write(history: Project) -> Write:
    """Run write-document on a request."""
    return lambda **request: run_workflow(history, "write-document", request)


def text_of(project: Project, run: WorkflowRun) -> str:
    """Return the document that a run wrote."""
    return (project.root / run.result["path"]).read_text(encoding="utf-8")
