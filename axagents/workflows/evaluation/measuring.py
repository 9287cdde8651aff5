"""How good and how fair a model's answers are, as sections of an evaluation."""

from collections.abc import Sequence

from axagents.decisions.table import Decision, decide
from axagents.ml.evaluation.calibration_check import check_calibration
from axagents.ml.evaluation.fairness import analyse_fairness, make_rule, sensitive_groups
from axagents.ml.evaluation.fairness.criteria import FairnessRule, criteria_for
from axagents.ml.evaluation.performance import measure_performance
from axagents.project import Project
from axagents.workflows.evaluation.material import Material
from axagents.workflows.evaluation.mitigating import mitigation_options
from axagents.workflows.evaluation.sections import (
    AttributeReport,
    CalibrationReport,
    FairnessReport,
    PerformanceReport,
    Verdict,
)
from axagents.workflows.evaluation.terms import FairnessTerms

_WORST: tuple[Verdict, ...] = ("FAIL", "INSUFFICIENT")


def performance_section(material: Material, *, seed: int) -> PerformanceReport:
    """Measure the answers by every metric of the task, by class, and check their calibration."""
    found = PerformanceReport.model_validate(measure_performance(material.answers, seed=seed))
    checked = check_calibration(material.answers, target=material.target, seed=seed)
    return found.model_copy(update={"calibration": [CalibrationReport.model_validate(each) for each in checked]})


def fairness_rule(material: Material, terms: FairnessTerms) -> FairnessRule:
    """Return the one measure that gates; UserError for one that does not fit the task."""
    return make_rule(material.model.task, terms.fairness_criterion, limit=terms.fairness_limit)


def fairness_section(
    project: Project, material: Material, terms: FairnessTerms, *, columns: Sequence[str], seed: int
) -> tuple[FairnessReport, list[Decision]]:
    """Compare the groups of each column; the table `fairness` says what each comparison comes to."""
    rule = fairness_rule(material, terms)
    groups = sensitive_groups(material.described(columns), columns)
    found = FairnessReport.model_validate(analyse_fairness(material.answers, groups, rule=rule))
    at_least = next(each.at_least for each in criteria_for(material.model.task) if each.name == rule.criterion)
    attributes: list[AttributeReport] = []
    decisions: list[Decision] = []
    for each in found.attributes:
        decision = decide(project, "fairness", {"interval": _place(each, rule, at_least=at_least)})
        decisions.append(decision)
        attributes.append(each.model_copy(update={"verdict": decision.verdict}))
    verdicts = {each.verdict for each in attributes}
    verdict = next((each for each in _WORST if each in verdicts), "PASS")
    unfair = [each for each, report in zip(groups, attributes, strict=True) if report.verdict != "PASS"]
    options, notes = mitigation_options(project, material, unfair, rule=rule, seed=seed)
    changed = {"attributes": attributes, "verdict": verdict, "mitigation": options, "notes": [*found.notes, *notes]}
    return found.model_copy(update=changed), decisions


def _place(attribute: AttributeReport, rule: FairnessRule, *, at_least: bool) -> str | None:
    """Say where the interval of the declared criterion lies with respect to its limit."""
    criterion = attribute.criteria[rule.criterion]
    value = criterion.value
    if not criterion.between or value is None or value.low is None or value.high is None:
        return None
    if at_least:
        return "inside" if value.low >= rule.limit else "outside" if value.high < rule.limit else "across"
    return "inside" if value.high <= rule.limit else "outside" if value.low > rule.limit else "across"
