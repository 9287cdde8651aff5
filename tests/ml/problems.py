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
    """Customers of whom the loyal stay longer, sign longer, call less: several columns share one signal, AUC ~ .8."""
    rng = np.random.default_rng(seed)
    loyal = rng.normal(size=rows)

    def seen(noise: float) -> np.ndarray:
        return loyal + rng.normal(0, noise, rows)

    return pd.DataFrame(
        {
            "tenure": np.clip(36 + 16 * seen(0.9), 1, 72).round(),
            "contract": np.select([seen(0.9) > 1.2, seen(0.9) > 0.2], ["two years", "year"], "month"),
            "charge": np.where(rng.random(rows) < 0.05, np.nan, (65 - 12 * seen(1.0)).round(2)),
            "calls": rng.poisson(np.exp(0.6 - 0.5 * seen(0.7))),
            "discount": np.where(seen(1.0) > 0.5, "yes", "no"),
            "region": rng.choice(list("abcde"), rows),
            "churned": np.where(rng.random(rows) < 1 / (1 + np.exp(0.9 + 2.2 * loyal)), "Yes", "No"),
        }
    )
