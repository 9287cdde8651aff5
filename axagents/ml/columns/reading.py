"""How the values of one column are read: as numbers, dates, booleans or texts."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from axagents.ml.columns.dates import detect_compact, detect_dates, detect_epoch
from axagents.ml.columns.numbers import detect_numbers
from axagents.ml.columns.parse import clean_text, finite
from axagents.ml.columns.spec import Dtype, NumberFormat
from axagents.ml.columns.tokens import BOOLEAN_PAIRS, is_missing_token, names_time

# A country code column holds NA for Namibia beside other codes of two letters.
_MIN_CODES = 5
_MAX_SUFFIXED = 50
# Beyond it a float64 no longer tells one whole number from the next.
EXACT_WHOLE = 2**53


@dataclass(frozen=True)
class Reading:
    """How one column is read; the fields are those of ColumnSpec."""

    dtype: Dtype
    missing_tokens: tuple[str, ...] = ()
    kept_tokens: tuple[str, ...] = ()
    true_tokens: tuple[str, ...] = ()
    false_tokens: tuple[str, ...] = ()
    date_format: str | None = None
    number_format: NumberFormat | None = None
    suffix: str = ""
    because: str = ""


def read_column(values: pd.Series, name: str, *, is_time: bool = False) -> Reading:
    """Find how a column's values are read."""
    dtype = values.dtype
    if pd.api.types.is_bool_dtype(dtype):
        return Reading("boolean", true_tokens=("true", "1"), false_tokens=("false", "0"), because="stored as booleans")
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return Reading("date", because="stored as times")
    if pd.api.types.is_numeric_dtype(dtype):
        return _read_native_numbers(values, name, is_time=is_time)
    return _read_text(values, name, is_time=is_time)


def _read_native_numbers(values: pd.Series, name: str, *, is_time: bool) -> Reading:
    present = finite(values).dropna()
    if present.empty:
        return Reading("number", because="no value at all")
    if pd.api.types.is_integer_dtype(dtype := values.dtype) and float(present.abs().max()) > EXACT_WHOLE:
        return Reading("string", because=f"{dtype} too long for arithmetic")
    few = present.iloc[:1000].unique()
    if len(few) <= 2 and set(present.unique()) == {0, 1}:
        return Reading("boolean", true_tokens=("1",), false_tokens=("0",), because="only 0 and 1")
    if is_whole(present):
        date_format = _whole_date_format(present, likely=is_time or names_time(name))
        if date_format:
            return Reading("date", date_format=date_format, because=f"whole numbers that are times ({date_format})")
    return Reading("number", because="numbers")


def is_whole(numbers: pd.Series) -> bool:
    """Say whether all of the numbers, none of them missing, are whole."""
    return bool(np.all(np.mod(numbers.to_numpy(dtype="float64"), 1.0) == 0.0))


def _whole_date_format(values: pd.Series, *, likely: bool) -> str | None:
    if not likely:
        return None
    return "%Y%m%d" if detect_compact(values) else detect_epoch(values)


def _read_text(values: pd.Series, name: str, *, is_time: bool) -> Reading:
    texts = clean_text(values)
    counted = texts.value_counts()
    counts = {str(token): int(count) for token, count in counted.items()}
    gone = tuple(sorted(token for token in counts if is_missing_token(token)))
    kept = _kept_codes(counts, gone)
    gone = tuple(token for token in gone if token not in kept)
    solid = {token: count for token, count in counts.items() if token not in gone}
    if not solid:
        return Reading("string", missing_tokens=gone, because="no value at all")
    found = _read_boolean(solid, gone) or _read_dates(solid, gone, likely=is_time or names_time(name))
    if found is not None:
        return found
    numbers = None if kept else detect_numbers(solid)
    if numbers is not None:
        strays = (*gone, *numbers.strays)
        because = numbers.because + (", blanks read as missing" if "" in gone else "")
        return Reading("number", strays, number_format=numbers.number_format, because=because)
    return Reading("string", gone, kept, suffix=_common_suffix(solid), because="")


def _read_boolean(solid: dict[str, int], gone: tuple[str, ...]) -> Reading | None:
    folded = {token.casefold() for token in solid}
    for true, false in BOOLEAN_PAIRS:
        if folded == {true, false}:
            because = f"only {' and '.join(sorted(solid))}"
            return Reading("boolean", gone, true_tokens=(true,), false_tokens=(false,), because=because)
    return None


def _read_dates(solid: dict[str, int], gone: tuple[str, ...], *, likely: bool) -> Reading | None:
    dates = detect_dates(solid)
    if dates is not None and (likely or dates.date_format != "%Y%m%d"):
        strays = (*gone, *dates.strays)
        return Reading("date", strays, date_format=dates.date_format, because=dates.because)
    if likely and all(token.isdigit() and len(token) in (10, 13) for token in solid):
        date_format = detect_epoch(pd.Series([float(token) for token in solid]))
        if date_format:
            because = f"whole numbers that are times ({date_format})"
            return Reading("date", gone, date_format=date_format, because=because)
    return None


def _kept_codes(counts: dict[str, int], gone: tuple[str, ...]) -> tuple[str, ...]:
    codes = [token for token in counts if len(token) == 2 and token.isalpha() and token.isupper()]
    others = [token for token in counts if token not in gone]
    if "NA" in gone and len(codes) > _MIN_CODES and set(others) <= set(codes):
        return ("NA",)
    return ()


def _common_suffix(solid: dict[str, int]) -> str:
    if len(solid) <= _MAX_SUFFIXED and all(len(token) > 1 and token.endswith(".") for token in solid):
        return "."
    return ""
