"""The operations that a feature may be: what each reads, and its value where there is nothing to compute from."""

from dataclasses import dataclass
from typing import Literal, get_args

FeatureType = Literal["temporal", "aggregation", "interaction"]
Kind = Literal["temporal", "aggregation", "interaction", "given"]
Reads = Literal["nothing", "maybe a column", "a number", "a column", "two features", "a column of the spine"]
Function = Literal[
    "count",
    "sum",
    "mean",
    "min",
    "max",
    "range",
    "std",
    "cv",
    "median",
    "distinct",
    "missing_share",
    "positive_share",
    "recency",
    "tenure",
    "active_days",
    "mean_gap",
    "weekend_share",
    "first",
    "last",
    "trend",
    "change",
    "growth",
    "ratio",
    "difference",
    "product",
    "total",
    "value",
]


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        empty: its value where the window holds nothing to compute it from; None is a missing value.
        needs_window: whether it compares the window with the one before it.
    """

    kind: Kind
    reads: Reads
    about: str
    empty: float | None = None
    needs_window: bool = False


OPERATIONS: dict[Function, Operation] = {
    "count": Operation("aggregation", "maybe a column", "events, or those with a value in the column", empty=0.0),
    "sum": Operation("aggregation", "a number", "sum", empty=0.0),
    "mean": Operation("aggregation", "a number", "mean"),
    "min": Operation("aggregation", "a number", "smallest value"),
    "max": Operation("aggregation", "a number", "largest value"),
    "range": Operation("aggregation", "a number", "largest minus smallest value"),
    "std": Operation("aggregation", "a number", "standard deviation of the sample; none for fewer than two values"),
    "cv": Operation("aggregation", "a number", "standard deviation divided by the mean"),
    "median": Operation("aggregation", "a number", "median, between the two middle values of an even number"),
    "distinct": Operation("aggregation", "a column", "different values", empty=0.0),
    "missing_share": Operation("aggregation", "a column", "share of events without a value"),
    "positive_share": Operation("aggregation", "a number", "share of values above zero"),
    "recency": Operation("temporal", "nothing", "days since the last event"),
    "tenure": Operation("temporal", "nothing", "days since the first event"),
    "active_days": Operation("temporal", "nothing", "different days (UTC) with an event", empty=0.0),
    "mean_gap": Operation("temporal", "nothing", "mean days between one event and the next"),
    "weekend_share": Operation("temporal", "nothing", "share of events on Saturday or Sunday (UTC)"),
    "first": Operation("temporal", "a column", "first value; of several at once the smallest"),
    "last": Operation("temporal", "a column", "last value; of several at once the largest"),
    "trend": Operation("temporal", "a number", "slope of the least-squares line through the values, per day"),
    "change": Operation(
        "temporal", "maybe a column", "sum, or count, in the window minus that of the window before it", 0.0, True
    ),
    "growth": Operation(
        "temporal", "maybe a column", "sum, or count, in the window divided by that of the window before it", None, True
    ),
    "ratio": Operation("interaction", "two features", "the first divided by the second"),
    "difference": Operation("interaction", "two features", "the first minus the second"),
    "product": Operation("interaction", "two features", "the first times the second"),
    "total": Operation("interaction", "two features", "the sum of both"),
    "value": Operation("given", "a column of the spine", "a column of the spine as it stands"),
}
assert tuple(OPERATIONS) == get_args(Function)
