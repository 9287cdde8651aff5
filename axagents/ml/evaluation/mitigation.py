"""What could be done about an unfair model, and what it would cost: a threshold for each group, or reweighing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from axagents.errors import UserError
from axagents.ml.evaluation.answers import Answers
from axagents.ml.evaluation.fairness import (
    AttributeFairness,
    Criterion,
    FairnessRule,
    Groups,
    Verdict,
    attribute_fairness,
)
from axagents.ml.intervals import Interval, paired_interval

Target = Literal["equalized_odds_difference", "equal_opportunity_difference", "demographic_parity_difference"]
Objective = Literal["f1", "accuracy"]

_SOURCES: dict[Target, str] = {
    "equalized_odds_difference": "Hardt, Price and Srebro (2016), without their random choice between two thresholds",
    "equal_opportunity_difference": "Hardt, Price and Srebro (2016)",
    "demographic_parity_difference": "Kamiran, Karim and Zhang (2012), as a threshold for each group",
}
THRESHOLD_CATCH = (
    "a threshold for each group decides by the protected attribute itself: it must be known for every decision, two"
    " people with the same score can be answered differently, and the law may forbid that (as unequal treatment; in the"
    " United States 42 U.S.C. 2000e-2(l) does for employment tests): ask a lawyer before using it"
)
REWEIGHING_CATCH = (
    "reweighing needs the protected attribute in training only; it makes label and group independent in what is"
    " learned, which helps little where other columns give the group away, and makes scores less calibrated"
)
_POINTS = 200
_TARGETS = 100
_LEAST_OF_A_CLASS = 30
_SPARED = 0.5  # of the limit, since what is chosen on one half is less fair on the other


@dataclass(frozen=True)
class Option:
    """One way to be fairer, with its estimated cost on rows that it was not chosen on.

    Attributes:
        target: the criterion that it was made for.
        source: who proposed it.
        thresholds: by group; empty for reweighing. Groups too small to choose on keep the model's own.
        before, after: every criterion on the same rows.
        verdict: by the declared criterion, after.
        accuracy, f1: the change, after less before, paired; macro averages where there are several classes.
        rows: how many rows it is reported on.
        catch: what to know before using it.
    """

    name: str
    target: str
    source: str
    thresholds: dict[str, float]
    before: dict[str, Criterion]
    after: dict[str, Criterion]
    verdict: Verdict
    accuracy: Interval
    f1: Interval
    rows: int
    catch: str


@dataclass(frozen=True, eq=False)
class _Curve:
    """What thresholds give in one group: positives found and negatives accused at each, and how many there are."""

    thresholds: np.ndarray
    found: np.ndarray
    accused: np.ndarray
    positives: int
    negatives: int

    def rates(self, target: Target) -> np.ndarray:
        """Return the rates that a target compares, shape (thresholds, rates)."""
        found, accused = self.found / max(self.positives, 1), self.accused / max(self.negatives, 1)
        if target == "demographic_parity_difference":
            return ((self.found + self.accused) / max(self.positives + self.negatives, 1))[:, None]
        return found[:, None] if target == "equal_opportunity_difference" else np.column_stack([found, accused])


def threshold_options(
    answers: Answers, groups: Groups, *, rule: FairnessRule, objective: Objective = "f1", seed: int = 0
) -> list[Option]:
    """Return a threshold for each group for each of three targets, chosen on one half of the rows or entities.

    Each group takes the threshold whose rates are nearest to the rates that one threshold for all would give; of these
    the one with the highest objective is taken among those whose spread is at most half the limit, or else the one
    with the least spread. Everything reported is of the other half. Empty where fewer than two groups have 30
    positives and 30 negatives in the half that is chosen on. UserError unless the task is binary.
    """
    if answers.task != "binary":
        raise UserError(f"a threshold for each group fits a binary task, not a {answers.task} one", field="mitigation")
    chosen_on = _draw_half(answers, seed)
    first, second = answers.take(chosen_on), answers.take(~chosen_on)
    curves = _curves(first, groups.take(chosen_on))
    if len(curves) < 2:
        return []
    reported = groups.take(~chosen_on)
    before = attribute_fairness(second, reported, rule=rule)
    options: list[Option] = []
    for target, source in _SOURCES.items():
        chosen = _choose(first, curves, target, most=_SPARED * _limit_of(rule, target), objective=objective)
        own = float(answers.threshold if answers.threshold is not None else 0.5)
        by_code = np.array([chosen.get(code, own) for code in range(len(groups.names))])
        labels = (second.scores >= by_code[reported.codes]).astype(np.float64)
        told = attribute_fairness(replace(second, scores=labels, threshold=0.5), reported, rule=rule)
        after = replace(told, criteria=_with_calibration(told.criteria, before.criteria))
        options.append(
            _option(
                f"a threshold for each group of {groups.name}",
                target,
                source=source,
                sides=(before, after),
                change=_changes(second, replace(second, scores=labels, threshold=0.5)),
                thresholds={name: float(by_code[code]) for code, name in enumerate(groups.names)},
            )
        )
    return options


def reweighing_weights(codes: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return P(group) P(class) / P(group, class) for each row, so that in weights neither tells of the other.

    Kamiran and Calders (2012), "Data preprocessing techniques for classification without discrimination".
    """
    _, group = np.unique(codes, return_inverse=True)
    found, label = np.unique(y, return_inverse=True)
    together = np.bincount(group * len(found) + label, minlength=(group.max() + 1) * len(found))
    counts = together.reshape(-1, len(found)).astype(np.float64)
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / len(y)
    weights = np.divide(expected, counts, out=np.zeros_like(counts), where=counts > 0)
    return weights[group, label]


