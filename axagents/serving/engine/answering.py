"""A version opened to answer: rows become labels and scores, or a refusal that names the column."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from axagents.errors import Failed
from axagents.serving.engine.columns import Columns
from axagents.serving.engine.deciding import calibrate, decide
from axagents.serving.engine.prepared import Prepared
from axagents.serving.engine.schema import Schema
from axagents.serving.engine.unfit import Unfit

Raw = Callable[[Columns], np.ndarray]


@dataclass(frozen=True)
class Rung:
    """One engine of the ladder and how it did.

    Attributes:
        equal: whether its answers are those of the model's own library.
        difference: the largest difference of a score; relative where scores pass one.
        flipped: rows that it labels otherwise.
        one_row, hundred_rows: microseconds for an answer.
        why: why it is not taken, or that it is.
    """

    name: str
    equal: bool
    why: str
    difference: float | None = None
    flipped: int | None = None
    one_row: float | None = None
    hundred_rows: float | None = None

    def took(self, rows: int) -> float:
        """Return the microseconds for one row, or for a hundred."""
        return (self.one_row if rows == 1 else self.hundred_rows) or 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Answer:
    """What a version answers to rows.

    Attributes:
        labels: one for each row by the threshold, or the value.
        scores: probabilities of the positive class (n,), of each class (n, k), or values (n,).
    """

    labels: Sequence[Any]
    scores: np.ndarray


@dataclass(frozen=True, eq=False)
class Taken:
    """An engine that answers requests of so many rows and more, up to those of the next."""

    name: str
    raw: Raw
    rows: int = 1


class Engine:
    """A version that answers.

    Attributes:
        name: onnx, native, arrays or frame, whichever answers single rows.
        taken: the engines that answer: one, or one for few rows and one for many.
        rungs: every engine of the ladder, and why it was taken or not.
        schema: reads requests.
    """

    def __init__(self, prepared: Prepared, *, schema: Schema, taken: Sequence[Taken], rungs: Sequence[Rung]) -> None:
        self.name = taken[0].name
        self.taken = tuple(taken)
        self.rungs = tuple(rungs)
        self.schema = schema
        self.task = prepared.task
        self.labels = prepared.labels
        self.threshold = prepared.threshold
        self.sha256 = prepared.sha256
        self._calibrator = prepared.calibrator
        self._few, self._many = taken[0].raw, taken[-1].raw
        self._from = taken[-1].rows
        self._usual = schema.read({name: cells[:1] for name, cells in prepared.probe[-1].items()})

    def answer(self, columns: Columns) -> Answer:
        """Answer rows.

        Raises:
            Unfit: the model has no answer to them; names the column that is to blame.
            Failed: it has none whichever column is taken as usual.
        """
        try:
            scores = self.scores(columns)
            if np.isfinite(scores).all():
                return self._named(scores)
            told = "the model has no finite answer to its value"
        except ValueError as error:
            told = " ".join(str(error).split())[:200]
        raise self._blame(columns, told)

    def scores(self, columns: Columns) -> np.ndarray:
        """Return calibrated scores, as FittedModel.scores gives them."""
        raw = self._many if len(columns) >= self._from else self._few
        return calibrate(raw(columns), self._calibrator)

    def _named(self, scores: np.ndarray) -> Answer:
        if self.task == "regression":
            return Answer(labels=scores.tolist(), scores=scores)
        codes = decide(scores, self.threshold)
        return Answer(labels=[self.labels[code] for code in codes.tolist()], scores=np.ascontiguousarray(scores))

    def _blame(self, columns: Columns, told: str) -> Exception:
        """Find the row that has no answer, and the column without whose value there would be one."""
        row = next((row for row in range(len(columns)) if not self._answers(columns.take(slice(row, row + 1)))), 0)
        one = columns.take(slice(row, row + 1))
        for place, name in enumerate(self.schema.number_names):
            numbers = one.numbers.copy()
            numbers[:, place] = self._usual.numbers[:, place]
            if self._answers(Columns(numbers, one.texts)):
                return Unfit(f"column {name!r}, row {row}: {told}", field=name)
        for place, name in enumerate(self.schema.text_names):
            texts = (*one.texts[:place], self._usual.texts[place], *one.texts[place + 1 :])
            if self._answers(Columns(one.numbers, texts)):
                return Unfit(f"column {name!r}, row {row}: {told}", field=name)
        return Failed(f"row {row}: {told}")

    def _answers(self, columns: Columns) -> bool:
        try:
            return bool(np.isfinite(self.scores(columns)).all())
        except ValueError:
            return False
