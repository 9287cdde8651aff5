"""How long a model takes to answer, warm, for one row and for many."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from axagents.errors import UserError
from axagents.ml.intervals import Interval
from axagents.ml.intervals.quantiles import quantile_interval

BATCHES = (1, 100)
SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_WARM_CALLS = 5
# Fewer calls leave the upper end of p99's interval open: .99 ** 368 is just below 2.5 %.
_LEAST_CALLS, _MOST_CALLS = 20, 2000
_PIECES = 50
# A model that takes this many times the time asked for is not waited for any longer.
_PATIENCE = 5


@dataclass(frozen=True)
class Latency:
    """Milliseconds a call on `rows` rows: p50, p95 and p99 with intervals, of so many calls after some to warm up.

    An upper end that so few calls cannot tell is infinite.
    """

    rows: int
    calls: int
    warm_calls: int
    percentiles: dict[str, Interval]
    slowest: float


def measure_latency(
    predict: Callable[[pd.DataFrame], np.ndarray],
    frame: pd.DataFrame,
    *,
    batches: Sequence[int] = BATCHES,
    seconds: float = 2.0,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[Latency, ...]:
    """Call a model again and again, for about `seconds` a batch size, each time on other rows of the frame.

    A batch larger than the frame repeats its rows. At most 2,000 calls are made, and at least 20 unless they would take
    five times as long as asked.

    Raises:
        UserError: the frame has no rows, or a batch size is below one.
    """
    if len(frame) == 0:
        raise UserError("latency is measured on rows, and there are none", field="evaluation_dataset")
    if any(rows < 1 for rows in batches):
        raise UserError("a batch has at least one row", field="latency")
    return tuple(_measure(predict, _pieces(frame, rows), rows, seconds=seconds, clock=clock) for rows in batches)


def _pieces(frame: pd.DataFrame, rows: int) -> list[pd.DataFrame]:
    """Cut batches beforehand, so that cutting them takes no time of the model's."""
    starts = np.arange(min(_PIECES, max(1, len(frame) // rows))) * rows
    return [frame.iloc[np.arange(start, start + rows) % len(frame)].reset_index(drop=True) for start in starts]


def _measure(
    predict: Callable[[pd.DataFrame], np.ndarray],
    pieces: list[pd.DataFrame],
    rows: int,
    *,
    seconds: float,
    clock: Callable[[], float],
) -> Latency:
    for call in range(_WARM_CALLS):
        predict(pieces[call % len(pieces)])
    taken: list[float] = []
    began = clock()
    while len(taken) < _MOST_CALLS and clock() - began < seconds * (_PATIENCE if len(taken) < _LEAST_CALLS else 1):
        piece = pieces[len(taken) % len(pieces)]
        start = clock()
        predict(piece)
        taken.append(1000 * (clock() - start))
    times = np.array(taken)
    return Latency(
        rows=rows,
        calls=len(times),
        warm_calls=_WARM_CALLS,
        percentiles={name: quantile_interval(times, share) for name, share in SHARES.items()},
        slowest=float(times.max()),
    )
