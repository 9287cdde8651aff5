"""How dates are written: ISO, day or month first, month names, compact, seconds since 1970."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import pandas as pd

from axagents.ml.columns.parse import read_date_tokens
from axagents.ml.columns.tokens import is_weak_missing_token

_ISO = re.compile(r"^\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s?(Z|[+-]\d{2}:?\d{2})?)?$")
_COMPACT = re.compile(r"^(19|20)\d{6}$")
_LIKELY = re.compile(
    r"^\d{4}-\d|^(19|20)\d{6}$|^\d{1,4}[/.-]\d{1,2}[/.-]\d{2,4}\b|^(?=.*\d).*\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)",
    re.IGNORECASE,
)
# Day first stands before month first: it is taken when both fit, and the reason says so.
_DAYS = (
    *("%Y/%m/%d", "%Y.%m.%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y"),
    *("%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d-%m-%y", "%m-%d-%y"),
    *("%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%b %d %Y", "%d %B %Y", "%B %d, %Y", "%B %d %Y"),
)
_TIMES = ("", " %H:%M:%S", " %H:%M", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")
_FORMATS = tuple(day + time for day, time in product(_DAYS, _TIMES))

# 2000-01-01 and 2040-01-01 in seconds; a number outside is not taken for a time.
_EPOCH_LOW, _EPOCH_HIGH = 946_684_800, 2_208_988_800
_FIRST_YEAR, _LAST_YEAR = 1800, 2199
_MIN_SHARE = 0.95
_LOOK_AT = 5_000


@dataclass(frozen=True)
class DateReading:
    """How a column reads as dates, and the texts that do not."""

    date_format: str
    strays: tuple[str, ...]
    because: str


def detect_dates(counts: Mapping[str, int]) -> DateReading | None:
    """Find how the texts (with their counts) read as dates; None when they are not dates."""
    solid = {token: count for token, count in counts.items() if not is_weak_missing_token(token)}
    if not solid or not all(map(_LIKELY.match, list(solid)[:20])):
        return None
    if _share(solid, [token for token in solid if _ISO.match(token)]) >= _MIN_SHARE:
        return _reading(counts, "iso", "ISO dates")
    if all(map(_COMPACT.match, solid)) and _fits(solid, "%Y%m%d") == 1.0:
        return _reading(counts, "%Y%m%d", "dates written as YYYYMMDD")
    return _detect_written(counts, solid)


def detect_epoch(values: pd.Series) -> str | None:
    """Say 'epoch-s' or 'epoch-ms' when all numbers are whole and lie between 2000 and 2040 on that scale."""
    low, high = float(values.min()), float(values.max())
    if low >= _EPOCH_LOW and high <= _EPOCH_HIGH:
        return "epoch-s"
    if low >= _EPOCH_LOW * 1000 and high <= _EPOCH_HIGH * 1000:
        return "epoch-ms"
    return None


def detect_compact(values: pd.Series) -> bool:
    """Say whether all of these whole numbers are days written as YYYYMMDD."""
    if float(values.min()) < 19_000_101 or float(values.max()) > 20_991_231:
        return False
    tokens = pd.Series(values.unique()).astype("int64").astype(str)
    return bool(read_date_tokens(tokens, "%Y%m%d").notna().all())


def _detect_written(counts: Mapping[str, int], solid: Mapping[str, int]) -> DateReading | None:
    few = list(solid)[:5]
    fitting = [form for form in _FORMATS if _fits(dict.fromkeys(few, 1), form) >= 0.8]
    shares = {form: _fits(solid, form) for form in fitting}
    shares = {form: share for form, share in shares.items() if share >= _MIN_SHARE}
    if not shares:
        return None
    best = max(shares, key=lambda form: shares[form])
    rivals = [form for form in shares if form != best and shares[form] == shares[best] and _is_swapped(form, best)]
    because = f"dates written as {best}"
    if rivals:
        because += f"; {rivals[0]} fits as well, day first was taken"
    return _reading(counts, best, because)


def _is_swapped(one: str, other: str) -> bool:
    return one != other and sorted(one) == sorted(other) and {"%d", "%m"} <= set(re.findall(r"%\w", one))


def _reading(counts: Mapping[str, int], date_format: str, because: str) -> DateReading:
    tokens = pd.Series(list(counts), dtype=object)
    parsed = read_date_tokens(tokens, date_format)
    return DateReading(date_format, tuple(sorted(tokens[parsed.isna()])), because)


def _fits(counts: Mapping[str, int], date_format: str) -> float:
    tokens = pd.Series(list(counts)[:_LOOK_AT], dtype=object)
    parsed = read_date_tokens(tokens, date_format)
    years = parsed.dt.year
    return _share(counts, list(tokens[(years >= _FIRST_YEAR) & (years <= _LAST_YEAR)]), of=list(tokens))


def _share(counts: Mapping[str, int], tokens: list[str], of: list[str] | None = None) -> float:
    total = sum(counts[token] for token in (of if of is not None else counts))
    return sum(counts[token] for token in tokens) / total if total else 0.0
