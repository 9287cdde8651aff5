"""Answers drawn from distributions whose figures are known."""

import numpy as np
from scipy.stats import norm

from axagents.ml.evaluation.answers import Answers


def draw_binary(rows: int, *, seed: int = 0, shift: float = 1.0, share: float = 0.3) -> Answers:
    """Binormal scores, as probabilities: their true AUC is Phi(shift / sqrt 2)."""
    rng = np.random.default_rng(seed)
    y = (rng.random(rows) < share).astype(np.int64)
    return Answers("binary", y, norm.cdf(rng.normal(size=rows) + shift * y - shift / 2), ("no", "yes"), 0.5)


def draw_classes(rows: int, *, seed: int = 0, classes: int = 4) -> Answers:
    """Probabilities that lean to the true class."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, rows)
    scores = rng.dirichlet(np.ones(classes), rows)
    scores[np.arange(rows), y] += 0.3
    return Answers("multiclass", y, scores / scores.sum(axis=1, keepdims=True), tuple("abcdefgh"[:classes]))


def draw_values(rows: int, *, seed: int = 0) -> Answers:
    """Normal targets, predicted with a normal error."""
    rng = np.random.default_rng(seed)
    y = 10 + 3 * rng.normal(size=rows)
    return Answers("regression", y, y + rng.normal(size=rows))


def copy_rows(answers: Answers, times: int) -> Answers:
    """Every row several times, as one entity."""
    rows = np.repeat(np.arange(answers.rows), times)
    return Answers(answers.task, answers.y[rows], answers.scores[rows], answers.classes, answers.threshold, rows)
