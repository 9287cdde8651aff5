"""From which probability a row is called positive."""

from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from axagents.errors import UserError

RuleKind = Literal["f1", "youden", "cost", "recall-at-least", "precision-at-least", "alerts-at-most", "fixed"]


class ThresholdRule(BaseModel):
    """How a decision threshold is chosen."""

    model_config = ConfigDict(frozen=True)

    kind: RuleKind = "f1"
    cost_false_positive: float = Field(default=1.0, ge=0)
    cost_false_negative: float = Field(default=1.0, ge=0)
    cost_true_positive: float = Field(default=0.0, description="What a hit costs; below zero what it gains.")
    cost_true_negative: float = Field(default=0.0, description="What a row rightly left alone costs.")
    level: float = Field(
        default=0.5, ge=0, le=1, description="The recall or precision demanded, or the fixed threshold."
    )
    alerts_per_thousand: float = Field(
        default=100.0, gt=0, le=1000, description="How many of a thousand rows may be called positive."
    )

    def cost(self, sums: np.ndarray) -> np.ndarray:
        """Return the cost of counts (..., 4): true positives, false positives, false negatives, true negatives."""
        each = [self.cost_true_positive, self.cost_false_positive, self.cost_false_negative, self.cost_true_negative]
        return sums @ np.array(each)


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
        return self.true_positives / self.called

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
        return 2 * self.true_positives / (self.called + self.positives)

    @property
    def called(self) -> np.ndarray:
        """The rows called positive."""
        return self.true_positives + self.false_positives

    @property
    def counts(self) -> np.ndarray:
        """True positives, false positives, false negatives and true negatives, one row a threshold, shape (m, 4)."""
        missed, spared = self.positives - self.true_positives, self.negatives - self.false_positives
        return np.column_stack([self.true_positives, self.false_positives, missed, spared])


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

    f1 and youden: the highest F1, or recall less false positive rate; cost: the lowest cost; recall-at-least and
    precision-at-least: the best of the other that keeps the level, `met` False when none does; alerts-at-most: the
    highest recall within so many alerts.
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
    if _calls_none(curve, rule):
        return _describe(curve, rule, place=None, threshold=float(np.nextafter(curve.thresholds[0], np.inf)))
    place, met = _best_place(curve, rule)
    lower = curve.thresholds[place + 1] if place + 1 < len(curve.thresholds) else curve.thresholds[place]
    threshold = float((curve.thresholds[place] + lower) / 2)
    return _describe(curve, rule, place=place, threshold=threshold, met=met)


def _calls_none(curve: Curve, rule: ThresholdRule) -> bool:
    if rule.kind == "cost":
        return bool(rule.cost(curve.counts).min() > _cost_of_none(curve, rule))
    return rule.kind == "alerts-at-most" and not _within_alerts(curve, rule).any()


def _cost_of_none(curve: Curve, rule: ThresholdRule) -> float:
    return float(rule.cost(np.array([0, 0, curve.positives, curve.negatives])))


def _within_alerts(curve: Curve, rule: ThresholdRule) -> np.ndarray:
    return 1000 * curve.called <= rule.alerts_per_thousand * (curve.positives + curve.negatives)


def _best_place(curve: Curve, rule: ThresholdRule) -> tuple[int, bool]:
    if rule.kind == "f1":
        return int(curve.f1.argmax()), True
    if rule.kind == "youden":
        return int((curve.recall - curve.false_positive_rate).argmax()), True
    if rule.kind == "cost":
        return int(rule.cost(curve.counts).argmin()), True
    if rule.kind == "alerts-at-most":
        return int(np.where(_within_alerts(curve, rule), curve.recall, -1.0).argmax()), True
    demanded, other = curve.recall, curve.precision
    if rule.kind == "precision-at-least":
        demanded, other = other, demanded
    kept = demanded >= rule.level
    if not kept.any():
        return int(demanded.argmax()), False
    return int(np.where(kept, other, -1.0).argmax()), True


def _place_of(curve: Curve, threshold: float) -> int | None:
    """The last place whose rows are all called positive, None where no row is."""
    count = int((curve.thresholds >= threshold).sum())
    return count - 1 if count else None


def _describe(
    curve: Curve, rule: ThresholdRule, *, place: int | None, threshold: float, met: bool = True
) -> ThresholdChoice:
    if place is None:
        cost = _cost_of_none(curve, rule)
        return ThresholdChoice(
            threshold=threshold, precision=0.0, recall=0.0, f1=0.0, share_positive=0.0, cost=cost, met=met
        )
    return ThresholdChoice(
        threshold=threshold,
        precision=float(curve.precision[place]),
        recall=float(curve.recall[place]),
        f1=float(curve.f1[place]),
        share_positive=float(curve.called[place] / (curve.positives + curve.negatives)),
        cost=float(rule.cost(curve.counts[place])),
        met=met,
    )
