"""The distribution of one column: numbers, dates, categories."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from axagents.ml.profile.model import DateFacts, Histogram, NumberFacts, Quantiles, TopValue

TOP_VALUES = 10
_MOST_BINS = 40
_WHOLE_BINS = 31
_EXACT_WHOLE = 2.0**52
# Cubes of larger numbers overflow.
_HUGE = 1e100
_QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
# A range so much wider than the middle half of the data is cut for the histogram.
_WIDE = 40.0


def describe_numbers(values: pd.Series) -> NumberFacts | None:
    """Describe float64 values, NaN left out; None when there is no value."""
    numbers = values.dropna().to_numpy(dtype="float64")
    if numbers.size == 0:
        return None
    marks = np.quantile(numbers, _QUANTILES)
    return NumberFacts(
        minimum=float(numbers.min()),
        maximum=float(numbers.max()),
        mean=float((numbers / numbers.size).sum()) if numbers.max() > _HUGE else float(numbers.mean()),
        std=_spread(numbers),
        skew=_skew(numbers),
        zeros=int((numbers == 0).sum()),
        negatives=int((numbers < 0).sum()),
        quantiles=Quantiles(**dict(zip(Quantiles.model_fields, map(float, marks), strict=True))),
        histogram=_count_numbers(numbers),
    )


def describe_dates(values: pd.Series) -> DateFacts | None:
    """Describe datetime64 values, NaT left out; None when there is no value."""
    present: Any = values.dropna()
    if len(present) == 0:
        return None
    moments = present.to_numpy(dtype="datetime64[ns]")
    seconds = moments.astype("int64") / 1e9
    counts, edges = np.histogram(seconds, bins=_choose_bins(seconds))
    return DateFacts(
        first=write_moment(float(seconds.min())),
        last=write_moment(float(seconds.max())),
        days=float(seconds.max() - seconds.min()) / 86_400,
        histogram=_histogram(edges, counts),
    )


def write_moment(seconds: float) -> str:
    """Return seconds since 1970 as an ISO date, with the time of day where there is one."""
    text = str(np.datetime64(round(seconds), "s"))
    return text.removesuffix("T00:00:00")


def find_top_values(counts: Mapping[str, int]) -> tuple[TopValue, ...]:
    """Return the commonest values; one that occurs once is not shown, since it may name somebody."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(TopValue(value=value, rows=rows) for value, rows in ranked[:TOP_VALUES] if rows > 1)


def _spread(numbers: np.ndarray) -> float | None:
    if numbers.size < 2:
        return None
    with np.errstate(over="ignore"):
        spread = float(numbers.std(ddof=1))
    return spread if math.isfinite(spread) else None


def _skew(numbers: np.ndarray) -> float | None:
    """Return the adjusted Fisher-Pearson coefficient G1 (Joanes and Gill 1998)."""
    n = numbers.size
    if n < 3:
        return None
    if np.abs(numbers).max() > _HUGE:
        return None
    centred = numbers - numbers.mean()
    spread = float(np.mean(centred**2))
    if spread <= 0:
        return None
    return float(np.mean(centred**3) / spread**1.5 * math.sqrt(n * (n - 1)) / (n - 2))


def _count_numbers(numbers: np.ndarray) -> Histogram:
    low, high = float(numbers.min()), float(numbers.max())
    if low == high:
        return Histogram(edges=(low - 0.5, high + 0.5), counts=(int(numbers.size),))
    quartiles = np.quantile(numbers, (0.005, 0.25, 0.75, 0.995))
    middle = quartiles[2] - quartiles[1]
    if middle > 0 and (high - low) / _WIDE > middle:
        low, high = float(quartiles[0]), float(quartiles[3])
    inside = numbers[(numbers >= low) & (numbers <= high)]
    counts, edges = np.histogram(inside, bins=_choose_edges(inside, low, high))
    return _histogram(edges, counts, below=int((numbers < edges[0]).sum()), above=int((numbers > edges[-1]).sum()))


def _choose_edges(numbers: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return even edges; for whole numbers each bin holds equally many of them, so that no comb is drawn."""
    if not np.all(numbers == np.floor(numbers)) or high - low > _EXACT_WHOLE:
        return np.linspace(low, high, _choose_bins(numbers) + 1)
    low, high = np.floor(low), np.floor(high)
    span = high - low + 1
    width = 1.0 if span <= _WHOLE_BINS else float(np.ceil(span / _choose_bins(numbers)))
    return low - 0.5 + width * np.arange(np.ceil(span / width) + 1)


def _choose_bins(numbers: np.ndarray) -> int:
    """Return Sturges' number of bins, doubled: small enough to draw, fine enough to show two humps."""
    return int(min(_MOST_BINS, max(5, 2 * (math.log2(numbers.size) + 1)))) if numbers.size > 1 else 1


def _histogram(edges: np.ndarray, counts: np.ndarray, *, below: int = 0, above: int = 0) -> Histogram:
    return Histogram(
        edges=tuple(float(edge) for edge in edges),
        counts=tuple(int(count) for count in counts),
        below=below,
        above=above,
    )
