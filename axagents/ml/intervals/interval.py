"""The value every interval function returns."""

from dataclasses import dataclass, replace
from typing import Literal

from axagents.ml.metrics import METRICS


@dataclass(frozen=True)
class Interval:
    """A value with its interval, at a confidence level, by a named method."""

    value: float
    low: float
    high: float
    level: float = 0.95
    method: str = ""

    def clipped(self, name: str) -> "Interval":
        """Return the interval inside the range of a metric."""
        metric = METRICS[name]
        return replace(self, low=max(self.low, metric.low), high=min(self.high, metric.high))

    def favours(self, name: str) -> Literal["first", "second"] | None:
        """Return which side is better where this is a first's metric less a second's; None where not shown."""
        if not (self.low > 0 or self.high < 0):
            return None
        return "first" if (self.low > 0) == METRICS[name].greater_is_better else "second"

    @property
    def width(self) -> float:
        """The distance between the ends."""
        return self.high - self.low
