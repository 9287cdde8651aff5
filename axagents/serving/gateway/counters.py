"""What each variant answered: totals and a latency histogram that only grow, as Prometheus wants them."""

from bisect import bisect_left
from dataclasses import asdict, dataclass, field
from typing import Any

from axagents.ml.bins import EDGES


@dataclass
class VariantCounters:
    """Of one variant since the gateway began.

    Attributes:
        failed: answers of 500 and above, and requests without an answer.
        refused: answers of 400 to 499.
        rescued: failed requests that the stable version answered instead.
        failures_in_a_row: the newest requests that failed, one after the other.
        rows, positive: rows answered, and those of the positive class.
        milliseconds: the sum of the latencies of all that was answered.
        latencies: how many were answered in each bin of EDGES, and slower.
    """

    requests: int = 0
    failed: int = 0
    refused: int = 0
    rescued: int = 0
    failures_in_a_row: int = 0
    rows: int = 0
    positive: int = 0
    milliseconds: float = 0.0
    latencies: list[int] = field(default_factory=lambda: [0] * (len(EDGES) + 1))

    def count(self, status: int, milliseconds: float) -> None:
        """Count one request by its status; 0 where no answer came."""
        self.requests += 1
        if status == 0 or status >= 500:
            self.failed += 1
            self.failures_in_a_row += 1
            return
        self.failures_in_a_row = 0
        self.refused += status >= 400
        self.milliseconds += milliseconds
        self.latencies[bisect_left(EDGES, milliseconds)] += 1

    def count_rows(self, rows: int, positive: int) -> None:
        """Count the rows of one answer."""
        self.rows += rows
        self.positive += positive


@dataclass
class MirrorCounters:
    """Of one mirrored variant: copies sent, dropped, failed, compared, and how far answers lay apart.

    Attributes:
        dropped: copies that were not sent since the queue was full; the live path never waits.
        compared, differed: rows compared with the live answer, and those with another label.
        apart, farthest: the sum and the largest of the absolute differences of probabilities or values.
    """

    sent: int = 0
    dropped: int = 0
    failed: int = 0
    compared: int = 0
    differed: int = 0
    rows: int = 0
    positive: int = 0
    apart: float = 0.0
    farthest: float = 0.0


@dataclass
class Counters:
    """Of the gateway's deployment, by variant's name."""

    variants: dict[str, VariantCounters] = field(default_factory=dict[str, VariantCounters])
    mirrors: dict[str, MirrorCounters] = field(default_factory=dict[str, MirrorCounters])
    log_dropped: int = 0

    def of(self, name: str) -> VariantCounters:
        """Return a variant's counters."""
        return self.variants.setdefault(name, VariantCounters())

    def of_mirror(self, name: str) -> MirrorCounters:
        """Return a mirrored variant's counters."""
        return self.mirrors.setdefault(name, MirrorCounters())

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return asdict(self)
