"""How fair a model's answers are to the groups of each sensitive attribute, and to those of two together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from axagents.errors import UserError
from axagents.ml.evaluation.answers import Answers
from axagents.ml.evaluation.fairness.criteria import (
    Criterion,
    Definition,
    FairnessRule,
    Part,
    Verdict,
    criteria_for,
    judge,
    make_rule,
    mean_part,
    measure,
    rows_needed,
    share_part,
)
from axagents.ml.evaluation.fairness.groups import Groups, pairs_of
from axagents.ml.evaluation.fairness.tally import (
    RATES,
    Mean,
    Share,
    Units,
    calibration_slopes,
    count_entities,
    make_units,
    tally_mean,
    tally_shares,
)
from axagents.ml.intervals import Interval, proportion_interval

LEAST_ROWS = 100
LEAST_POSITIVES = 30
LEAST_ENTITIES = 30


@dataclass(frozen=True)
class Group:
    """One group: its size and its figures, each with its interval.

    Attributes:
        positives: rows of the positive class, or of each class; empty for regression.
        scored: whether the group is compared with others; else `why` says why it is only shown.
        figures: rates and means by name, those of several classes with the class in brackets.
    """

    name: str
    rows: int
    positives: dict[str, int]
    scored: bool
    why: str
    figures: dict[str, Interval]


@dataclass(frozen=True)
class AttributeFairness:
    """What is said of one attribute, or of two crossed.

    Attributes:
        binning: how a number was made into groups.
        missing: rows without a value; they are a group of their own.
        gates: whether its verdict counts for the whole; pairs of attributes only inform.
        rows_needed: how many more rows would probably decide; None where it is decided or no number would do.
        why: one sentence on the verdict.
    """

    name: str
    columns: tuple[str, ...]
    binning: str
    groups: tuple[Group, ...]
    criteria: dict[str, Criterion]
    verdict: Verdict
    gates: bool
    rows_needed: int | None
    why: str


@dataclass(frozen=True)
class FairnessReport:
    """What is said of all attributes: the rule, the verdict by it, and what a reader has to know."""

    rule: FairnessRule
    verdict: Verdict
    attributes: tuple[AttributeFairness, ...]
    pairs: tuple[AttributeFairness, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _View:
    """One class against the others, summed up by group; in regression the values."""

    label: str
    positives: np.ndarray
    shares: dict[str, Share]
    means: dict[str, Mean]
    slopes: list[Interval | None]
    scored: np.ndarray


def analyse_fairness(
    answers: Answers, groups: Sequence[Groups], *, rule: FairnessRule | None = None, pairs: bool = True
) -> FairnessReport:
    """Compare the groups of each sensitive attribute, and of each two crossed.

    The rule's criterion gates on the single attributes: FAIL where one fails, else INSUFFICIENT where one cannot be
    told, else PASS. Groups of fewer than 100 rows, 30 positives or 30 entities are shown, not scored. With an entity
    all intervals count entities, not rows; an entity in several groups counts in each as if it were several.
    """
    if not groups:
        raise UserError("fairness needs a sensitive column", field="sensitive")
    for each in groups:
        if len(each.codes) != answers.rows:
            raise UserError(
                f"{each.name!r} has {len(each.codes):,} values for {answers.rows:,} rows", field="sensitive"
            )
    rule = rule or make_rule(answers.task)
    single = tuple(attribute_fairness(answers, each, rule=rule) for each in groups)
    crossed = tuple(
        attribute_fairness(answers, each, rule=rule, gates=False) for each in (pairs_of(groups) if pairs else ())
    )
    verdicts = {each.verdict for each in single}
    verdict: Verdict = "FAIL" if "FAIL" in verdicts else "INSUFFICIENT" if "INSUFFICIENT" in verdicts else "PASS"
    return FairnessReport(rule, verdict, single, crossed, _notes(answers, rule, single))


def attribute_fairness(
    answers: Answers, groups: Groups, *, rule: FairnessRule, gates: bool = True
) -> AttributeFairness:
    """Compare the groups of one attribute."""
    units = make_units(groups.codes, len(groups.names), answers.entity)
    rows = np.bincount(groups.codes, minlength=len(groups.names))
    enough = rows >= LEAST_ROWS
    if answers.entity is not None:
        enough &= count_entities(units) >= LEAST_ENTITIES
    views = _views(answers, groups.codes, units=units, enough=enough, level=rule.level)
    shown = tuple(
        _describe_group(groups.names[place], place, rows=rows, units=units, views=views, level=rule.level)
        for place in range(len(groups.names))
    )
    scale = float(answers.y.std()) if answers.task == "regression" else 1.0
    criteria = {
        each.name: measure(each, _parts(each, views, scale), groups.names, level=rule.level)
        for each in criteria_for(answers.task)
    }
    definition = next(each for each in criteria_for(answers.task) if each.name == rule.criterion)
    verdict, needed, why = _decide(criteria[rule.criterion], definition, rule, groups=shown)
    return AttributeFairness(
        name=groups.name,
        columns=groups.columns,
        binning=groups.binning,
        groups=shown,
        criteria=criteria,
        verdict=verdict,
        gates=gates,
        rows_needed=needed,
        why=why,
    )


def _views(answers: Answers, codes: np.ndarray, *, units: Units, enough: np.ndarray, level: float) -> list[_View]:
    if answers.task == "regression":
        means = {
            "mean_prediction": tally_mean(answers.scores, codes, units),
            "observed_mean": tally_mean(answers.y, codes, units),
            "mean_residual": tally_mean(answers.y - answers.scores, codes, units),
        }
        return [_View("", np.zeros(units.groups), {}, means, [], enough)]
    labels = answers.labels
    if answers.scores.ndim == 1:
        columns = [("", answers.y == 1, labels == 1, answers.scores)]
    else:
        columns = [
            (name, answers.y == code, labels == code, answers.scores[:, code])
            for code, name in enumerate(answers.classes)
        ]
    views: list[_View] = []
    for label, positive, called, score in columns:
        shares = tally_shares(positive, called, units)
        means = {
            "mean_score": tally_mean(score, codes, units),
            "calibration_gap": tally_mean(score - positive, codes, units),
        }
        design = means["calibration_gap"].design
        slopes = calibration_slopes(positive, score, codes, design=design, level=level)
        positives = shares["observed_rate"].hits
        views.append(_View(label, positives, shares, means, slopes, enough & (positives >= LEAST_POSITIVES)))
    return views


def _parts(definition: Definition, views: Sequence[_View], scale: float) -> list[Part]:
    found: list[Part | None] = []
    for view in views:
        for name in definition.parts:
            label = _named(name, view.label)
            if name in view.shares:
                found.append(share_part(label, view.shares[name], scored=view.scored, ratio=definition.at_least))
            else:
                found.append(mean_part(label, view.means[name], scored=view.scored, scale=scale))
    return [part for part in found if part is not None]


def _describe_group(
    name: str, place: int, *, rows: np.ndarray, units: Units, views: Sequence[_View], level: float
) -> Group:
    figures: dict[str, Interval] = {}
    for view in views:
        for key in RATES if view.shares else ():
            share = view.shares[key]
            if share.trials[place] > 0:
                worth = float(share.effective[place])
                rate = float(share.hits[place] / share.trials[place])
                figures[_named(key, view.label)] = proportion_interval(rate * worth, worth, level=level)
        for key, mean in view.means.items():
            figures[_named(key, view.label)] = _mean_interval(mean, place, level=level)
        slope = view.slopes[place] if view.slopes else None
        if slope is not None:
            figures[_named("calibration_slope", view.label)] = slope
    positives = {view.label or "positive": int(view.positives[place]) for view in views if view.shares}
    scored = [bool(view.scored[place]) for view in views]
    entities = None if units.codes is None else int(count_entities(units)[place])
    why = "" if all(scored) else _why_not_scored(int(rows[place]), entities, positives)
    return Group(name, int(rows[place]), positives, any(scored), why, figures)


def _mean_interval(mean: Mean, place: int, *, level: float) -> Interval:
    value, half = float(mean.value[place]), float(norm.ppf(0.5 + level / 2) * mean.error[place])
    return Interval(value, value - half, value + half, level, "normal")


def _why_not_scored(rows: int, entities: int | None, positives: dict[str, int]) -> str:
    if rows < LEAST_ROWS:
        return f"{rows:,} rows, fewer than {LEAST_ROWS}"
    if entities is not None and entities < LEAST_ENTITIES:
        return f"{entities:,} entities, fewer than {LEAST_ENTITIES}"
    few = {name: count for name, count in positives.items() if count < LEAST_POSITIVES}
    told = ", ".join(
        f"{count:,} of {name}" if len(positives) > 1 else f"{count:,} positives" for name, count in few.items()
    )
    return f"{told}, fewer than {LEAST_POSITIVES}"


def _decide(
    criterion: Criterion, definition: Definition, rule: FairnessRule, *, groups: Sequence[Group]
) -> tuple[Verdict, int | None, str]:
    """Return the verdict, how many more rows would decide, and one sentence on both."""
    rows = sum(group.rows for group in groups)
    value, title = criterion.value, rule.criterion.replace("_", " ")
    if not criterion.between:
        return "INSUFFICIENT", *_rows_for_two(groups, rows)
    verdict = judge(value, rule.limit, at_least=definition.at_least)
    told = f"{title} {value.value:.3f} [{value.low:.3f}, {value.high:.3f}]{_unit(criterion)}"
    told += f" between {' and '.join(criterion.between)}{_where(criterion)}"
    demanded = f"the limit of {'at least' if definition.at_least else 'at most'} {rule.limit:g}"
    if verdict != "INSUFFICIENT":
        return verdict, None, f"{told}: wholly {'inside' if verdict == 'PASS' else 'outside'} {demanded}"
    needed = rows_needed(value, rule.limit, rows)
    more = (
        "the value is too close to it for any number of rows to be likely to decide"
        if needed is None
        else f"about {needed:,} more rows of the same mix would decide if the value stays"
    )
    return verdict, needed, f"{told}: the interval holds {demanded}; {more}"


def _unit(criterion: Criterion) -> str:
    return " standard deviations of the target" if criterion.name == "mean_residual_difference" else ""


def _where(criterion: Criterion) -> str:
    """Name the rate and the class, where there are several classes."""
    rate, _, label = criterion.part.removesuffix("]").partition("[")
    return f" in the {rate.replace('_', ' ')} of {label}" if label else ""


def _rows_for_two(groups: Sequence[Group], rows: int) -> tuple[int | None, str]:
    """Say what it takes until two groups can be compared."""
    if len(groups) < 2:
        return None, f"all rows are of one group, {groups[0].name}: there is nothing to compare"
    factors = sorted(
        max(LEAST_ROWS / group.rows, *(LEAST_POSITIVES / max(count, 1) for count in group.positives.values()), 1.0)
        for group in groups
    )
    needed = int(np.ceil(rows * (factors[1] - 1)))
    least = f"{LEAST_ROWS} rows" + (f" and {LEAST_POSITIVES} positives" if groups[0].positives else "")
    if needed == 0:
        return (
            None,
            f"fewer than two groups can be compared: {'; '.join(f'{each.name}: {each.why}' for each in groups)}",
        )
    return needed, f"fewer than two groups have {least}; about {needed:,} more rows of the same mix would give them"


def _notes(answers: Answers, rule: FairnessRule, attributes: Sequence[AttributeFairness]) -> tuple[str, ...]:
    title = rule.criterion.replace("_", " ")
    notes = [f"{title} was declared to decide; the others inform, and so do pairs of attributes"]
    if answers.task != "regression":
        for each in attributes:
            rates = [
                group.figures["observed_rate"].value
                for group in each.groups
                if group.scored and "observed_rate" in group.figures
            ]
            if rates and max(rates) - min(rates) > 0.01:
                notes.append(
                    f"by {each.name} between {min(rates):.3f} and {max(rates):.3f} of the rows are positive: where base"
                    " rates differ, equal error rates, equal precision and equal selection cannot all hold unless the"
                    " model is perfect (Chouldechova 2017; Kleinberg, Mullainathan and Raghavan 2017)"
                )
    small = [f"{group.name} ({each.name})" for each in attributes for group in each.groups if not group.scored]
    if small:
        notes.append(
            f"shown, not scored, for being small: {', '.join(small[:8])}{' and more' if len(small) > 8 else ''}"
        )
    return tuple(notes)


def _named(name: str, label: str) -> str:
    return f"{name}[{label}]" if label else name
