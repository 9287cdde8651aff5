"""The rows that features are computed for and judged on, as they lie in a run's folder."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd

from axagents.ml.columns import ColumnSpec, infer_columns
from axagents.ml.features.spec import FeatureSpec
from axagents.ml.problem import Problem, define_problem

MOST_JUDGED_ROWS = 20_000
SPINE_FILE = "spine.parquet"


def write_spine(folder: Path, spine: pd.DataFrame) -> None:
    """Keep the run's spine."""
    spine.to_parquet(folder / SPINE_FILE, index=False)


def read_spine(folder: Path) -> pd.DataFrame:
    """Return the run's spine."""
    return pd.read_parquet(folder / SPINE_FILE)


def judged_rows(spine: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Return the rows that features are chosen and judged on: all, or 20,000 drawn at random, renumbered."""
    if len(spine) > MOST_JUDGED_ROWS:
        drawn = np.random.default_rng(seed).choice(len(spine), MOST_JUDGED_ROWS, replace=False)
        spine = spine.iloc[np.sort(drawn)]
    return spine.assign(row=np.arange(len(spine))).reset_index(drop=True)


def one_row_each(spine: pd.DataFrame, most: int = 500) -> pd.DataFrame:
    """Return the last row of each of the first entities, renumbered."""
    last = spine.sort_values("as_of").drop_duplicates("entity", keep="last").sort_values("row").head(most)
    return last.assign(row=np.arange(len(last))).reset_index(drop=True)


def write_frame(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame of features."""
    frame.to_parquet(path, index=False)


def read_frame(path: Path) -> pd.DataFrame:
    """Return a frame of features."""
    return pd.read_parquet(path)


def make_problem(spine: pd.DataFrame, features: pd.DataFrame, *, spec: FeatureSpec, target: str) -> Problem:
    """Return the learning problem of a spine's rows and their features; entities tie rows together."""
    frame = cast("pd.DataFrame", features[list(spec.names)]).copy()
    columns = [
        _feature_column(cast("pd.Series", frame[each.name]), text=each.dtype == "string") for each in spec.features
    ]
    frame[target], frame["__entity"] = spine["label"].to_numpy(), spine["entity"].astype(str).to_numpy()
    known = infer_columns(cast("pd.DataFrame", frame[[target, "__entity"]]))
    extra: list[Any] = [known[0], known[1].model_copy(update={"kind": "identifier", "dtype": "string"})]
    return define_problem(frame, [*columns, *extra], target=target, features=list(spec.names), entity="__entity")


def _feature_column(values: pd.Series, *, text: bool) -> ColumnSpec:
    return ColumnSpec(
        name=str(values.name),
        kind="category" if text else "numeric",
        dtype="string" if text else "number",
        rows=len(values),
        missing=int(values.isna().sum()),
        distinct=int(values.nunique()),
    )
