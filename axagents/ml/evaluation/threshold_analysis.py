"""Which decision threshold serves which aim: chosen on out-of-fold answers, reported on rows that chose nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from axagents.errors import UserError
from axagents.ml.evaluation.answers import Answers
from axagents.ml.evaluation.checking import check_answers
from axagents.ml.intervals import Interval, clustered_proportion_interval, metric_interval, proportion_interval
from axagents.ml.intervals.bootstrap import bca_bounds
from axagents.ml.intervals.labels import draw_labels
from axagents.ml.metrics import decide_labels
from axagents.ml.thresholds import ThresholdChoice, ThresholdRule, choose_threshold, threshold_curve

POINTS = 200
_SHOWN = ("precision", "recall", "f1")


@dataclass(frozen=True)
class ThresholdOption:
    """One rule's threshold and what it gives.

    Attributes:
        name: the rule in words, such as "recall at least 0.8".
        chosen: the threshold, and what it gave on the rows it was chosen on.
        metrics: precision, recall and F1 on the reported rows.
        alerts: how many of a thousand rows are called positive.
        cost: per thousand rows.
        cost_change: against the current threshold, per thousand rows, paired; None for that threshold itself.
        kept: whether what the rule demands holds on the reported rows: by the whole interval, or not by the whole
            interval; None when that is open or nothing is demanded.
    """

    name: str
    rule: ThresholdRule
    chosen: ThresholdChoice
    metrics: dict[str, Interval]
    alerts: Interval
    cost: Interval
    cost_change: Interval | None = None
    kept: bool | None = None


@dataclass(frozen=True)
class ThresholdPoint:
    """What one threshold gives on the reported rows; alerts and cost per thousand rows."""

    threshold: float
    precision: float
    recall: float
    f1: float
    false_positive_rate: float
    alerts: float
    cost: float


@dataclass(frozen=True)
class ThresholdAnalysis:
    """The options, the current threshold first, and the curve of the reported rows, highest threshold first."""

    options: tuple[ThresholdOption, ...]
    curve: tuple[ThresholdPoint, ...]
    costs: ThresholdRule
    notes: tuple[str, ...] = ()


def analyse_thresholds(
    chosen_on: Answers,
    reported_on: Answers,
    *,
    rules: Sequence[ThresholdRule] = (),
    level: float = 0.95,
    seed: int = 0,
) -> ThresholdAnalysis:
    """Choose a threshold by each rule, and by F1 and Youden's J for reference, and report what they give.

    Args:
        chosen_on: out-of-fold answers; rows without a score are left out.
        reported_on: answers on rows that chose nothing, with the current threshold.
        rules: the costs of the first cost rule hold for every option; without one, each error costs one.

    Raises:
        UserError: not a binary task, or rows of one class only.
    """
    if reported_on.task != "binary" or chosen_on.task != "binary":
        raise UserError(
            f"a threshold belongs to a binary task, and this is a {reported_on.task} one", field="threshold"
        )
    check_answers(reported_on)
    costs = next((rule for rule in rules if rule.kind == "cost"), ThresholdRule(kind="cost"))
    current = 0.5 if reported_on.threshold is None else reported_on.threshold
    asked = {f"current ({current:g})": ThresholdRule(kind="fixed", level=current)}
    asked |= {_name(rule): rule for rule in (*rules, ThresholdRule(kind="f1"), ThresholdRule(kind="youden"))}
    report = _Report(reported_on, costs, current, level, seed)
    chosen = {
        name: choose_threshold(chosen_on.y, chosen_on.scores, _with_costs(rule, costs)) for name, rule in asked.items()
    }
    return ThresholdAnalysis(
        options=tuple(report.option(name, rule, chosen[name]) for name, rule in asked.items()),
        curve=_thin_curve(reported_on, costs),
        costs=costs,
        notes=_notes(chosen_on, reported_on, chosen=chosen),
    )


def _with_costs(rule: ThresholdRule, costs: ThresholdRule) -> ThresholdRule:
    return costs.model_copy(
        update={"kind": rule.kind, "level": rule.level, "alerts_per_thousand": rule.alerts_per_thousand}
    )


@dataclass(frozen=True, eq=False)
class _Report:
    """What a threshold gives on the reported rows."""

    answers: Answers
    costs: ThresholdRule
    current: float
    level: float
    seed: int

    def option(self, name: str, rule: ThresholdRule, chosen: ThresholdChoice) -> ThresholdOption:
        answers, cut = self.answers, chosen.threshold
        metrics = {
            each: metric_interval(
                each, answers.y, answers.scores, threshold=cut, entity=answers.entity, level=self.level, seed=self.seed
            )
            for each in _SHOWN
        }
        alerts = self._alerts(cut)
        cost, change = self._costs(cut)
        return ThresholdOption(
            name=name,
            rule=rule,
            chosen=chosen,
            metrics=metrics,
            alerts=alerts,
            cost=cost,
            cost_change=None if cut == self.current else change,
            kept=_is_kept(rule, metrics, alerts),
        )

    def _alerts(self, cut: float) -> Interval:
        called = self.answers.scores >= cut
        if self.answers.entity is None:
            found = proportion_interval(int(called.sum()), len(called), level=self.level)
        else:
            found = clustered_proportion_interval(called, self.answers.entity, level=self.level)
        return Interval(1000 * found.value, 1000 * found.low, 1000 * found.high, self.level, found.method)

    def _costs(self, cut: float) -> tuple[Interval, Interval]:
        """Return the cost per thousand rows, and its difference from the current threshold's on the same draws."""
        views = [decide_labels(self.answers.scores, each) for each in (cut, self.current)]
        draws = draw_labels(self.answers.y, views, self.answers.entity, classes=2, seed=self.seed)
        full = np.column_stack([self.answers.y == 1, self.answers.y == 0]).sum(axis=0)
        found = {
            which: [1000 * self.costs.cost(_counts(sums, view)) / _rows(sums) for view in (0, 1)]
            for which, sums in (("drawn", draws.drawn), ("left", draws.left))
        }
        values = [1000 * self._mean_cost(view, full) for view in views]
        told = "BCa bootstrap" + ("" if self.answers.entity is None else ", clustered by entity")
        bounds = bca_bounds(values[0], found["drawn"][0], found["left"][0], level=self.level, counts=draws.counts)
        change = values[0] - values[1]
        drawn, left = (found[which][0] - found[which][1] for which in ("drawn", "left"))
        around = bca_bounds(change, drawn, left, level=self.level, counts=draws.counts)
        return Interval(values[0], *bounds, self.level, told), Interval(change, *around, self.level, f"paired {told}")

    def _mean_cost(self, called: np.ndarray, full: np.ndarray) -> float:
        hits = int(((called == 1) & (self.answers.y == 1)).sum())
        false = int((called == 1).sum()) - hits
        return float(self.costs.cost(np.array([hits, false, full[0] - hits, full[1] - false]))) / self.answers.rows


