"""How steady a model is: what happens to its primary metric when rows get worse, or the classes' shares change."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from axagents.errors import AxError, UserError
from axagents.ml.evaluation.answers import Answers
from axagents.ml.evaluation.checking import check_answers
from axagents.ml.evaluation.disturbances import DISTURBANCES, Disturbance, disturb
from axagents.ml.evaluation.label_shift import SHIFTS, LabelShift, measure_shift
from axagents.ml.intervals import (
    Interval,
    clustered_proportion_interval,
    paired_interval,
    proportion_interval,
    simultaneous_level,
)
from axagents.ml.metrics import METRICS, compute_metric, find_metric, primary_metric

Predict = Callable[[pd.DataFrame], np.ndarray]
MOST_ROWS = 20_000
_AGREES = 1e-3
_MOST_WORDS = 200


@dataclass(frozen=True)
class Effect:
    """What one disturbance does.

    Attributes:
        columns: how many columns it concerned.
        change: the metric disturbed less undisturbed, paired; the intervals of all disturbances hold together.
        worse: the whole interval lies on the bad side of zero.
        flipped: the share of rows called otherwise; for values, of those moved by more than the mean absolute error.
        flips: how many rows that is.
        refused: what the model said when it could not score such rows; then there is nothing else.
    """

    disturbance: Disturbance
    text: str
    columns: int
    value: float | None = None
    change: Interval | None = None
    worse: bool = False
    flipped: Interval | None = None
    flips: int | None = None
    refused: str | None = None


@dataclass(frozen=True)
class Robustness:
    """The metric on the rows as they are, and what each disturbance and each shift of the labels does to it."""

    metric: str
    rows: int
    value: float
    effects: tuple[Effect, ...]
    shifts: tuple[LabelShift, ...]
    notes: tuple[str, ...] = ()


def check_robustness(
    predict: Predict,
    frame: pd.DataFrame,
    answers: Answers,
    *,
    metric: str | None = None,
    disturbances: Sequence[Disturbance] = DISTURBANCES,
    most_rows: int = MOST_ROWS,
    level: float = 0.95,
    seed: int = 0,
) -> Robustness:
    """Disturb the rows in several ways and measure what that does to one metric (the task's primary one).

    Args:
        predict: scores of a frame like `frame`, as in `Answers.scores`.
        frame: row i is row i of the answers; of more than `most_rows` a sample is taken.

    Raises:
        UserError: answers that nothing can be said of, a frame of other rows, or a metric that does not fit the task.
    """
    check_answers(answers)
    if len(frame) != answers.rows:
        raise UserError(f"{answers.rows:,} answers and {len(frame):,} rows do not belong together")
    name = find_metric(metric or primary_metric(answers.task), answers.task).name
    notes: list[str] = []
    if answers.rows > most_rows:
        rows = np.sort(np.random.default_rng(seed).choice(answers.rows, most_rows, replace=False))
        notes.append(f"Measured on {most_rows:,} rows drawn from {answers.rows:,}.")
        frame, answers = frame.iloc[rows].reset_index(drop=True), answers.take(rows)
    scores = np.asarray(predict(frame), dtype=np.float64)
    base = _with_scores(answers, scores)
    if not np.allclose(scores, answers.scores, atol=_AGREES, rtol=_AGREES):
        notes.append("The model scores these rows otherwise than in the answers given; its own scores are the measure.")
    count = len(disturbances) + len(SHIFTS)
    trial = _Trial(predict, frame, base, name, simultaneous_level(level, count), seed)
    shifts, told = measure_shift(base, name, level=simultaneous_level(level, count), seed=seed)
    return Robustness(
        metric=name,
        rows=base.rows,
        value=compute_metric(name, base.y, base.scores, threshold=base.threshold),
        effects=tuple(trial.run(each, seed + place) for place, each in enumerate(disturbances)),
        shifts=shifts,
        notes=(*notes, *told),
    )


def _with_scores(answers: Answers, scores: np.ndarray) -> Answers:
    found = Answers(answers.task, answers.y, scores, answers.classes, answers.threshold, answers.entity)
    check_answers(found)
    return found


@dataclass(frozen=True, eq=False)
class _Trial:
    predict: Predict
    frame: pd.DataFrame
    base: Answers
    metric: str
    level: float
    seed: int

    def run(self, disturbance: Disturbance, seed: int) -> Effect:
        frame, columns = disturb(self.frame, disturbance, seed=seed)
        if columns == 0:
            return Effect(disturbance, disturbance.text, 0)
        try:
            moved = _with_scores(self.base, np.asarray(self.predict(frame), dtype=np.float64))
        except (AxError, ValueError, TypeError, KeyError) as error:
            words = " ".join(str(error).split())[:_MOST_WORDS]
            return Effect(disturbance, disturbance.text, columns, refused=f"{type(error).__name__}: {words}")
        change = self._change(moved)
        flipped, flips = self._flips(moved)
        bad = change.high < 0 if METRICS[self.metric].greater_is_better else change.low > 0
        return Effect(
            disturbance=disturbance,
            text=disturbance.text,
            columns=columns,
            value=compute_metric(self.metric, moved.y, moved.scores, threshold=moved.threshold),
            change=change,
            worse=bad,
            flipped=flipped,
            flips=flips,
        )

    def _change(self, moved: Answers) -> Interval:
        return paired_interval(
            self.metric,
            moved.y,
            first=moved.scores,
            second=self.base.scores,
            thresholds=(moved.threshold, self.base.threshold),
            entity=moved.entity,
            level=self.level,
            seed=self.seed,
        )

    def _flips(self, moved: Answers) -> tuple[Interval, int]:
        if moved.task == "regression":
            error = float(np.abs(self.base.y - self.base.scores).mean())
            flipped = np.abs(moved.scores - self.base.scores) > error
        else:
            flipped = moved.labels != self.base.labels
        count = int(flipped.sum())
        if moved.entity is None:
            return proportion_interval(count, len(flipped), level=self.level), count
        return clustered_proportion_interval(flipped, moved.entity, level=self.level), count
