"""Candidate features made from what a data set holds: windows of counts and values, times between events, ratios."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from axagents.fields import parse_window
from axagents.ml.features.operations import FeatureType, Function
from axagents.ml.features.spec import RESERVED, Feature

MOST_CANDIDATES = 300
MOST_NUMBERS, MOST_CATEGORIES, MOST_VALUES, MOST_CROSSED = 6, 4, 4, 6
WINDOWS = ("7d", "30d", "90d", "180d", "365d")
_OVER_TIME: tuple[Function, ...] = ("sum", "mean", "min", "max", "std", "median")
_CALENDAR: tuple[Function, ...] = ("recency", "tenure", "active_days", "mean_gap", "weekend_share")


@dataclass(frozen=True)
class Material:
    """What there is to make features of.

    Attributes:
        numbers: numeric columns of the events; `categories`: columns of few texts with their commonest values.
        days: how far back the events reach from the first moment that is asked about.
        given: columns of the spine; `given_numbers` those that hold numbers, `given_texts` the others.
    """

    numbers: tuple[str, ...] = ()
    categories: dict[str, tuple[str, ...]] = field(default_factory=dict)
    days: float = 0.0
    has_events: bool = False
    given_numbers: tuple[str, ...] = ()
    given_texts: tuple[str, ...] = ()

    @property
    def windows(self) -> tuple[str, ...]:
        """The windows that the events reach back over."""
        return tuple(each for each in WINDOWS if parse_window(each).total_seconds() / 86_400 <= self.days)


@dataclass(frozen=True)
class Generated:
    """All features, those that are asked for among them, and the baseline that they are held against."""

    features: tuple[Feature, ...]
    candidates: tuple[str, ...]
    baseline: tuple[str, ...]


def generate_features(material: Material, kinds: Sequence[FeatureType]) -> Generated:
    """Return candidates of the kinds asked for, at most 300, the plainest first.

    The baseline is what anybody would begin with: how many events and the sum of the first numeric column, over all
    time; without events the columns as they stand.
    """
    made = _Maker()
    baseline = list(_baseline(made, material))
    wanted = list(baseline)
    wanted += _given(made, material)
    if material.has_events and "temporal" in kinds:
        wanted += _temporal(made, material)
    if material.has_events and "aggregation" in kinds:
        wanted += _aggregations(made, material)
    if "interaction" in kinds:
        wanted += _interactions(made, material)
    kept = list(dict.fromkeys(wanted))[:MOST_CANDIDATES]
    parts = {part for name in kept for part in made.features[name].of or ()}
    features = [each for name, each in made.features.items() if name in parts or name in set(kept)]
    return Generated(tuple(features), tuple(kept), tuple(baseline))


class _Maker:
    """Features by name; the same one is made once."""

    def __init__(self) -> None:
        self.features: dict[str, Feature] = {}

    def add(self, name: str, function: Function, **given: Any) -> str:
        """Make a feature and return its name."""
        wanted = Feature.model_validate({"name": _plain(name), "function": function, **given})
        number, base = 2, wanted.name
        while wanted.name in self.features and self.features[wanted.name] != wanted:
            wanted = wanted.model_copy(update={"name": f"{base[:115]}_{number}"})
            number += 1
        self.features.setdefault(wanted.name, wanted)
        return wanted.name

    def over(self, function: Function, column: str | None, window: str | None) -> str:
        """Make a function of a column over a window."""
        name = "_".join([column or "events", function, window or "all"])
        return self.add(name, function, column=column, window=window)


def _plain(name: str) -> str:
    plain = re.sub(r"_+", "_", re.sub(r"[^A-Za-z0-9_]", "_", name)).strip("_") or "feature"
    plain = f"f_{plain}" if plain[0].isdigit() or plain.lower() in RESERVED else plain
    return plain[:115]


def _baseline(made: _Maker, material: Material) -> Iterator[str]:
    if not material.has_events:
        yield from _given(made, material)
        return
    yield made.over("count", None, None)
    for column in material.numbers[:1]:
        yield made.over("sum", column, None)


def _given(made: _Maker, material: Material) -> Iterator[str]:
    for column in material.given_numbers:
        yield made.add(column, "value", column=column)
    for column in material.given_texts:
        yield made.add(column, "value", column=column, dtype="string")


def _temporal(made: _Maker, material: Material) -> Iterator[str]:
    for function in _CALENDAR:
        yield made.over(function, None, None)
    for window in material.windows:
        yield made.over("change", None, window)
        yield made.over("growth", None, window)
        yield made.over("active_days", None, window)
    for column in material.numbers[:MOST_NUMBERS]:
        yield from (made.over(function, column, None) for function in ("last", "first", "trend"))
        yield from (made.over("change", column, window) for window in material.windows)


def _aggregations(made: _Maker, material: Material) -> Iterator[str]:
    for window in (None, *material.windows):
        yield made.over("count", None, window)
        for column in material.numbers[:MOST_NUMBERS]:
            yield from (made.over(function, column, window) for function in _OVER_TIME)
    for column in list(material.categories)[:MOST_CATEGORIES]:
        yield made.over("distinct", column, None)
        for value in material.categories[column][:MOST_VALUES]:
            for window in (None, *[each for each in material.windows if each in ("90d",)]):
                yield made.add(
                    "_".join([column, value, "count", window or "all"]),
                    "count",
                    window=window,
                    filter=({"column": column, "is": "==", "value": value},),
                )


def _interactions(made: _Maker, material: Material) -> Iterator[str]:
    if material.has_events:
        yield from _event_ratios(made, material)
    crossed = [made.add(column, "value", column=column) for column in material.given_numbers[:MOST_CROSSED]]
    for place, first in enumerate(crossed):
        for second in crossed[place + 1 :]:
            yield made.add(f"{first}_per_{second}", "ratio", of=(first, second))
            yield made.add(f"{first}_times_{second}", "product", of=(first, second))


def _event_ratios(made: _Maker, material: Material) -> Iterator[str]:
    recency, gap = made.over("recency", None, None), made.over("mean_gap", None, None)
    tenure, count = made.over("tenure", None, None), made.over("count", None, None)
    yield made.add("recency_per_mean_gap", "ratio", of=(recency, gap))
    yield made.add("recency_per_tenure", "ratio", of=(recency, tenure))
    yield made.add("events_per_day", "ratio", of=(count, tenure))
    for window in material.windows:
        yield made.add(f"events_share_{window}", "ratio", of=(made.over("count", None, window), count))
    for column in material.numbers[:MOST_NUMBERS]:
        total, mean = made.over("sum", column, None), made.over("mean", column, None)
        yield made.add(f"{column}_per_day", "ratio", of=(total, tenure))
        yield made.add(f"{column}_last_less_mean", "difference", of=(made.over("last", column, None), mean))
        for window in material.windows:
            yield made.add(f"{column}_share_{window}", "ratio", of=(made.over("sum", column, window), total))
