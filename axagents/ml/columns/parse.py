"""Values as they lie in a file, turned into numbers, dates, booleans and texts by their column's specification."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from axagents.errors import UserError
from axagents.ml.columns.spec import ColumnSpec, NumberFormat
from axagents.ml.columns.tokens import is_missing_token


def prepare_frame(frame: pd.DataFrame, columns: Sequence[ColumnSpec]) -> pd.DataFrame:
    """Parse the given columns of a frame, in the order given; the index stays, other columns are left out.

    Values that cannot be read become missing. Raises UserError when a column is not in the frame.
    Parsing a frame that was parsed before changes nothing.
    """
    absent = [spec.name for spec in columns if spec.name not in frame.columns]
    if absent:
        raise UserError(
            f"column {absent[0]!r} is not in the data", field=absent[0], legal=tuple(str(c) for c in frame.columns)
        )
    held: Any = frame
    return pd.DataFrame({spec.name: parse_column(held[spec.name], spec) for spec in columns}, index=frame.index)


def parse_column(values: pd.Series, spec: ColumnSpec) -> pd.Series:
    """Parse one column; see ColumnSpec for the types that come out."""
    if spec.dtype == "number":
        return _parse_numbers(values, spec)
    if spec.dtype == "boolean":
        return _parse_booleans(values, spec)
    if spec.dtype == "date":
        return _parse_dates(values, spec)
    return _parse_strings(values, spec)


def clean_text(values: pd.Series) -> pd.Series:
    """Return stripped texts, None where there is no value; whole floats lose their '.0'."""
    return map_unique(values, _clean_value)


def map_unique(values: pd.Series, function: Any) -> pd.Series:
    """Apply a function to each different value once; missing values give None."""
    codes, uniques = pd.factorize(values, use_na_sentinel=True)
    mapped = np.empty(len(uniques) + 1, dtype=object)
    for place, value in enumerate(uniques):
        mapped[place] = function(value)
    mapped[-1] = None
    return pd.Series(mapped[codes], index=values.index, name=values.name, dtype=object)


def read_number_tokens(tokens: pd.Series, number_format: NumberFormat) -> pd.Series:
    """Read stripped texts as numbers, NaN where that fails; parentheses mean negative."""
    text = tokens.astype(object)
    if number_format.parentheses:
        text = text.str.replace(r"^\((.*)\)$", r"-\1", regex=True)
    for unit in number_format.units:
        text = text.str.replace(unit, "", regex=False)
    text = text.str.strip()
    if number_format.thousands:
        text = text.str.replace(number_format.thousands, "", regex=False)
    if number_format.decimal != ".":
        text = text.str.replace(number_format.decimal, ".", regex=False)
    numbers: Any = pd.to_numeric(text, errors="coerce")
    return finite(numbers)


def finite(values: pd.Series) -> pd.Series:
    """Return float64 values with infinities read as missing."""
    numbers = values.to_numpy(dtype="float64", na_value=np.nan)
    return pd.Series(np.where(np.isfinite(numbers), numbers, np.nan), index=values.index, name=values.name)


def read_date_tokens(tokens: pd.Series, date_format: str) -> pd.Series:
    """Read stripped texts as naive UTC times of nanoseconds, NaT where that fails."""
    if date_format in ("epoch-s", "epoch-ms"):
        unit = "s" if date_format == "epoch-s" else "ms"
        numbers: Any = pd.to_numeric(tokens, errors="coerce")
        return pd.to_datetime(numbers, unit=unit, errors="coerce").astype("datetime64[ns]")
    if date_format != "iso":
        return _read_dates(tokens, date_format)
    # pandas 2.3 gives a time without an offset the offset of the one before it, so the two are read apart.
    shifted = tokens.str.contains(r"\d(?:Z|[+-]\d{2}:?\d{2})$", na=False).astype(bool)
    return _read_dates(tokens.where(~shifted), "ISO8601").fillna(_read_dates(tokens.where(shifted), "ISO8601"))


def _read_dates(tokens: pd.Series, pattern: str) -> pd.Series:
    parsed = pd.to_datetime(tokens, format=pattern, errors="coerce", utc=True)
    return parsed.dt.tz_localize(None).astype("datetime64[ns]")


def _clean_value(value: Any) -> str:
    if type(value) is str:
        return value.strip()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace").strip()
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _parse_numbers(values: pd.Series, spec: ColumnSpec) -> pd.Series:
    if pd.api.types.is_bool_dtype(values.dtype) or pd.api.types.is_numeric_dtype(values.dtype):
        return finite(values)
    codes, uniques = pd.factorize(values, use_na_sentinel=True)
    tokens = pd.Series([_clean_value(value) for value in uniques], dtype=object)
    parsed = read_number_tokens(tokens, spec.number_format or NumberFormat()).to_numpy()
    return pd.Series(_take(parsed, codes, np.nan), index=values.index, name=values.name, dtype="float64")


def _parse_booleans(values: pd.Series, spec: ColumnSpec) -> pd.Series:
    truths = {*spec.true_tokens, "true", "1", "1.0"}
    lies = {*spec.false_tokens, "false", "0", "0.0"}

    def read(value: Any) -> float:
        token = _clean_value(value).casefold().removesuffix(spec.suffix)
        return 1.0 if token in truths else 0.0 if token in lies else np.nan

    return map_unique(values, read).astype("float64")


def _parse_dates(values: pd.Series, spec: ColumnSpec) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        native = values
        if native.dt.tz is not None:
            native = native.dt.tz_convert("UTC").dt.tz_localize(None)
        return _in_bounds(native).astype("datetime64[ns]")
    codes, uniques = pd.factorize(values, use_na_sentinel=True)
    tokens = pd.Series([_clean_value(value) for value in uniques], dtype=object)
    parsed = read_date_tokens(tokens, spec.date_format or "iso").to_numpy(dtype="datetime64[ns]")
    return pd.Series(_take(parsed, codes, np.datetime64("NaT", "ns")), index=values.index, name=values.name)


def _in_bounds(moments: pd.Series) -> pd.Series:
    """Return moments with those missing that nanoseconds cannot hold, such as 9999-12-31 for never."""
    if moments.dtype == "datetime64[ns]":
        return moments
    return moments.where((moments >= pd.Timestamp.min) & (moments <= pd.Timestamp.max))


def _parse_strings(values: pd.Series, spec: ColumnSpec) -> pd.Series:
    gone = set(spec.missing_tokens)
    kept = set(spec.kept_tokens)

    def read(value: Any) -> str | None:
        token = _clean_value(value)
        if token in gone or (token not in kept and is_missing_token(token)):
            return None
        return token.removesuffix(spec.suffix)

    return map_unique(values, read)


def _take(parsed: np.ndarray, codes: np.ndarray, missing: Any) -> np.ndarray:
    padded = np.append(parsed, np.array([missing], dtype=parsed.dtype))
    return padded[codes]