def reweighing_option(
    answers: Answers,
    groups: Groups,
    *,
    taught: tuple[np.ndarray, np.ndarray],
    refit: Callable[[np.ndarray], Answers],
    rule: FairnessRule,
) -> Option:
    """Return what reweighing would give: the model fitted anew with weights, answering the same rows.

    `taught` are the group codes and class codes of the training rows; `refit` takes their weights and returns the new
    model's answers on the rows of `answers`. UserError for regression, and where the answers are of other rows.
    """
    if answers.task == "regression":
        raise UserError("reweighing balances classes; a regression task has none", field="mitigation")
    anew = refit(reweighing_weights(*taught))
    if not np.array_equal(anew.y, answers.y):
        raise UserError("the model fitted anew was asked about other rows than the first", field="mitigation")
    sides = (attribute_fairness(answers, groups, rule=rule), attribute_fairness(anew, groups, rule=rule))
    return _option(
        f"rows weighed by {groups.name} and class",
        "demographic_parity_difference",
        source="Kamiran and Calders (2012)",
        sides=sides,
        change=_changes(answers, anew),
        thresholds={},
    )


def _option(
    name: str,
    target: str,
    *,
    source: str,
    sides: tuple[AttributeFairness, AttributeFairness],
    change: tuple[Interval, Interval],
    thresholds: dict[str, float],
) -> Option:
    before, after = sides
    return Option(
        name=name,
        target=target,
        source=source,
        thresholds=thresholds,
        before=before.criteria,
        after=after.criteria,
        verdict=after.verdict,
        accuracy=change[0],
        f1=change[1],
        rows=sum(group.rows for group in after.groups),
        catch=THRESHOLD_CATCH if thresholds else REWEIGHING_CATCH,
    )


def _draw_half(answers: Answers, seed: int) -> np.ndarray:
    """Return a mask of half of the rows, or of the rows of half of the entities."""
    rng = np.random.default_rng(seed)
    if answers.entity is None:
        return rng.permutation(answers.rows) < answers.rows / 2
    found, codes = np.unique(answers.entity, return_inverse=True)
    return (rng.permutation(len(found)) < len(found) / 2)[codes]


def _curves(answers: Answers, groups: Groups) -> dict[int, _Curve]:
    """Return the curve of every group, by code, that has enough rows of both classes."""
    curves: dict[int, _Curve] = {}
    for code in range(len(groups.names)):
        own = groups.codes == code
        positive = answers.y[own] == 1
        if min(positive.sum(), (~positive).sum()) >= _LEAST_OF_A_CLASS:
            curves[code] = _curve(positive, answers.scores[own], points=_POINTS)
    return curves


def _curve(positive: np.ndarray, scores: np.ndarray, *, points: int) -> _Curve:
    thresholds = np.unique(np.append(np.quantile(scores, np.linspace(0, 1, points), method="nearest"), np.inf))
    yes, no = np.sort(scores[positive]), np.sort(scores[~positive])
    return _Curve(
        thresholds=np.where(np.isfinite(thresholds), thresholds, np.nextafter(scores.max(), np.inf)),
        found=len(yes) - np.searchsorted(yes, thresholds),
        accused=len(no) - np.searchsorted(no, thresholds),
        positives=len(yes),
        negatives=len(no),
    )


def _choose(
    answers: Answers, curves: dict[int, _Curve], target: Target, *, most: float, objective: Objective
) -> dict[int, float]:
    """Return the threshold of each group."""
    overall = _curve(answers.y == 1, answers.scores, points=_TARGETS)
    rates = [curve.rates(target) for curve in curves.values()]
    aims = overall.rates(target)
    places = np.column_stack([np.abs(own[None, :, :] - aims[:, None, :]).max(axis=2).argmin(axis=1) for own in rates])
    reached = np.stack([own[places[:, column]] for column, own in enumerate(rates)], axis=1)
    spread = np.ptp(reached, axis=1).max(axis=1)
    worth = _worth(list(curves.values()), places, objective)
    allowed = spread <= most
    best = int(np.where(allowed, worth, -np.inf).argmax()) if allowed.any() else int(spread.argmin())
    return {
        code: float(curve.thresholds[place]) for (code, curve), place in zip(curves.items(), places[best], strict=True)
    }


def _worth(curves: Sequence[_Curve], places: np.ndarray, objective: Objective) -> np.ndarray:
    """The objective over all of these groups, for each row of `places` (choices, groups)."""
    found = np.sum([curve.found[places[:, column]] for column, curve in enumerate(curves)], axis=0)
    accused = np.sum([curve.accused[places[:, column]] for column, curve in enumerate(curves)], axis=0)
    positives, negatives = sum(curve.positives for curve in curves), sum(curve.negatives for curve in curves)
    if objective == "f1":
        return 2 * found / (found + accused + positives)
    return (found + negatives - accused) / (positives + negatives)


def _limit_of(rule: FairnessRule, target: Target) -> float:
    return rule.limit if rule.criterion == target else 0.1


def _with_calibration(after: dict[str, Criterion], before: dict[str, Criterion]) -> dict[str, Criterion]:
    """Thresholds leave the scores as they are."""
    return {**after, "calibration_difference": before["calibration_difference"]}


def _changes(before: Answers, after: Answers) -> tuple[Interval, Interval]:
    """Return the change of accuracy and of F1, on the same rows."""

    def change(name: str) -> Interval:
        return paired_interval(
            name,
            before.y,
            first=after.scores,
            second=before.scores,
            thresholds=(after.threshold, before.threshold),
            entity=before.entity,
        )

    return change("accuracy"), change("f1")
