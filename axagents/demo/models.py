"""The example world's experiments, models and versions: trained and registered for real, by our own workflows."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axagents.effects import perform_command
from axagents.effects.registry import change_stage
from axagents.fields import parse_version
from axagents.project import Project, make_folder
from axagents.stores.models.digest import digest
from axagents.stores.registry.evaluations import newest_evaluation
from axagents.stores.registry.state import ModelState, read_model
from axagents.workflows.engine import run_workflow

MODEL = "churn-classifier"
CANDIDATE = "models/churn_classifier_v2"


@dataclass(frozen=True)
class Training:
    """One training of the world's history; `version` is what it was registered as, if it was."""

    experiment: str
    features: tuple[str, ...]
    model: str
    version: str | None = None


_PURCHASES = ("recency_days", "frequency", "monetary")
_ACCOUNT = ("tenure_months", "monthly_charges", "support_tickets", "late_payments")

HISTORY = (
    Training("churn_v1", _PURCHASES, "linear", version="1.0.0"),
    Training("churn_v1", (*_PURCHASES, "tenure_months"), "xgboost", version="1.9.0"),
    Training("churn_v2", (*_PURCHASES, *_ACCOUNT), "xgboost", version="2.0.0"),
    Training("churn_v2", (*_PURCHASES, *_ACCOUNT, "age"), "xgboost"),
)
_TRIALS = 3
_REPEATS = 1
_STAGES = (("1.0.0", "archived"), ("1.9.0", "production"), ("2.0.0", "production"))


def make_models(project: Project, *, with_candidate: bool, seed: int) -> None:
    """Train the history, register its versions with their stages, and leave the candidate in models/."""
    known = _registered(project)
    for training in HISTORY:
        if training.version is None:
            _make_candidate(project, training, seed=seed)
        elif training.version not in known:
            _register(project, _train(project, training, seed=seed), training.version)
    for version, stage in _STAGES:
        _move(project, version, stage)
    _evaluate_candidate(project, seed=seed)
    if with_candidate and "2.1.0" not in known:
        _register(project, project.root / CANDIDATE, "2.1.0")


def _registered(project: Project) -> set[str]:
    return {each.version for each in read_model(project, MODEL).versions}


def _train(project: Project, training: Training, *, seed: int) -> Path:
    request: dict[str, Any] = {
        "dataset": "customer_data_2024",
        "features": list(training.features),
        "model": training.model,
        "experiment": training.experiment,
        "trials": _TRIALS,
        "repeats": _REPEATS,
        "seed": seed,
    }
    trained = run_workflow(project, "ml-train", request)
    return project.root / trained.result["model_path"]


def _make_candidate(project: Project, training: Training, *, seed: int) -> None:
    folder = project.root / CANDIDATE
    if folder.exists():
        return
    make_folder(folder.parent)
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(_train(project, training, seed=seed), part)
    part.rename(folder)


def _evaluate_candidate(project: Project, *, seed: int) -> None:
    """Judge the candidate on rows that it has not seen; what is found belongs to its SHA-256, registered or not."""
    if newest_evaluation(project, digest(project.root / CANDIDATE)):
        return
    request = {
        "model_id": CANDIDATE,
        "evaluation_dataset": "holdout_2024q4",
        "slices": False,
        "robustness": False,
        "latency": False,
        "seed": seed,
    }
    run_workflow(project, "ml-model-evaluation", request)


def _register(project: Project, folder: Path, version: str) -> None:
    request = {
        "model_path": str(folder),
        "model_name": MODEL,
        "version": version,
        "training_data": "customer_data_2024",
    }
    run_workflow(project, "ml-model-registry", request)


def _move(project: Project, version: str, stage: str) -> None:
    state = read_model(project, MODEL)
    found = state.find(version)
    if found is None or found.stage in {stage, "archived"} or _newer_in_production(state, version):
        return
    arguments = {
        "model": MODEL,
        "version": version,
        "stage": stage,
        "revision": state.revision,
        "who": "demo",
        "why": "history of the example world",
    }
    perform_command(project, change_stage(project, arguments), name=f"demo stage {version} {stage}")


def _newer_in_production(state: ModelState, version: str) -> bool:
    return state.production is not None and parse_version(state.production.version) >= parse_version(version)
