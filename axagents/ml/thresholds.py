"""From which probability a row is called positive."""

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from axagents.errors import UserError

RuleKind = Literal["f1", "youden", "cost", "recall-at-least", "precision-at-least", "fixed"]


class ThresholdRule(BaseModel):
    """How a decision threshold is chosen."""

    model_config = ConfigDict(frozen=True)

    kind: RuleKind = "f1"
    cost_false_positive: float = Field(default=1.0, ge=0)
    cost_false_negative: float = Field(default=1.0, ge=0)
    level: float = Field(
        default=0.5, ge=0, le=1, description="The recall or precision demanded, or the fixed threshold."
    )


class ThresholdChoice(BaseModel):
    """A threshold and what it gives on the rows it was chosen on; `met` is False when a demand could not be met."""

    model_config = ConfigDict(frozen=True)

    threshold: float
    precision: float
    recall: float
    f1: float
    share_positive: float
    cost: float
    met: bool = True


class Curve(BaseModel):
    """What every threshold gives: one entry a distinct score, falling; rows at or above it are called positive."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    thresholds: np.ndarray
    true_positives: np.ndarray
    false_positives: np.ndarray
    positives: int
    negatives: int

    @property
    def precision(self) -> np.ndarray:
        """Hits among the rows called positive."""
        return self.true_positives / (self.true_positives + self.false_positives)

    @property
    def recall(self) -> np.ndarray:
        """Hits among the positive rows."""
        return self.true_positives / max(self.positives, 1)

    @property
    def false_positive_rate(self) -> np.ndarray:
        """False alarms among the negative rows."""
        return self.false_positives / max(self.negatives, 1)

    @property
    def f1(self) -> np.ndarray:
        """The harmonic mean of precision and recall."""
        called = self.true_positives + self.false_positives
        return 2 * self.true_positives / (called + self.positives)


def rule_for(primary: str, *, guesses: bool = False) -> ThresholdRule:
    """Return the rule that serves a primary metric: the fewest errors for accuracy, else the highest F1.

    Who only guesses calls the more frequent class, or the floor of accuracy and recall would be that of always saying
    yes; where F1 decides that is the best guess.
    """
    fewest_errors = primary == "accuracy" or (guesses and primary != "f1")
    return ThresholdRule(kind="cost") if fewest_errors else ThresholdRule()


def threshold_curve(y: np.ndarray, scores: np.ndarray) -> Curve:
    """Return the counts at every distinct score, from the highest down."""
    order = np.argsort(-scores, kind="stable")
    ordered, hits = scores[order], (y[order] == 1)
    last = np.flatnonzero(np.append(np.diff(ordered) != 0, True))
    found = np.cumsum(hits)[last]
    return Curve(
        thresholds=ordered[last],
        true_positives=found.astype(np.float64),
        false_positives=(last + 1 - found).astype(np.float64),
        positives=int(hits.sum()),
        negatives=int(len(hits) - hits.sum()),
    )


def choose_threshold(y: np.ndarray, scores: np.ndarray, rule: ThresholdRule | None = None) -> ThresholdChoice:
    """Choose a threshold on out-of-fold scores; rows without a score are left out.

    f1 and youden: the highest F1, or recall less false positive rate; cost: the lowest cost of errors;
    recall-at-least and precision-at-least: the best of the other that keeps the level, `met` False when none does.
    A threshold lies half-way to the next lower score, so that new scores fall on either side as these do.
    """
    rule = rule or ThresholdRule()
    finite = np.isfinite(scores)
    y, scores = y[finite], scores[finite]
    if len(y) == 0 or len(np.unique(y)) < 2:
        raise UserError("a threshold is chosen on rows of both classes, and these have one", field="threshold")
    curve = threshold_curve(y, scores)
    if rule.kind == "fixed":
        return _describe(curve, rule, place=_place_of(curve, rule.level), threshold=rule.level)
    if rule.kind == "cost" and _costs(curve, rule).min() > rule.cost_false_negative * curve.positives:
        return _describe(curve, rule, place=None, threshold=float(np.nextafter(curve.thresholds[0], np.inf)))
    place, met = _best_place(curve, rule)
    lower = curve.thresholds[place + 1] if place + 1 < len(curve.thresholds) else curve.thresholds[place]
    threshold = float((curve.thresholds[place] + lower) / 2)
    return _describe(curve, rule, place=place, threshold=threshold, met=met)


def _best_place(curve: Curve, rule: ThresholdRule) -> tuple[int, bool]:
    if rule.kind == "f1":
        return int(curve.f1.argmax()), True
    if rule.kind == "youden":
        return int((curve.recall - curve.false_positive_rate).argmax()), True
    if rule.kind == "cost":
        return int(_costs(curve, rule).argmin()), True
    demanded, other = curve.recall, curve.precision
    if rule.kind == "precision-at-least":
        demanded, other = other, demanded
    kept = demanded >= rule.level
    if not kept.any():
        return int(demanded.argmax()), False
    return int(np.where(kept, other, -1.0).argmax()), True


def _costs(curve: Curve, rule: ThresholdRule) -> np.ndarray:
    missed = curve.positives - curve.true_positives
    return rule.cost_false_positive * curve.false_positives + rule.cost_false_negative * missed


def _place_of(curve: Curve, threshold: float) -> int | None:
    """The last place whose rows are all called positive, None where no row is."""
    count = int((curve.thresholds >= threshold).sum())
    return count - 1 if count else None


def _describe(
    curve: Curve, rule: ThresholdRule, *, place: int | None, threshold: float, met: bool = True
) -> ThresholdChoice:
    if place is None:
        cost = rule.cost_false_negative * curve.positives
        return ThresholdChoice(
            threshold=threshold, precision=0.0, recall=0.0, f1=0.0, share_positive=0.0, cost=cost, met=met
        )
    called = curve.true_positives[place] + curve.false_positives[place]
    return ThresholdChoice(
        threshold=threshold,
        precision=float(curve.precision[place]),
        recall=float(curve.recall[place]),
        f1=float(curve.f1[place]),
        share_positive=float(called / (curve.positives + curve.negatives)),
        cost=float(_costs(curve, rule)[place]),
        met=met,
    )
