"""Evaluation at a million rows: intervals beside resampling with scikit-learn, their coverage, and error slices."""

import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn import metrics as reference

from axagents.ml.evaluation.answers import Answers
from axagents.ml.evaluation.performance import interval_of
from axagents.ml.evaluation.slices import find_slices
from evals.benchmarks.row import Row, at_least, at_most, beside

ROWS = 1_000_000
METRICS = ("accuracy", "precision", "recall", "f1", "auc_roc")
RESAMPLES, TRIED = 1000, 10
SMALL, SAMPLES = 200, 2000


def measure() -> list[Row]:
    """Measure what the issue asks for on a million rows, and the coverage at 200."""
    return [*_intervals(), *_coverage(), *_slices()]


def draw(rows: int, *, seed: int) -> Answers:
    """Binormal scores as probabilities, three in ten positive."""
    rng = np.random.default_rng(seed)
    y = (rng.random(rows) < 0.3).astype(np.int64)
    return Answers("binary", y, norm.cdf(rng.normal(size=rows) + y - 0.5), ("no", "yes"), 0.5)


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the wall and the CPU seconds that some work takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def _intervals() -> list[Row]:
    answers = draw(ROWS, seed=0)
    rng = np.random.default_rng(1)

    def ours() -> None:
        for name in METRICS:
            interval_of(name, answers)

    def peer() -> None:
        for _ in range(TRIED):
            rows = rng.integers(0, ROWS, ROWS)
            y, scores = answers.y[rows], answers.scores[rows]
            called = scores >= 0.5
            for score in (
                reference.accuracy_score,
                reference.precision_score,
                reference.recall_score,
                reference.f1_score,
            ):
                score(y, called)
            reference.roc_auc_score(y, scores)

    wall, cpu = min(_timed(ours) for _ in range(3))
    _, theirs = _timed(peer)
    return [
        at_most(f"intervals of {len(METRICS)} metrics, {ROWS:,} rows (wall)", "s", ours=wall, limit=3.0),
        beside(
            f"the same beside {RESAMPLES:,} resamples with scikit-learn, extrapolated from {TRIED} (CPU)",
            "s",
            ours=cpu,
            peer=theirs * RESAMPLES / TRIED,
            most=1 / 100,
        ),
    ]


def _coverage() -> list[Row]:
    large = draw(ROWS, seed=0)
    truth = {name: interval_of(name, large).value for name in METRICS}
    held = dict.fromkeys(METRICS, 0)
    for seed in range(SAMPLES):
        answers = draw(SMALL, seed=1000 + seed)
        for name in METRICS:
            found = interval_of(name, answers)
            held[name] += found.low <= truth[name] <= found.high
    shares = [100 * count / SAMPLES for count in held.values()]
    what = f"of {SAMPLES:,} samples of {SMALL} rows, intervals that hold the truth"
    return [
        at_least(f"{what}, least of {len(METRICS)} metrics", "%", ours=min(shares), limit=93),
        at_most(f"{what}, most of {len(METRICS)} metrics", "%", ours=max(shares), limit=97),
    ]


def _slices() -> list[Row]:
    rng = np.random.default_rng(2)
    columns: dict[str, object] = {f"number {place}": rng.normal(size=ROWS) for place in range(20)}
    for place in range(10):
        names = np.array([f"kind {kind}" for kind in range(4 + 3 * place)])
        columns[f"category {place}"] = names[rng.integers(0, len(names), ROWS)]
    frame = pd.DataFrame(columns)
    planted = (frame["number 3"] > 1) & (frame["category 1"] == "kind 2")
    y = rng.integers(0, 2, ROWS)
    wrong = rng.random(ROWS) < np.where(planted, 0.3, 0.1)
    answers = Answers("binary", y, np.where(wrong, 1 - y, y).astype(np.float64), ("no", "yes"), 0.5)
    began = time.perf_counter()
    found = find_slices(answers, frame)
    spent = time.perf_counter() - began
    first = {each.column for each in found.slices[0].conditions} == {"number 3", "category 1"}
    return [
        at_most(f"error slices, {ROWS:,} rows x {len(frame.columns)} columns (wall)", "s", ours=spent, limit=20.0),
        at_least(
            "the planted one is found and confirmed", "", ours=float(first and found.slices[0].confirmed), limit=1
        ),
    ]
