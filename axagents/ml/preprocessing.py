"""Columns made into numbers: what needs no learning here, what does as a ColumnTransformer that skops can save."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from axagents.ml.columns import ColumnSpec, prepare_frame
from axagents.ml.problem import column_of

Style = Literal["none", "linear", "tree"]
MISSING = "(missing)"

_LARGEST = 1e30  # beyond it float32, in which trees compare, overflows
MOST_ONE_HOT = 50
_MANY_ROWS = 20_000
_DAY = np.timedelta64(1, "D")


def feature_matrix(frame: pd.DataFrame, columns: Sequence[ColumnSpec]) -> pd.DataFrame:
    """Parse a raw or prepared frame into numbers (dates as days since 1970) and texts without gaps."""
    return prepared_matrix(prepare_frame(frame, columns))


def prepared_matrix(prepared: pd.DataFrame) -> pd.DataFrame:
    """Return the matrix of a frame that `prepare_frame` parsed."""
    return pd.DataFrame(
        {name: _column_matrix(column_of(prepared, name)) for name in prepared.columns}, index=prepared.index
    )


def text_columns(columns: Sequence[ColumnSpec]) -> list[str]:
    """Return the names of the columns that a matrix holds as texts."""
    return [spec.name for spec in columns if spec.dtype == "string"]


def needs_encoding(columns: Sequence[ColumnSpec], style: Style) -> bool:
    """Say whether this style needs a ColumnTransformer in front: trees take numbers with gaps as they are."""
    return style == "linear" or (style == "tree" and bool(text_columns(columns)))


def make_encoder(matrix: pd.DataFrame, columns: Sequence[ColumnSpec], *, style: Style) -> ColumnTransformer:
    """Return an unfitted encoder for the matrix of these columns.

    linear: medians and missing marks, scaled; one-hot, of more than 50 categories the most frequent. tree: numbers as
    they are; one-hot up to 15 categories (4 above 20,000 rows), ordinal codes beyond. No encoding looks at the target.
    """
    texts = text_columns(columns)
    numbers = [spec.name for spec in columns if spec.name not in texts]
    if style == "linear":
        scaled = Pipeline([("fill", SimpleImputer(strategy="median", add_indicator=True)), ("scale", StandardScaler())])
        steps: list[tuple[str, Any, list[str]]] = [
            ("numbers", scaled, numbers),
            ("texts", _one_hot(matrix, texts), texts),
        ]
    else:
        most = 4 if len(matrix) > _MANY_ROWS else 15
        few = [name for name in texts if column_of(matrix, name).nunique() <= most]
        many = [name for name in texts if name not in few]
        steps = [("numbers", "passthrough", numbers), ("few", _one_hot(matrix, few), few), ("many", _ordinal(), many)]
    return ColumnTransformer([step for step in steps if step[2]], sparse_threshold=0.0, verbose_feature_names_out=False)


def encoded_places(encoder: ColumnTransformer) -> dict[str, list[int]]:
    """Return, for a fitted encoder of `make_encoder`, which columns of its output each column of the matrix gives."""
    places: dict[str, list[int]] = {}
    at = 0
    for name, step, columns in encoder.transformers_:
        if name == "remainder":
            continue
        widths = _output_widths(step, len(columns))
        for column, width in zip(columns, widths, strict=True):
            places[str(column)] = list(range(at, at + width))
            at += width
        for marked in _marked_columns(step):
            places[str(columns[marked])].append(at)
            at += 1
    return places


def _marked_columns(step: Any) -> list[int]:
    """The columns for which a mark of missing values stands behind the numbers."""
    filled: Any = step["fill"] if isinstance(step, Pipeline) else None
    return [] if filled is None or filled.indicator_ is None else filled.indicator_.features_.tolist()


def _output_widths(step: Any, columns: int) -> list[int]:
    if isinstance(step, OneHotEncoder):
        return [len(each) for each in step.categories_]
    return [1] * columns


def _one_hot(matrix: pd.DataFrame, names: list[str]) -> OneHotEncoder:
    """One column for each category; of very many, for the most frequent. The others, and unseen ones, are all zeros."""
    # Naming the categories spares the encoder's own count of rare ones, which is a Python loop over the rows.
    kept: Any = [_most_frequent(column_of(matrix, name)) for name in names]
    single: Any = np.float32
    return OneHotEncoder(categories=kept, handle_unknown="ignore", sparse_output=False, dtype=single)


def _most_frequent(values: pd.Series) -> np.ndarray:
    return np.sort(values.value_counts().index.to_numpy(dtype=object)[:MOST_ONE_HOT])


def _ordinal() -> OrdinalEncoder:
    single: Any = np.float32
    return OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, dtype=single)


def _column_matrix(values: pd.Series) -> pd.Series:
    if values.dtype == object:
        return values.where(values.notna(), MISSING)
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        days = (values.to_numpy(dtype="datetime64[ns]") - np.datetime64(0, "ns")) / _DAY
        return pd.Series(days, index=values.index, name=values.name, dtype="float64")
    return values.astype("float64").clip(-_LARGEST, _LARGEST)
