"""What answers must be like before anything is said of them."""

import numpy as np

from axagents.errors import UserError
from axagents.ml.evaluation.answers import Answers

_SUM_TOLERANCE = 1e-3


def check_answers(answers: Answers) -> None:
    """Raise UserError for answers that nothing can be said of.

    That is: no rows, lengths or shapes that do not fit, missing or infinite labels or scores, probabilities outside 0
    to 1, codes that are no class, or one class only.
    """
    if answers.rows == 0:
        raise UserError("there are no rows to evaluate", field="evaluation_dataset")
    _check_shapes(answers)
    _check_finite("label", answers.y)
    _check_finite("score", answers.scores)
    if answers.task != "regression":
        _check_probabilities(answers)
        _check_codes(answers)


def _check_shapes(answers: Answers) -> None:
    rows, classes = answers.rows, len(answers.classes)
    if len(answers.scores) != rows:
        raise UserError(f"there are {rows:,} labels and {len(answers.scores):,} scores; each row needs one of each")
    if answers.entity is not None and len(answers.entity) != rows:
        raise UserError(f"there are {rows:,} labels and {len(answers.entity):,} entities; each row needs one of each")
    if answers.task != "multiclass" and answers.scores.ndim != 1:
        raise UserError(f"a {answers.task} model gives one score a row, not {answers.scores.shape[1]}", field="scores")
    if answers.task == "multiclass" and answers.scores.shape != (rows, classes):
        raise UserError(f"a model of {classes} classes gives {classes} probabilities a row", field="scores")


def _check_finite(what: str, values: np.ndarray) -> None:
    broken = ~np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    if broken.any():
        first = int(broken.argmax())
        raise UserError(
            f"{int(broken.sum()):,} of {len(values):,} rows have a {what} that is missing or infinite, "
            f"the first in row {first}"
        )


def _check_probabilities(answers: Answers) -> None:
    low, high = float(answers.scores.min()), float(answers.scores.max())
    if low < 0 or high > 1:
        raise UserError(f"probabilities lie between 0 and 1, and these between {low:.4g} and {high:.4g}")
    if answers.task == "multiclass":
        gaps = np.abs(answers.scores.sum(axis=1) - 1)
        if gaps.max() > _SUM_TOLERANCE:
            row = int(gaps.argmax())
            raise UserError(f"the probabilities of row {row} sum to {answers.scores[row].sum():.4g}, not to 1")


def _check_codes(answers: Answers) -> None:
    most = len(answers.classes) or 2
    present = np.unique(answers.y)
    strange = present[(present < 0) | (present >= most)]
    if len(strange):
        raise UserError(f"the label {strange[0]} is no class of the model", legal=answers.classes)
    if len(present) < 2:
        name = answers.classes[int(present[0])] if answers.classes else str(present[0])
        raise UserError(
            f"all {answers.rows:,} rows are of one class, {name!r}: how a model tells classes apart cannot be seen",
            field="evaluation_dataset",
            hint="evaluate on rows of every class",
        )
