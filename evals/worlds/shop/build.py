"""A shop: purchases with a cutoff, visits without one, two summaries that leak, moments to predict at, own features.

What is true of them is counted here with pandas and scikit-learn from the frames alone, never by the tools under test.
"""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from axagents.project import Project, open_project
from axagents.stores.datasets.catalog import add_dataset
from axagents.stores.datasets.record import Declarations

SETTINGS = "[train]\nsearch_seconds = 3\nfolds = 3\n"
FIRST = datetime.fromisoformat("2026-01-01")
CUTOFF, HORIZON = datetime.fromisoformat("2026-05-01"), timedelta(days=60)
EARLIER = datetime.fromisoformat("2026-04-01")
TIES = {"entity": "customer", "time": "bought_at", "cutoff": CUTOFF.isoformat(), "label_window": "60d"}
MINE = """\
- {name: orders, function: count}
- {name: spent, function: sum, column: amount}
- {name: spent_30d, function: sum, column: amount, window: 30d}
"""
MORE = f"{MINE}- {{name: dearest, function: max, column: amount}}\n"
FEATURES = ("orders", "spent", "spent_30d")


def build(project: Project, seed: int) -> dict[str, Any]:
    """Fill a fresh project and return what is true of it."""
    (project.root / "ax.toml").write_text(SETTINGS, encoding="utf-8")
    project = open_project(project.root)
    rng = np.random.default_rng(seed)
    purchases = draw_purchases(rng)
    summary, moments = summarise(purchases), draw_moments(purchases)
    add(project, "purchases", purchases, declared=Declarations(target="left", **TIES))
    add(project, "visits", draw_visits(rng), declared=Declarations())
    add(project, "summary", summary, declared=Declarations(target="left", entity="customer", time="last_bought"))
    before = {"cutoff": CUTOFF.isoformat(), "label_window": "60d"}
    add(
        project,
        "export",
        summary.drop(columns="last_bought"),
        declared=Declarations(target="left", entity="customer", **before),
    )
    add(project, "moments", moments, declared=Declarations(target="left", entity="customer", time="as_of"))
    (project.root / "mine.yaml").write_text(MINE, encoding="utf-8")
    (project.root / "more.yaml").write_text(MORE, encoding="utf-8")
    own = features_at(purchases, CUTOFF, known="bought_at")
    return {
        "purchases": {"events": len(purchases), "rows": len(own), "left": int(own["left"].sum())},
        "auc_of_days_quiet": float(roc_auc_score(summary["left"], summary["days_quiet"])),
        "tables": {
            "own": told(own),
            "known": told(features_at(purchases, CUTOFF, known="known_at")),
            "earlier": told(features_at(purchases, EARLIER, known="bought_at")),
            "labels": told(own[["left"]]),
            "moments": told(at_moments(purchases, moments)),
        },
    }


def draw_purchases(rng: np.random.Generator) -> pd.DataFrame:
    """Draw purchases of customers who slow down at different times; one in five becomes known days later."""
    rows: list[dict[str, Any]] = []
    for number in range(240):
        stays = rng.uniform(60, 240)
        gap = rng.uniform(4, 16)
        day = rng.exponential(gap)
        while day < min(stays, 185):
            bought = FIRST + timedelta(seconds=round(day * 86_400))
            late = timedelta(days=float(rng.uniform(1, 20))) if rng.random() < 0.2 else timedelta()
            rows.append(
                {
                    "customer": f"K{number:04d}",
                    "bought_at": bought,
                    "known_at": (bought + late).replace(microsecond=0),
                    "amount": round(float(rng.gamma(2.0, 20.0)), 2),
                    "comment": str(rng.choice(["fine", "late", "broken"])),
                }
            )
            day += rng.exponential(gap)
    return pd.DataFrame(rows).sort_values(["bought_at", "customer"], ignore_index=True)


