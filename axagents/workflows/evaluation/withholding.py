"""What agents, and so the providers that think for them, are told of groups and rows: figures, no values of theirs.

The report and the page in the run's folder hold all of it; `[egress] sensitive` lets the names of groups out.
"""

from collections.abc import Collection, Mapping

from axagents.actor import is_agent
from axagents.project import Project
from axagents.workflows.evaluation.questions import PredictionReport
from axagents.workflows.evaluation.request import EvaluationResult
from axagents.workflows.evaluation.sections import (
    AttributeReport,
    CriterionReport,
    ErrorReport,
    FairnessReport,
    MitigationReport,
    SliceSearchReport,
)

_NUMBERED = "groups are numbered, the largest first; ax config set egress.sensitive true lets agents see their names"


def must_withhold(project: Project) -> bool:
    """Tell whether whoever acts may see no values of the data's groups and rows."""
    return is_agent() and not project.settings.egress.sensitive


def brief_result(result: EvaluationResult, *, withhold: bool) -> EvaluationResult:
    """Return a result as a tool hands it on: without the points of curves; with `withhold` without values of groups."""
    thresholds = result.thresholds.model_copy(update={"curve": []}) if result.thresholds else None
    fairness = brief_fairness(result.fairness) if result.fairness else None
    errors = result.errors
    if withhold:
        fairness = withhold_groups(fairness) if fairness else None
        errors = withhold_slices(errors, result.sensitive)
    return result.model_copy(update={"thresholds": thresholds, "fairness": fairness, "errors": errors})


def brief_fairness(found: FairnessReport) -> FairnessReport:
    """Return a report with the measures of pairs without their groups, and of each option what gates."""
    rule = found.rule.criterion
    options = [
        each.model_copy(update={"before": {rule: each.before[rule]}, "after": {rule: each.after[rule]}})
        for each in found.mitigation
    ]
    pairs = [each.model_copy(update={"groups": []}) for each in found.pairs]
    return found.model_copy(update={"mitigation": options, "pairs": pairs})


def withhold_groups(found: FairnessReport) -> FairnessReport:
    """Return a report in which groups are numbered, the largest first, and not named."""
    numbers = {each.name: _number(each) for each in (*found.attributes, *found.pairs)}
    return found.model_copy(
        update={
            "attributes": [_attribute(each, numbers[each.name]) for each in found.attributes],
            "pairs": [_attribute(each, numbers[each.name]) for each in found.pairs],
            "mitigation": [_option(each, numbers) for each in found.mitigation],
            "notes": [*_notes(found), _NUMBERED],
        }
    )


def withhold_slices(found: ErrorReport, sensitive: Collection[str]) -> ErrorReport:
    """Return a report without the segments that sensitive columns make, and without what a model said of values."""
    searches, notes = keep_slices(found.searches, found.notes, sensitive)
    robustness = found.robustness
    if robustness:
        effects = [
            each.model_copy(update={"refused": each.refused.split(":")[0]}) if each.refused else each
            for each in robustness.effects
        ]
        robustness = robustness.model_copy(update={"effects": effects})
    return found.model_copy(update={"searches": searches, "notes": notes, "robustness": robustness})


def keep_slices(
    searches: list[SliceSearchReport], notes: list[str], sensitive: Collection[str]
) -> tuple[list[SliceSearchReport], list[str]]:
    """Return the searches without segments of sensitive columns, and the notes that tell of none of those."""
    unfit = {each.text for search in searches for each in search.slices if set(each.columns) & set(sensitive)}
    kept = [
        search.model_copy(update={"slices": [each for each in search.slices if each.text not in unfit]})
        for search in searches
    ]
    told = [note for note in notes if not any(f"where {text}:" in note for text in unfit)]
    if unfit:
        told.append(f"{len(unfit)} segments of sensitive columns are in the report only")
    return kept, told


def withhold_row(found: PredictionReport) -> PredictionReport:
    """Return an explanation without the values of the row: a row is nobody else's business."""
    return found.model_copy(
        update={
            "contributions": [each.model_copy(update={"value": None}) for each in found.contributions],
            "hints": [each.model_copy(update={"value": None, "instead": None}) for each in found.hints],
        }
    )


def _notes(found: FairnessReport) -> list[str]:
    """Return the notes without those that name groups that are too small."""
    small = [f"{group.name} ({each.name})" for each in found.attributes for group in each.groups if not group.scored]
    return [note for note in found.notes if not any(name in note for name in small)]


def _number(found: AttributeReport) -> dict[str, str]:
    ordered = sorted(found.groups, key=lambda each: -each.rows)
    return {each.name: f"group {place}" for place, each in enumerate(ordered, start=1)}


def _attribute(found: AttributeReport, numbers: Mapping[str, str]) -> AttributeReport:
    criteria = _criteria(found.criteria, numbers)
    told = [each.between for each in found.criteria.values() if each.between and _between(each.between) in found.why]
    # Of two, of which one begins as the other, the longer is meant.
    between = max(told, key=lambda each: len(_between(each)), default=None)
    if between is None:
        why = f"{found.verdict.lower()}: too few groups are large enough to be compared"
    else:
        why = found.why.replace(_between(between), _between([numbers.get(each, "a group") for each in between]))
    groups = [each.model_copy(update={"name": numbers[each.name]}) for each in found.groups]
    return found.model_copy(update={"groups": groups, "criteria": criteria, "why": why})


def _criteria(found: Mapping[str, CriterionReport], numbers: Mapping[str, str]) -> dict[str, CriterionReport]:
    return {
        name: each.model_copy(update={"between": [numbers.get(group, "a group") for group in each.between]})
        for name, each in found.items()
    }


def _between(groups: list[str]) -> str:
    return f" between {' and '.join(groups)}"


def _option(found: MitigationReport, numbers: Mapping[str, Mapping[str, str]]) -> MitigationReport:
    named = [name for name in numbers if found.name.endswith((f" of {name}", f" by {name} and class"))]
    own: Mapping[str, str] = numbers[named[0]] if named else {}
    return found.model_copy(
        update={
            "thresholds": {own.get(name, "a group"): value for name, value in found.thresholds.items()},
            "before": _criteria(found.before, own),
            "after": _criteria(found.after, own),
        }
    )
