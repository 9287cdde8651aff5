"""Telco churn: what training reports in 60 s of search on two cores, beside plain libraries on the same folds.

The peers are scikit-learn's and XGBoost's own defaults behind a plain one-hot encoding, scored by scikit-learn on the
same 3 x 5 folds. An AUC of .96 here would be a leak, so the report has an upper limit too. Needs AX_TEST_DATA.
"""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from xgboost import XGBClassifier

from axagents.ml.assessment import Assessment, assess, fit_final
from axagents.ml.candidates import FLOOR, choose_candidates
from axagents.ml.columns import infer_columns
from axagents.ml.leakage import check_leakage
from axagents.ml.problem import Problem, define_problem
from axagents.ml.search import Budget, evaluate_candidates
from axagents.ml.selection import Selection, select_candidate
from axagents.ml.splits import SplitPlan, plan_splits
from evals.benchmarks.row import Row, at_least, at_most

SECONDS = 60.0
FLOOR_SHARE, RESERVE = 0.2, 12.0
PRIMARY = "auc_roc"


def measure() -> list[Row]:
    """Train on Telco as ml-train does, and hold the figures against what was asked."""
    place = Path(os.environ.get("AX_TEST_DATA", "")) / "telco" / "Telco-Customer-Churn.csv"
    if not place.is_file():
        return [Row("telco: set AX_TEST_DATA to the folder of public data sets", "", 0.0, None, "", met=None)]
    frame = pd.read_csv(place)
    problem = define_problem(frame, infer_columns(frame, target="Churn"), target="Churn")
    plan = plan_splits(problem)
    leakage = check_leakage(problem, plan=plan)
    started = time.monotonic()
    selection, found = train(problem, plan, seconds=SECONDS)
    spent = time.monotonic() - started
    reported = found.metrics[PRIMARY].value
    best = found.candidates[selection.best][PRIMARY].value
    rows = [
        at_least(f"telco: reported, 3 x 5 folds, {selection.chosen} chosen", "AUC", ours=reported, limit=0.843),
        at_least(f"telco: best candidate, {selection.best}", "AUC", ours=best, limit=0.846),
        at_most("telco: more would be a leak", "AUC", ours=reported, limit=0.87),
        at_most("telco: search, choice, final fit and figures (wall)", "s", ours=spent, limit=SECONDS + 10),
        at_most("telco: leakage rules (wall)", "s", ours=leakage.seconds, limit=10),
    ]
    peers = {
        "scikit-learn's logistic regression": LogisticRegression(max_iter=1000),
        "XGBoost, defaults": XGBClassifier(n_jobs=1),
    }
    for name, model in peers.items():
        rows.append(Row(f"telco: {name}, the same folds", "AUC", reported, _peer(frame, plan, model), "", met=None))
    return rows


def train(problem: Problem, plan: SplitPlan, *, seconds: float) -> tuple[Selection, Assessment]:
    """Run floor, search, select and assess with ml-train's shares of the time."""
    started = time.monotonic()
    runs = evaluate_candidates(problem, plan, FLOOR, primary=PRIMARY, budget=Budget(seconds * FLOOR_SHARE))
    left = seconds - RESERVE - (time.monotonic() - started)
    names = [name for name in choose_candidates() if name not in FLOOR]
    runs += evaluate_candidates(problem, plan, names, primary=PRIMARY, budget=Budget(left))
    selection = select_candidate(problem, plan, runs, primary=PRIMARY)
    model = fit_final(problem, plan, runs, selection=selection, seconds=RESERVE)
    return selection, assess(problem, plan, runs, selection=selection, model=model)


def _peer(frame: pd.DataFrame, plan: SplitPlan, model: Any) -> float:
    """Return the mean AUC of a plain pipeline over the plan's folds."""
    y = (frame["Churn"] == "Yes").to_numpy()
    features = frame.drop(columns=["Churn", "customerID"])
    features["TotalCharges"] = pd.to_numeric(features["TotalCharges"], errors="coerce").fillna(0)
    numbers = ["tenure", "MonthlyCharges", "TotalCharges"]
    texts = [name for name in features.columns if name not in numbers]
    scores: list[float] = []
    for fold in plan.folds:
        encode = make_column_transformer(
            (StandardScaler(), numbers), (OneHotEncoder(handle_unknown="ignore", sparse_output=False), texts)
        )
        fitted = make_pipeline(encode, model).fit(features.iloc[fold.train], y[fold.train])
        chances = fitted.predict_proba(features.iloc[fold.test])[:, 1]
        scores.append(float(roc_auc_score(y[fold.test], chances)))
    return float(np.mean(scores))
