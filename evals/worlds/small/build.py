"""A small churn world: four datasets, two experiments, a model with two versions and a candidate in models/.

Its truth is counted here with pandas, numpy and scikit-learn from the files alone, never by the tools under test.
"""

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score, roc_auc_score
from skops.io import get_untrusted_types
from skops.io import load as load_skops

from axagents.effects import perform_command
from axagents.effects.registry import change_stage
from axagents.ml.population import simulate, snapshot_days
from axagents.project import Project, open_project
from axagents.stores.datasets.catalog import add_dataset
from axagents.stores.datasets.record import Declarations
from axagents.stores.memory.memory import Memory
from axagents.stores.registry.state import read_model
from axagents.workflows.engine import run_workflow

MODEL = "churn-classifier"
CANDIDATE = "models/churn_classifier_v2"
SETTINGS = "[train]\nsearch_seconds = 3\nfolds = 3\n"
PURCHASES = ["recency_days", "frequency", "monetary"]
ACCOUNT = ["tenure_months", "monthly_charges", "support_tickets", "late_payments"]
DECLARED = Declarations(
    target="is_churned",
    entity="customer_id",
    time="snapshot_date",
    sensitive=("gender", "region"),
    unknown_at_prediction=("closed_reason",),
)
METRICS = {"precision": precision_score, "recall": recall_score, "f1": f1_score}


def build(project: Project, seed: int) -> dict[str, Any]:
    """Fill a fresh project and return what is true of it."""
    (project.root / "ax.toml").write_text(SETTINGS, encoding="utf-8")
    project = open_project(project.root)
    frames = make_frames(seed)
    for name, frame in frames.items():
        add(project, name, frame)
    notes = Memory(project)
    notes.store("retraining-window", {"text": "the retraining window is 90 days"}, namespace="notes")
    notes.store("alert-owner", {"text": "alerts of churn-classifier go to the retention team"}, namespace="notes")
    first = train(project, "churn_v1", PURCHASES, seed=seed, model="linear")
    second = train(project, "churn_v2", PURCHASES + ACCOUNT, seed=seed, model="linear")
    for number, (trained, version) in enumerate(((first, "1.0.0"), (second, "2.0.0"))):
        register(project, trained["model_path"], version)
        if number:
            move(project, version, "production")
    shutil.copytree(project.root / second["model_path"], project.root / CANDIDATE)
    return {
        "datasets": {name: count(frame) for name, frame in frames.items()},
        "experiments": compare_predictions(project, first["mlflow_run_id"], second["mlflow_run_id"]),
        "evaluation": judge(project.root / second["model_path"], frames["holdout_2024q4"]),
        "registry": {"model": MODEL, "versions": 2, "production": "2.0.0"},
    }


def make_frames(seed: int) -> dict[str, pd.DataFrame]:
    """Draw the datasets: two clean ones, one with repeated rows and blanks, one export without a usable target."""
    last = datetime(2026, 3, 31)  # noqa: DTZ001 - the data has no zone
    training = simulate(900, snapshot_days(last, 4), first_id=1, seed=seed).customers
    holdout = simulate(300, snapshot_days(last, 2), first_id=50_001, seed=seed + 1).customers
    messy = simulate(240, snapshot_days(last, 2), first_id=80_001, seed=seed + 2).customers
    rng = np.random.default_rng(seed + 3)
    messy.loc[rng.choice(len(messy), 60, replace=False), "monthly_charges"] = np.nan
    messy = pd.concat([messy, messy.iloc[:15]], ignore_index=True)
    export = pd.DataFrame(
        {
            "order_id": [f"O{number:05d}" for number in range(80)],
            "amount": rng.gamma(2.0, 20.0, 80).round(2),
            "comment": rng.choice(["fine", "late", "broken"], 80),
        }
    )
    return {"customer_data_2024": training, "holdout_2024q4": holdout, "messy_customers": messy, "orders": export}


def add(project: Project, name: str, frame: pd.DataFrame) -> None:
    """Write a frame as CSV and put it into the catalog."""
    path = project.root / "data" / f"{name}.csv"
    path.parent.mkdir(exist_ok=True)
    frame.to_csv(path, index=False)
    declared = Declarations() if name == "orders" else DECLARED
    if name == "holdout_2024q4":
        declared = DECLARED.model_copy(update={"role": "holdout"})
    add_dataset(project, name, str(path), declared=declared)


def train(project: Project, experiment: str, features: list[str], *, seed: int, model: str) -> dict[str, Any]:
    """Train with few trials, so that it repeats."""
    request = {
        "dataset": "customer_data_2024",
        "features": features,
        "experiment": experiment,
        "model": model,
        "trials": 2,
        "repeats": 1,
        "seed": seed,
    }
    return dict(run_workflow(project, "ml-train", request).result)


