"""The example world holds what the guide names, and its truth is true."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from axagents.demo.churn import DATASETS, DOUBLES
from tests.demo.conftest import World

NAMES = {
    "customer",
    "customers",
    "customers.csv",
    "customer_transactions",
    "customer_data_2024",
    "holdout_2024q4",
    "reference.csv",
    "current.csv",
}


def read(world: World, command: str) -> Any:
    done = world.type(f"{command} --format json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def truth_of(root: Path) -> Any:
    return json.loads((root / ".ax/demo/truth.json").read_text())


def test_the_catalog_names_what_the_guide_names(world: World) -> None:
    names = {each["name"] for each in read(world, "ax data list")["datasets"]}
    assert names >= NAMES
    assert names == {*DATASETS, *DOUBLES}  # what `ax init` says that it added


def test_the_registry_has_the_past(world: World) -> None:
    versions = read(world, "ax registry versions churn-classifier")["versions"]
    assert {each["version"]: each["stage"] for each in versions} == {
        "1.0.0": "archived",
        "1.9.0": "archived",
        "2.0.0": "production",
    }


def test_the_experiments_are_there(world: World) -> None:
    assert {each["name"] for each in read(world, "ax experiments list")["experiments"]} >= {"churn_v1", "churn_v2"}


def test_building_again_changes_nothing(world: World) -> None:
    again = world.type("ax init --demo churn")
    assert again.returncode == 0
    assert "nothing was changed" in again.stdout


def test_the_coefficients_of_the_truth_can_be_recovered(built_world: Path) -> None:
    # Independent: an almost unpenalised logistic regression of scikit-learn on the true terms.
    told = truth_of(built_world)
    frame = pd.read_csv(built_world / "data/customer_data_2024.csv").dropna(subset=["monthly_charges"])
    recency, tenure, late = frame["recency_days"], frame["tenure_months"], frame["late_payments"]
    terms = pd.DataFrame(
        {
            "recency_days > 45": recency > 45,
            "frequency < 5": frame["frequency"] < 5,
            "tenure_months < 12": tenure < 12,
            "support_tickets": frame["support_tickets"],
            "support_tickets >= 3 and late_payments >= 1": (frame["support_tickets"] >= 3) & (late >= 1),
            "late_payments": late,
            "plan=premium": frame["plan"] == "premium",
            "monthly_charges > 80 and tenure_months < 24": (frame["monthly_charges"] > 80) & (tenure < 24),
            "region=south": frame["region"] == "south",
            "gender=female": frame["gender"] == "female",
        }
    ).astype(float)
    spread = terms.std()
    fitted = LogisticRegression(C=1e6, max_iter=2_000).fit(terms / spread, frame["is_churned"])
    found = dict(zip(terms.columns, fitted.coef_[0] / spread, strict=True))
    for name, value in found.items():
        # Three standard errors of a coefficient at 8,000 rows are about .09 / spread for these terms.
        assert value == pytest.approx(told["log_odds"][name], abs=0.1 / spread[name]), name
    score = roc_auc_score(frame["is_churned"], fitted.predict_proba(terms / spread)[:, 1])
    assert score == pytest.approx(told["oracle_auc"]["customer_data_2024"], abs=0.01)


def test_who_left_bought_nothing_within_the_label_window(built_world: Path) -> None:
    told = truth_of(built_world)["calendar"]
    cutoff = pd.Timestamp(told["last_snapshot"])
    bought = pd.read_csv(built_world / "data/customer_transactions.csv", parse_dates=["purchased_at"])
    later = bought[(bought["purchased_at"] > cutoff) & (bought["purchased_at"] <= cutoff + pd.Timedelta(days=90))]
    customers = pd.read_csv(built_world / "data/customers.csv", parse_dates=["snapshot_date"])
    seen = customers[customers["snapshot_date"] == cutoff].set_index("customer_id")["is_churned"]
    stayed = seen.index.isin(set(later["customer_id"]))
    assert ((~stayed).astype(int) == seen.to_numpy()).all()
