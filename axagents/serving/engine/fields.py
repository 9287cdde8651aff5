"""One column of a version's schema, and how a cell of it is read."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np

Dtype = Literal["number", "boolean", "date", "string"]

MISSING = "(missing)"  # as ml/preprocessing calls a text that is not there
_NAN = math.nan
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_ISO = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?))?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_DAY_NS = 86_400 * 10**9
_ROUNDED = 40
_WORDS = {"True": "true", "False": "false", "None": "null"}


@dataclass(frozen=True)
class Field:
    """One column as `preparing` describes it from the card or the signature.

    Attributes:
        required: whether a request must bring it.
        nullable: whether the model answers rows in which it is missing.
        integers: whether only whole numbers are accepted.
        takes_numbers: whether numbers stand for texts, as in the data it was taught on.
        marks: texts, lower case, that mean missing; `gone` the same as they are written, `kept` those that are values.
        number_format: how numbers are written as texts; None when texts are no numbers.
    """

    name: str
    dtype: Dtype
    required: bool = True
    nullable: bool = True
    integers: bool = False
    takes_numbers: bool = False
    marks: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    true_tokens: tuple[str, ...] = ()
    false_tokens: tuple[str, ...] = ()
    date_format: str | None = None
    number_format: dict[str, Any] | None = None
    suffix: str = ""

    @property
    def plain(self) -> bool:
        """Whether a JSON number is all that it takes, so that many such columns are read at once."""
        return self.dtype == "number" and not self.integers and self.number_format is None


def reader(field: Field) -> Callable[[Any], Any]:
    """Return the function that reads one cell: float for numbers, booleans and dates, str for texts.

    The function raises ValueError, which says what is wrong with the cell.
    """
    made = {"number": _number, "boolean": _boolean, "date": _date, "string": _string}[field.dtype]
    return made(field)


def shown(cell: Any) -> str:
    """Return a cell as an error message quotes it."""
    if isinstance(cell, list | dict):
        return "a list" if isinstance(cell, list) else "an object"
    told = repr(cell) if isinstance(cell, str) else _WORDS.get(repr(cell), str(cell))
    return told if len(told) <= _ROUNDED else told[: _ROUNDED - 3] + "..."


def _number(field: Field) -> Callable[[Any], float]:
    marks = frozenset(field.marks)
    texts = field.number_format

    def read(cell: Any) -> float:
        kind = type(cell)
        if kind is float or kind is int:
            if field.integers and cell != int(cell):
                raise ValueError(f"{shown(cell)} is no whole number")
            return float(cell)
        if cell is None:
            return _NAN
        if kind is str and texts is not None:
            return _number_text(cell, texts, marks)
        raise ValueError(f"{shown(cell)} is no number")

    return read


def _number_text(cell: str, written: dict[str, Any], marks: frozenset[str]) -> float:
    text = cell.strip()
    if text.casefold() in marks:
        return _NAN
    if written["parentheses"] and text.startswith("(") and text.endswith(")"):
        text = "-" + text[1:-1]
    for unit in written["units"]:
        text = text.replace(unit, "")
    text = text.strip()
    if written["thousands"]:
        text = text.replace(written["thousands"], "")
    if written["decimal"] != ".":
        text = text.replace(written["decimal"], ".")
    if not _PLAIN.fullmatch(text) or not math.isfinite(float(text)):
        raise ValueError(f"{shown(cell)} is no number")
    return float(text)


def _boolean(field: Field) -> Callable[[Any], float]:
    table: dict[Any, float] = {True: 1.0, False: 0.0}
    table |= dict.fromkeys(field.false_tokens, 0.0) | dict.fromkeys(field.true_tokens, 1.0)
    marks = frozenset(field.marks)

    def read(cell: Any) -> float:
        if cell is None:
            return _NAN
        if isinstance(cell, str):
            token = cell.strip().casefold().removesuffix(field.suffix)
            if token in marks:
                return _NAN
            found = table.get(token)
        else:
            found = table.get(cell) if isinstance(cell, bool | int | float) else None
        if found is None:
            raise ValueError(f"{shown(cell)} is neither true nor false")
        return found

    return read


def _date(field: Field) -> Callable[[Any], float]:
    marks = frozenset(field.marks)
    pattern = field.date_format or "iso"

    def read(cell: Any) -> float:
        if cell is None:
            return _NAN
        if isinstance(cell, bool) or not isinstance(cell, str | int | float):
            raise ValueError(f"{shown(cell)} is no date")
        if isinstance(cell, str):
            text = cell.strip()
            return _NAN if text.casefold() in marks else _date_text(text, pattern)
        if pattern == "iso":
            # What the version's MLflow signature names: days since 1970.
            return float(cell)
        return _date_text(str(int(cell)) if cell == int(cell) else str(cell), pattern)

    return read


def _date_text(text: str, pattern: str) -> float:
    if pattern in ("epoch-s", "epoch-ms"):
        if not _PLAIN.fullmatch(text) or not math.isfinite(float(text)):
            raise ValueError(f"{shown(text)} is no time in {'seconds' if pattern == 'epoch-s' else 'milliseconds'}")
        return _days(int(float(text) * (10**9 if pattern == "epoch-s" else 10**6)))
    if pattern != "iso":
        try:
            moment = datetime.strptime(text, pattern)  # noqa: DTZ007 - the pattern says whether there is a zone
        except ValueError:
            raise ValueError(f"{shown(text)} is no date written as {pattern}") from None
        return _nanoseconds(moment)
    found = _ISO.fullmatch(text)
    try:
        if found is None or (found[3] and not found[2]):
            raise ValueError
        whole, _, fraction = (found[2] or "00:00").partition(".")
        moment = datetime.fromisoformat(f"{found[1]}T{whole}{found[3] or ''}")
    except ValueError:
        raise ValueError(f"{shown(text)} is no date such as 2024-01-31 or 2024-01-31T09:30:00") from None
    return _nanoseconds(moment, int(fraction.ljust(9, "0")) if fraction else 0)


def _nanoseconds(moment: datetime, more: int = 0) -> float:
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    gone = aware - _EPOCH
    return _days((gone.days * 86_400 + gone.seconds) * 10**9 + gone.microseconds * 1000 + more)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BOUND = 2**63 - 1


def _days(nanoseconds: int) -> float:
    # What nanoseconds cannot hold, such as 9999-12-31 for never, is missing, as in training.
    if not -_BOUND <= nanoseconds <= _BOUND:
        return _NAN
    return float(np.float64(nanoseconds) / np.float64(_DAY_NS))


def _string(field: Field) -> Callable[[Any], str]:
    gone, kept, marks = frozenset(field.gone), frozenset(field.kept), frozenset(field.marks)

    def read(cell: Any) -> str:
        if cell is None:
            return MISSING
        if not isinstance(cell, str):
            cell = _as_text(cell, field)
        token = cell.strip()
        if token in gone or (token not in kept and token.casefold() in marks):
            return MISSING
        return token.removesuffix(field.suffix)

    return read


def _as_text(cell: Any, field: Field) -> str:
    if not field.takes_numbers or not isinstance(cell, bool | int | float):
        raise ValueError(f"{shown(cell)} is no text")
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def csv_cell(text: str, field: Field) -> Any:
    """Return a cell of a CSV file as JSON would hold it."""
    if text.strip() == "":
        return None
    if field.dtype in {"string", "boolean"}:
        return text
    if text.strip().casefold() in field.marks:
        return None
    whole = field.dtype == "number" or (field.date_format or "iso") == "iso"
    plain = whole and _PLAIN.fullmatch(text.strip()) and math.isfinite(float(text))
    return float(text) if plain else text