def draw_visits(rng: np.random.Generator) -> pd.DataFrame:
    """Draw events of which nothing is declared."""
    seconds = np.sort(rng.integers(0, 180 * 86_400, 1_200))
    return pd.DataFrame(
        {
            "shopper": [f"S{number:03d}" for number in rng.integers(0, 90, len(seconds))],
            "visited_at": [FIRST + timedelta(seconds=int(each)) for each in seconds],
            "pages": rng.poisson(4, len(seconds)) + 1,
            "comment": rng.choice(["fine", "slow", "lost"], len(seconds)),
        }
    )


def summarise(purchases: pd.DataFrame) -> pd.DataFrame:
    """Sum up every customer over all time, the label's own days among them, as an export would."""
    until = CUTOFF + HORIZON
    seen = purchases[purchases["bought_at"] < until].groupby("customer")
    own = features_at(purchases, CUTOFF, known="bought_at")
    found = pd.DataFrame(
        {
            "last_bought": seen["bought_at"].max(),
            "days_quiet": (until - seen["bought_at"].max()).dt.total_seconds() / 86_400,
            "orders": seen.size(),
            "mean_amount": seen["amount"].mean().round(2),
            "comment": seen["comment"].first(),
        }
    )
    found = found.loc[own.index]
    found["left"] = own["left"]
    return found.reset_index(names="customer")


def draw_moments(purchases: pd.DataFrame) -> pd.DataFrame:
    """Lay out two moments for every customer, each with what came of it."""
    frames: list[pd.DataFrame] = []
    for moment in (EARLIER, CUTOFF):
        label = features_at(purchases, moment, known="bought_at")["left"]
        frame = label.to_frame().reset_index(names="customer")
        frame["as_of"], frame["comment"] = moment, "fine"
        frames.append(frame[["customer", "as_of", "left", "comment"]])
    return pd.concat(frames, ignore_index=True).sort_values(["customer", "as_of"], ignore_index=True)


def features_at(purchases: pd.DataFrame, moment: datetime, *, known: str) -> pd.DataFrame:
    """Compute the own features and the label by hand, from what happened and was known strictly before a moment."""
    before = purchases[(purchases["bought_at"] < moment) & (purchases[known] < moment)]
    lately = before[before["bought_at"] >= moment - timedelta(days=30)]
    who = sorted(before["customer"].unique())
    after = purchases[(purchases["bought_at"] >= moment) & (purchases["bought_at"] < moment + HORIZON)]
    return pd.DataFrame(
        {
            "orders": before.groupby("customer").size().reindex(who),
            "spent": before.groupby("customer")["amount"].sum().reindex(who),
            "spent_30d": lately.groupby("customer")["amount"].sum().reindex(who, fill_value=0.0),
            "left": [int(each not in set(after["customer"])) for each in who],
        },
        index=pd.Index(who),
    )


def at_moments(purchases: pd.DataFrame, moments: pd.DataFrame) -> pd.DataFrame:
    """Return the features of each row of the moments, by customer and day."""
    frames = [features_at(purchases, moment, known="bought_at") for moment in (EARLIER, CUTOFF)]
    for moment, frame in zip((EARLIER, CUTOFF), frames, strict=True):
        frame.index = pd.Index([f"{name} {moment.date()}" for name in frame.index])
    wanted = [f"{row.customer} {row.as_of.date()}" for row in moments.itertuples()]
    return pd.concat(frames).loc[wanted]


def told(frame: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return a table by its rows."""
    return {str(name): {str(key): float(value) for key, value in row.items()} for name, row in frame.iterrows()}


def add(project: Project, name: str, frame: pd.DataFrame, *, declared: Declarations) -> None:
    """Write a frame as CSV and put it into the catalog."""
    path = project.root / "data" / f"{name}.csv"
    path.parent.mkdir(exist_ok=True)
    frame.to_csv(path, index=False)
    add_dataset(project, name, str(path), declared=declared)
