"""A project with a trained model as the guide has it: its folder, its data, and the MLflow run it came from."""

from pathlib import Path
from typing import Any

import numpy as np

from axagents.ml.fitted import FittedModel
from axagents.project import Project
from axagents.stores.datasets.catalog import find_dataset
from axagents.stores.models.save import save_model
from axagents.stores.tracking.entries import log_files, log_metrics, log_params, set_tags
from axagents.stores.tracking.experiments import open_experiment
from axagents.stores.tracking.predictions import FOLDER, OutOfFold, PredictionFacts, write_predictions
from axagents.stores.tracking.runs import finish_run, open_run
from tests.stores.models.folders import boosted, frame

DATA = "customer_data_2024"
FOLDER_NAME = "churn_classifier_v2"
GUIDE: dict[str, Any] = {
    "model_path": f"./models/{FOLDER_NAME}",
    "model_name": "churn-classifier",
    "version": "2.1.0",
    "metrics": {"accuracy": 0.94, "f1": 0.87, "auc_roc": 0.96},
    "training_data": DATA,
    "framework": "xgboost",
}


def save(project: Project, name: str, model: FittedModel | None = None, **training: Any) -> tuple[Path, str]:
    """Save a model under models/ and return its folder and SHA-256."""
    folder = project.root / "models" / name
    facts = {"primary_metric": "auc_roc", **training}
    return folder, save_model(folder, model or boosted(), input_example=frame(), training=facts)


def fingerprint_of(project: Project) -> str:
    """Return the SHA-256 of the customers' data."""
    return find_dataset(project, DATA).fingerprint.sha256


def log_training(project: Project, sha256: str, *, fingerprint: str, scores: np.ndarray | None = None) -> str:
    """Write the MLflow run that ml-train would have written for a model, and return its id."""
    experiment = open_experiment(project, "churn_v2")
    run = open_run(project, experiment, name="a training", owner=sha256[:12])
    log_params(project, run.run_id, {"dataset": DATA, "target": "churned"})
    tags = {"axagents.training": "r1", "axagents.fingerprint": fingerprint, "axagents.model_sha256": sha256}
    set_tags(project, run.run_id, tags)
    log_metrics(project, run.run_id, {"auc_roc": 0.81, "auc_roc.low": 0.78, "auc_roc.high": 0.84})
    if scores is not None:
        written = write_predictions(project.state, out_of_fold(scores, fingerprint))
        log_files(project, run.run_id, [written], folder=FOLDER)
    finish_run(project, run.run_id)
    return run.run_id


def out_of_fold(scores: np.ndarray, fingerprint: str) -> OutOfFold:
    """Predictions of the customers' churn, each row once."""
    rows = np.arange(len(scores))
    y = (frame(len(scores))["churned"] == "Yes").to_numpy(dtype=np.int64)
    facts = PredictionFacts(DATA, fingerprint, "churned", "binary", ("No", "Yes"), 0.5)
    return OutOfFold(
        facts=facts,
        repeat=np.zeros_like(rows),
        row=rows,
        fold=rows % 5,
        y=y,
        scores=scores,
        labels=(scores >= 0.5).astype(np.int64),
    )


def signal(strength: float, *, seed: int, rows: int = 400) -> np.ndarray:
    """Scores that know the truth as well as `strength` says."""
    y = (frame(rows)["churned"] == "Yes").to_numpy(dtype=np.float64)
    noise = np.random.default_rng(seed).normal(size=rows)
    return 1 / (1 + np.exp(-(strength * (y - 0.5) + noise)))
