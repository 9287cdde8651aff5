"""One row of the log, and one outcome: plain values, written as a line of JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Value = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Record:
    """What was answered for one row of a request; a failed request is one record without row, columns, prediction.

    Attributes:
        time: microseconds since 1970, UTC.
        unit: the unit's keyed hash (`hash_unit`), never the unit itself.
        status: that of the answer, such as 200.
        columns: the input columns that may be kept, by their own names.
        probability: that of the positive class, or of every class.
        mirrored: whether it is a shadow's answer, which no client saw.
    """

    time: int
    request: str
    row: int | None
    deployment: str
    variant: str
    role: str
    model: str
    version: str
    unit: str | None
    latency_ms: float
    status: int
    columns: Mapping[str, Value]
    prediction: Value
    probability: float | Sequence[float] | None = None
    mirrored: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became true of a prediction, named by its request and row, or by its unit and the time.

    Attributes:
        time: when it became true, in microseconds since 1970, UTC.
        received: when it was told to us, likewise.
        unit: the unit's keyed hash.
        source: where it came from, such as the file's name.
    """

    time: int
    received: int
    request: str | None
    row: int | None
    unit: str | None
    outcome: str | int | float | bool
    source: str
