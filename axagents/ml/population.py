"""Simulate a company's customers and their purchases, with the truth about who leaves and why.

Each customer's probability of leaving is a known logistic function of what is in the tables, and whether they leave is
one draw from it. Purchases before the cutoff are drawn first, the features are counted from them, and purchases after
the cutoff follow the draw: a customer who left has none within the label window, one who stayed has at least one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

LABEL_WINDOW_DAYS = 90
HISTORY_DAYS = 360

PLANS = ("basic", "standard", "premium")
REGIONS = ("north", "south", "east", "west")
GENDERS = ("female", "male")
REASONS = ("moved away", "too expensive", "competitor", "no longer needed")

EFFECTS = {
    "intercept": -3.00,
    "recency_days > 45": 1.80,
    "frequency < 5": 1.30,
    "tenure_months < 12": 1.20,
    "support_tickets": 0.35,
    "support_tickets >= 3 and late_payments >= 1": 1.80,
    "late_payments": 0.35,
    "plan=premium": -0.60,
    "monthly_charges > 80 and tenure_months < 24": 1.60,
    "region=south": 0.60,
    "gender=female": 0.0,
    "age": 0.0,
}
"""Coefficients on the log-odds of leaving; gender has no effect of its own, region=south has one."""


@dataclass(frozen=True)
class Population:
    """A simulated snapshot.

    Attributes:
        customers: one row a customer, as a user would get it.
        purchases: customer_id, purchased_at, amount, category; before and after the cutoffs.
        probability: the true probability of leaving of each row of `customers`, shape (rows,).
    """

    customers: pd.DataFrame
    purchases: pd.DataFrame
    probability: np.ndarray

    def purchases_of(self, snapshot: datetime) -> pd.DataFrame:
        """Return the purchases, before and after, of the customers seen at `snapshot`."""
        seen = self.customers.loc[self.customers["snapshot_date"] == pd.Timestamp(snapshot), "customer_id"]
        return self.purchases.loc[self.purchases["customer_id"].isin(seen)].reset_index(drop=True)


def simulate(rows: int, cutoffs: tuple[datetime, ...], *, first_id: int, seed: int) -> Population:
    """Simulate `rows` customers, each seen at one of the `cutoffs` (a row's `snapshot_date`)."""
    rng = np.random.default_rng(seed)
    customers = _traits(rng, rows, first_id)
    customers["snapshot_date"] = np.sort(rng.choice(np.array(cutoffs, dtype="datetime64[s]"), rows))
    history = _purchases_before(rng, customers)
    customers = customers.merge(_summed(history, customers), on="customer_id", how="left")
    probability = leaving_probability(customers)
    left = rng.random(rows) < probability
    later = _purchases_after(rng, customers, left)
    told = left & (rng.random(rows) < 0.8)
    customers["closed_reason"] = pd.Series(rng.choice(REASONS, rows), dtype=object).where(told)
    customers["is_churned"] = left.astype(int)
    _leave_blanks(rng, customers)
    purchases = pd.concat([history, later]).sort_values(["purchased_at", "customer_id"], ignore_index=True)
    return Population(customers, purchases, probability)


def leaving_terms(customers: pd.DataFrame) -> pd.DataFrame:
    """Return the terms that `EFFECTS` weighs, one column each, without the intercept and those of no effect."""
    recency, tenure = customers["recency_days"], customers["tenure_months"]
    tickets, late = customers["support_tickets"], customers["late_payments"]
    terms = {
        "recency_days > 45": recency > 45,
        "frequency < 5": customers["frequency"] < 5,
        "tenure_months < 12": tenure < 12,
        "support_tickets": tickets,
        "support_tickets >= 3 and late_payments >= 1": (tickets >= 3) & (late >= 1),
        "late_payments": late,
        "plan=premium": customers["plan"] == "premium",
        "monthly_charges > 80 and tenure_months < 24": (customers["monthly_charges"] > 80) & (tenure < 24),
        "region=south": customers["region"] == "south",
    }
    return pd.DataFrame(terms).astype(float)


def leaving_probability(customers: pd.DataFrame) -> np.ndarray:
    """Return the true probability of leaving, shape (rows,)."""
    terms = leaving_terms(customers)
    odds = EFFECTS["intercept"] + terms.to_numpy() @ np.array([EFFECTS[name] for name in terms.columns])
    return 1 / (1 + np.exp(-odds))


def _traits(rng: np.random.Generator, rows: int, first_id: int) -> pd.DataFrame:
    plan = rng.choice(PLANS, rows, p=(0.45, 0.35, 0.20))
    base = pd.Series(plan).map({"basic": 45.0, "standard": 65.0, "premium": 95.0}).to_numpy()
    return pd.DataFrame(
        {
            "customer_id": [f"C{number:06d}" for number in range(first_id, first_id + rows)],
            "gender": rng.choice(GENDERS, rows),
            "age": np.clip(rng.normal(44, 14, rows).round(), 18, 90).astype(int),
            "region": rng.choice(REGIONS, rows, p=(0.3, 0.2, 0.25, 0.25)),
            "plan": plan,
            "tenure_months": np.clip(rng.gamma(2.0, 14.0, rows).round(), 1, 120).astype(int),
            "monthly_charges": np.clip(rng.normal(base, 12), 15, 160).round(2),
            "support_tickets": rng.poisson(1.2, rows),
            "late_payments": rng.poisson(0.7, rows),
            "autopay": rng.choice(("Yes", "No"), rows, p=(0.6, 0.4)),
        }
    )


def _purchases_before(rng: np.random.Generator, customers: pd.DataFrame) -> pd.DataFrame:
    rate = rng.gamma(2.5, 3.2, len(customers))
    counts = 1 + rng.poisson(rate)
    owner = np.repeat(np.arange(len(customers)), counts)
    days_ago = rng.beta(0.9, 1.4, owner.size) * (HISTORY_DAYS - 1) + rng.random(owner.size)
    return _purchase_rows(rng, customers, owner=owner, days=-days_ago)


def _purchases_after(rng: np.random.Generator, customers: pd.DataFrame, left: np.ndarray) -> pd.DataFrame:
    counts = np.where(left, 0, 1 + rng.poisson(1.5, len(customers)))
    owner = np.repeat(np.arange(len(customers)), counts)
    days = rng.random(owner.size) * (LABEL_WINDOW_DAYS - 1) + 0.5
    return _purchase_rows(rng, customers, owner=owner, days=days)


def _purchase_rows(
    rng: np.random.Generator, customers: pd.DataFrame, *, owner: np.ndarray, days: np.ndarray
) -> pd.DataFrame:
    snapshot = customers["snapshot_date"].to_numpy()[owner]
    return pd.DataFrame(
        {
            "customer_id": customers["customer_id"].to_numpy()[owner],
            "purchased_at": snapshot + (days * 86_400).astype("timedelta64[s]"),
            "amount": np.clip(rng.lognormal(3.2, 0.6, owner.size), 1, 2_000).round(2),
            "category": rng.choice(("home", "garden", "sports", "books", "toys"), owner.size),
        }
    )


def _summed(history: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    joined = history.merge(customers[["customer_id", "snapshot_date"]], on="customer_id")
    age = (joined["snapshot_date"] - joined["purchased_at"]).dt.total_seconds() / 86_400
    grouped = joined.assign(age=age).groupby("customer_id")
    summed = grouped.agg(recency_days=("age", "min"), frequency=("age", "size"), monetary=("amount", "sum"))
    return summed.assign(
        recency_days=summed["recency_days"].round(1), monetary=summed["monetary"].round(2)
    ).reset_index()


def _leave_blanks(rng: np.random.Generator, customers: pd.DataFrame) -> None:
    for column, share in (("age", 0.03), ("monthly_charges", 0.02)):
        customers[column] = customers[column].astype(float).where(rng.random(len(customers)) >= share)


def snapshot_days(last: datetime, months: int) -> tuple[datetime, ...]:
    """Return `months` snapshot dates thirty days apart, the last one being `last`, at midnight."""
    day = last.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    return tuple(day - timedelta(days=30 * back) for back in reversed(range(months)))


def churn_rate(population: Population) -> float:
    """Return the share of customers that left."""
    return float(population.customers["is_churned"].to_numpy().mean())


def oracle_auc(population: Population) -> float:
    """Return the AUC of the true probabilities against the drawn labels: no model can expect more."""
    ranks = pd.Series(population.probability).rank().to_numpy()
    left = population.customers["is_churned"].to_numpy() == 1
    pairs = left.sum() * (~left).sum()
    return float((ranks[left].sum() - left.sum() * (left.sum() + 1) / 2) / pairs)


def drift(customers: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return a copy in which charges rose and customers became newer, and what was done to each column."""
    moved = customers.assign(
        monthly_charges=(customers["monthly_charges"] * 1.25 + 6).round(2),
        tenure_months=(customers["tenure_months"] * 0.55).round().clip(lower=1).astype(int),
    )
    return moved, {"monthly_charges": "times 1.25 plus 6", "tenure_months": "times 0.55"}


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, dates as dates where no time of day is in them."""
    frame.to_csv(path, index=False, lineterminator="\n")