def _counts(sums: np.ndarray, view: int) -> np.ndarray:
    """Return true and false positives, false and true negatives of sums as by `label_sums`, two classes a view."""
    spared, _, _, hits, called, actual = np.moveaxis(sums[..., 6 * view : 6 * view + 6], -1, 0)
    return np.stack([hits, called - hits, actual - hits, spared], axis=-1)


def _rows(sums: np.ndarray) -> np.ndarray:
    return sums[..., 2] + sums[..., 5]


def _is_kept(rule: ThresholdRule, metrics: dict[str, Interval], alerts: Interval) -> bool | None:
    if rule.kind in ("recall-at-least", "precision-at-least"):
        found = metrics[rule.kind.split("-")[0]]
        return True if found.low >= rule.level else False if found.high < rule.level else None
    if rule.kind == "alerts-at-most":
        most = rule.alerts_per_thousand
        return True if alerts.high <= most else False if alerts.low > most else None
    return None


def _name(rule: ThresholdRule) -> str:
    if rule.kind in ("recall-at-least", "precision-at-least"):
        return f"{rule.kind.split('-')[0]} at least {rule.level:g}"
    if rule.kind == "alerts-at-most":
        return f"at most {rule.alerts_per_thousand:g} alerts per 1,000"
    return {
        "fixed": f"fixed at {rule.level:g}",
        "cost": "lowest cost",
        "f1": "highest F1",
        "youden": "Youden's J",
    }[rule.kind]


def _thin_curve(answers: Answers, costs: ThresholdRule) -> tuple[ThresholdPoint, ...]:
    """Return at most POINTS thresholds: evenly over the rows called, and more closely where few are."""
    curve = threshold_curve(answers.y, answers.scores)
    count = len(curve.thresholds)
    even = np.searchsorted(curve.called, np.linspace(1, answers.rows, POINTS * 3 // 4))
    close = np.geomspace(1, count, POINTS // 4) - 1
    places = np.unique(np.clip(np.concatenate([even, close]).astype(np.int64), 0, count - 1))
    columns = (
        curve.thresholds,
        curve.precision,
        curve.recall,
        curve.f1,
        curve.false_positive_rate,
        1000 * curve.called / answers.rows,
        1000 * costs.cost(curve.counts) / answers.rows,
    )
    return tuple(ThresholdPoint(*row) for row in np.column_stack([column[places] for column in columns]).tolist())


def _notes(chosen_on: Answers, reported_on: Answers, *, chosen: dict[str, ThresholdChoice]) -> tuple[str, ...]:
    notes = [
        f"No threshold gives {name} on the rows it was chosen on." for name, each in chosen.items() if not each.met
    ]
    if chosen_on.rows == reported_on.rows and np.array_equal(chosen_on.scores, reported_on.scores):
        notes.append("Thresholds were chosen on the rows they are reported on, so their figures are too good.")
    return tuple(notes)
