"""Learning problems that several tests share."""

from typing import Any, cast

import numpy as np
import pandas as pd

from axagents.ml.columns import infer_columns
from axagents.ml.problem import Problem, define_problem


def make_problem(frame: pd.DataFrame, target: str, **options: Any) -> Problem:
    """Infer the columns of a frame and define its problem."""
    ties = {key: options[key] for key in ("entity", "time") if key in options}
    return define_problem(frame, infer_columns(frame, target=target, **ties), target=target, **options)


def bundled(load: Any, *, classes: tuple[str, ...] = ()) -> Problem:
    """One of scikit-learn's own data sets, its classes spelled out."""
    frame = cast("pd.DataFrame", load(as_frame=True).frame)
    if classes:
        frame = frame.assign(target=[classes[code] for code in frame["target"]])
    return make_problem(frame, "target")


def churn_frame(rows: int = 600, *, seed: int = 0) -> pd.DataFrame:
    """Customers whose churn depends on tenure and contract, with gaps, a rare category and a signal of AUC ~ .8."""
    rng = np.random.default_rng(seed)
    tenure = rng.integers(1, 73, rows)
    contract = rng.choice(["month", "year", "two years"], rows, p=[0.6, 0.25, 0.15])
    charge = rng.normal(65, 25, rows).clip(15, 130).round(2)
    logit = 0.6 - 0.05 * tenure + 1.2 * (contract == "month") + 0.01 * (charge - 65)
    return pd.DataFrame(
        {
            "tenure": tenure,
            "contract": contract,
            "charge": np.where(rng.random(rows) < 0.05, np.nan, charge),
            "region": rng.choice(list("abcde"), rows),
            "churned": np.where(rng.random(rows) < 1 / (1 + np.exp(-logit)), "Yes", "No"),
        }
    )