def register(project: Project, folder: str, version: str) -> None:
    """Register a trained model."""
    request = {
        "model_path": str(project.root / folder),
        "model_name": MODEL,
        "version": version,
        "training_data": "customer_data_2024",
    }
    run_workflow(project, "ml-model-registry", request)


def move(project: Project, version: str, stage: str) -> None:
    """Change a stage as the world's history had it."""
    arguments = {
        "model": MODEL,
        "version": version,
        "stage": stage,
        "revision": read_model(project, MODEL).revision,
        "who": "history",
        "why": "history of the world",
    }
    perform_command(project, change_stage(project, arguments), name=f"history {version} {stage}")


def count(frame: pd.DataFrame) -> dict[str, Any]:
    """Count what a profile should find."""
    truth: dict[str, Any] = {
        "rows": len(frame),
        "columns": frame.shape[1],
        "duplicates": int(frame.duplicated().sum()),
        "missing": {name: int(number) for name, number in frame.isna().sum().items() if number},
        "missing_share": {name: float(share) for name, share in frame.isna().mean().items() if share},
        "means": {name: float(value) for name, value in frame.mean(numeric_only=True).items()},
    }
    if "is_churned" in frame:
        truth["positives"] = int(frame["is_churned"].sum())
        truth["positive_share"] = float(frame["is_churned"].mean())
    return truth


def compare_predictions(project: Project, first: str, second: str) -> dict[str, Any]:
    """Score the stored out-of-fold predictions of both runs with scikit-learn, and say which is better."""
    scores = {name: score(predictions_of(project, run)) for name, run in (("churn_v1", first), ("churn_v2", second))}
    differences = {metric: scores["churn_v2"][metric] - scores["churn_v1"][metric] for metric in scores["churn_v1"]}
    better = {metric: "churn_v2" if value > 0 else "churn_v1" for metric, value in differences.items()}
    return {**scores, "difference": differences, "better": better}


def predictions_of(project: Project, run: str) -> pd.DataFrame:
    """Read a run's stored out-of-fold predictions."""
    found: list[Path] = [path for path in project.artifacts_path.rglob("out_of_fold.parquet") if run in path.parts]
    return pd.read_parquet(found[0])


def score(frame: pd.DataFrame) -> dict[str, float]:
    """Score labels and scores against the truth."""
    own = {name: float(metric(frame["y"], frame["labels"])) for name, metric in METRICS.items()}
    value = [name for name in frame.columns if name.startswith("score_")][-1]
    return {**own, "auc_roc": float(roc_auc_score(frame["y"], frame[value]))}


def judge(folder: Path, rows: pd.DataFrame) -> dict[str, Any]:
    """Score the production version on the holdout: pipeline by skops, calibrator by hand, figures by scikit-learn."""
    card = json.loads((folder / "axagents.json").read_text(encoding="utf-8"))
    file = next(folder.glob("*.skops"))
    pipeline: Any = load_skops(file, trusted=get_untrusted_types(file=file))
    features = rows[[column["name"] for column in card["columns"]]].astype(float)
    scores = calibrate(card["calibrator"], pipeline.predict_proba(features)[:, 1])
    truth, called = rows["is_churned"].to_numpy(), (scores >= card["threshold"]).astype(int)
    of = {sex: (rows["gender"] == sex).to_numpy() for sex in ("female", "male")}
    rates = {sex: [called[own & (truth == label)].mean() for label in (1, 0)] for sex, own in of.items()}
    gaps = np.abs(np.subtract(rates["female"], rates["male"]))
    return {
        "rows": len(rows),
        "threshold": card["threshold"],
        "accuracy": float(accuracy_score(truth, called)),
        "auc_roc": float(roc_auc_score(truth, scores)),
        "score_of_row_17": float(scores[17]),
        "equalized_odds_of_gender": float(gaps.max()),
        "equal_opportunity_of_gender": float(gaps[0]),
        **{name: float(metric(truth, called)) for name, metric in METRICS.items()},
    }


def calibrate(calibrator: dict[str, Any] | None, scores: np.ndarray) -> np.ndarray:
    """Apply the calibrator of a model card as its formula says."""
    if calibrator is None:
        return scores
    if calibrator["kind"] == "isotonic":
        return np.interp(scores, calibrator["xs"], calibrator["ys"])
    odds = np.log(scores / (1 - scores))
    return 1 / (1 + np.exp(-(calibrator["slope"] * odds + calibrator["intercept"])))
