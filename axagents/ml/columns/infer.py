"""What each column of a frame is: identifier, number, boolean, category, date, text, constant or empty."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from axagents.ml.columns.parse import parse_column
from axagents.ml.columns.reading import EXACT_WHOLE, Reading, is_whole, read_column
from axagents.ml.columns.spec import ColumnSpec, Kind
from axagents.ml.columns.tokens import names_identifier, names_postal_code, names_row_number, split_name

# Fewer rows than this say nothing about uniqueness.
_MIN_ROWS = 20
_NEAR_UNIQUE = 0.95
_MANY = 1_000
_LONG_DIGITS = re.compile(r"^-?\d{16,}$")
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")
_UUID = re.compile(r"^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$", re.IGNORECASE)
_LOOK_AT = 2_000


def infer_columns(
    frame: pd.DataFrame, *, target: str | None = None, entity: str | None = None, time: str | None = None
) -> tuple[ColumnSpec, ...]:
    """Infer every column of a frame.

    The target is never taken for an identifier, the entity always is one, and the time is read as a date
    where its values allow it.
    """
    held: Any = frame
    return tuple(
        infer_column(held[name], is_target=name == target, is_entity=name == entity, is_time=name == time)
        for name in frame.columns
    )


def infer_column(
    values: pd.Series, *, is_target: bool = False, is_entity: bool = False, is_time: bool = False
) -> ColumnSpec:
    """Infer one column from its values and its name."""
    name = str(values.name)
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(object)
    reading = read_column(values, name, is_time=is_time)
    draft = _draft(name, reading)
    parsed = parse_column(values, draft)
    facts = {"rows": len(parsed), "missing": int(parsed.isna().sum()), "distinct": int(parsed.nunique())}
    draft = draft.model_copy(update=facts | {"whole": _is_whole(draft, parsed)})
    kind, because = _choose_kind(draft, parsed, is_target=is_target, is_entity=is_entity)
    update: dict[str, Any] = {"kind": kind, "because": because or reading.because}
    if kind in ("identifier", "category") and draft.dtype == "number":
        update |= {"dtype": "string", "whole": False, "number_format": None}
    return draft.model_copy(update=update)


def _draft(name: str, reading: Reading) -> ColumnSpec:
    known = asdict(reading)
    if reading.number_format is not None:
        known["number_format"] = reading.number_format
    return ColumnSpec(name=name, kind="category", rows=0, missing=0, distinct=0, **known)


def _is_whole(spec: ColumnSpec, parsed: pd.Series) -> bool:
    if spec.dtype != "number":
        return spec.dtype == "boolean"
    present = parsed.dropna()
    return len(present) > 0 and is_whole(present)


def _choose_kind(spec: ColumnSpec, parsed: pd.Series, *, is_target: bool, is_entity: bool) -> tuple[Kind, str]:
    if spec.present == 0:
        return "empty", "no value at all"
    if is_entity:
        return "identifier", "declared as the entity"
    if spec.distinct == 1:
        return "constant", "one value only"
    if spec.dtype == "boolean":
        return "boolean", ""
    if spec.dtype == "date":
        return "date", ""
    if spec.dtype == "number":
        return ("numeric", "") if is_target else _choose_number_kind(spec, parsed)
    return ("category", "texts that repeat") if is_target else _choose_text_kind(spec, parsed)


def _choose_number_kind(spec: ColumnSpec, parsed: pd.Series) -> tuple[Kind, str]:
    if not spec.whole:
        return "numeric", ""
    unique = spec.distinct / spec.present
    if names_postal_code(spec.name):
        return "category", "named as a postal code"
    if names_identifier(spec.name):
        if unique >= 0.5 or spec.distinct > _MANY:
            return "identifier", "named as an identifier"
        return ("category", "codes, named as an identifier") if spec.present >= _MIN_ROWS else ("numeric", "")
    if float(parsed.abs().max()) > EXACT_WHOLE:
        return "identifier", "whole numbers too long for arithmetic"
    if _numbers_rows(spec, parsed):
        return "identifier", "counts the rows"
    return "numeric", ""


def _numbers_rows(spec: ColumnSpec, parsed: pd.Series) -> bool:
    if spec.distinct < spec.present or spec.missing or "year" in split_name(spec.name):
        return False
    span = float(parsed.max()) - float(parsed.min()) + 1
    dense = span == spec.present and (parsed.is_monotonic_increasing or parsed.is_monotonic_decreasing)
    return dense and (names_row_number(spec.name) or spec.present >= _MANY)


def _choose_text_kind(spec: ColumnSpec, parsed: pd.Series) -> tuple[Kind, str]:
    uniques = [str(value) for value in parsed.dropna().unique()[:_LOOK_AT]]
    unique = spec.distinct / spec.present
    if spec.present >= _MIN_ROWS and _share(uniques, _EMAIL) >= 0.9 and unique > 0.2:
        return "identifier", "e-mail addresses"
    if _share(uniques, _UUID) >= 0.9:
        return "identifier", "universally unique identifiers"
    if _share(uniques, _LONG_DIGITS) >= 0.9:
        return "identifier", "digits too long for arithmetic"
    if names_identifier(spec.name) and (unique >= 0.5 or spec.distinct > _MANY):
        return "identifier", "named as an identifier"
    if _reads_as_prose(uniques) and unique > 0.2:
        return "text", "several words, seldom repeated"
    if spec.present >= _MIN_ROWS and unique >= _NEAR_UNIQUE:
        if _looks_coded(uniques):
            return "identifier", "codes that hardly ever repeat"
        return "text", "hardly ever repeated"
    if spec.present >= 2 * _MIN_ROWS and unique > 0.5 and spec.distinct > 100:
        return ("identifier", "codes that seldom repeat") if _looks_coded(uniques) else ("text", "seldom repeated")
    return "category", "texts that repeat"


def _share(tokens: Sequence[str], pattern: re.Pattern[str]) -> float:
    return sum(1 for token in tokens if pattern.match(token)) / len(tokens) if tokens else 0.0


def _reads_as_prose(tokens: Sequence[str]) -> bool:
    if len(tokens) <= _MIN_ROWS:
        return False
    words = sum(len(token.split()) for token in tokens) / len(tokens)
    length = sum(len(token) for token in tokens) / len(tokens)
    return words >= 4 or length > 60


def _looks_coded(tokens: Sequence[str]) -> bool:
    solid = [token for token in tokens if " " not in token]
    numbered = [token for token in solid if any(sign.isdigit() for sign in token)]
    return len(solid) >= 0.95 * len(tokens) and len(numbered) >= 0.5 * len(tokens)
