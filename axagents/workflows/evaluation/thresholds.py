"""Decision thresholds as a section of an evaluation: chosen on answers of the training, else on half of the rows."""

import numpy as np

from axagents.ml.evaluation.answers import Answers
from axagents.ml.evaluation.threshold_analysis import ThresholdAnalysis, analyse_thresholds
from axagents.ml.evaluation.threshold_analysis import ThresholdOption as Option
from axagents.ml.thresholds import ThresholdRule
from axagents.workflows.evaluation.material import Material
from axagents.workflows.evaluation.sections import ThresholdOption, ThresholdPoint, ThresholdReport
from axagents.workflows.evaluation.terms import ThresholdTerms

_REFERENCE = "highest F1"


def threshold_section(material: Material, terms: ThresholdTerms, *, seed: int) -> ThresholdReport | None:
    """Choose thresholds by cost and constraint; None where the model does not give the probability of one class."""
    if material.answers.task != "binary":
        return None
    chosen_on, reported_on, told = _divide(material, seed)
    rules = _rules(terms)
    found = analyse_thresholds(chosen_on, reported_on, rules=rules, seed=seed)
    return _report(found, asked=len(rules), chosen_on=told[0], reported_on=told[1])


def _rules(terms: ThresholdTerms) -> list[ThresholdRule]:
    """Return what was asked for, what must hold before what should be cheap."""
    costs = {
        "cost_false_positive": 1.0 if terms.cost_false_positive is None else terms.cost_false_positive,
        "cost_false_negative": 1.0 if terms.cost_false_negative is None else terms.cost_false_negative,
    }
    rules: list[ThresholdRule] = []
    if terms.min_recall is not None:
        rules.append(ThresholdRule(kind="recall-at-least", level=terms.min_recall))
    if terms.min_precision is not None:
        rules.append(ThresholdRule(kind="precision-at-least", level=terms.min_precision))
    if terms.cost_false_positive is not None or terms.cost_false_negative is not None:
        rules.append(ThresholdRule(kind="cost", **costs))
    return rules


def _divide(material: Material, seed: int) -> tuple[Answers, Answers, tuple[str, str]]:
    """Return the answers to choose on and to report on, and what both are called."""
    learned, answers = material.rows.learned, material.answers
    if learned is not None and learned.facts.classes == answers.classes and learned.facts.task == "binary":
        chosen = Answers("binary", learned.y, learned.scores, classes=answers.classes)
        told = f"{len(np.unique(learned.row)):,} rows of {learned.facts.dataset} that its training scored without them"
        return chosen, answers, (told, material.rows.label)
    first = _half(answers, seed)
    if any(len(np.unique(answers.y[rows])) < 2 for rows in (first, ~first)):
        # A class of so few rows cannot be divided; the analysis says that its figures are too good.
        return answers, answers, (material.rows.label, material.rows.label)
    told = tuple(f"{which} half of {material.rows.label}" for which in ("one", "the other"))
    return answers.take(first), answers.take(~first), (told[0], told[1])


def _half(answers: Answers, seed: int) -> np.ndarray:
    """Draw about half of the rows, whole entities together."""
    units = np.arange(answers.rows) if answers.entity is None else np.unique(answers.entity, return_inverse=True)[1]
    drawn = np.random.default_rng(seed).permutation(int(units.max()) + 1) % 2 == 0
    return drawn[units]


def _report(found: ThresholdAnalysis, *, asked: int, chosen_on: str, reported_on: str) -> ThresholdReport:
    options = [_option(each) for each in found.options]
    reference = next(each for each in options if each.name == _REFERENCE)
    recommended = options[1] if asked else reference
    return ThresholdReport(
        in_use=options[0].threshold,
        recommended=recommended,
        because=_because(recommended, options[0], asked=bool(asked)),
        options=options,
        chosen_on=chosen_on,
        reported_on=reported_on,
        cost_false_positive=found.costs.cost_false_positive,
        cost_false_negative=found.costs.cost_false_negative,
        curve=[ThresholdPoint.model_validate(each) for each in found.curve],
        notes=list(found.notes),
    )


def _option(each: Option) -> ThresholdOption:
    return ThresholdOption.model_validate(
        {**vars(each), "threshold": each.chosen.threshold, "met": each.chosen.met}, from_attributes=True
    )


def _because(recommended: ThresholdOption, in_use: ThresholdOption, *, asked: bool) -> str:
    told = f"{recommended.name}: threshold {recommended.threshold:.3f}, in use is {in_use.threshold:.3f}"
    change = recommended.cost_change
    if change is not None and change.low is not None and change.high is not None:
        told += f"; cost per 1,000 rows {change.mean:+.1f} [{change.low:+.1f}, {change.high:+.1f}]"
    if not recommended.met:
        return f"{told}. No threshold reaches that; this comes nearest."
    if recommended.kept is False:
        return f"{told}. On the reported rows it does not hold."
    return f"{told}." if asked else f"{told}. Nobody said what errors cost, or what recall or precision is needed."
