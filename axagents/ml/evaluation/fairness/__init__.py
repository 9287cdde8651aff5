"""Group fairness: groups and their figures, the criteria with intervals, and a verdict by the declared one."""

from axagents.ml.evaluation.fairness.criteria import (
    Criterion,
    FairnessRule,
    Verdict,
    criteria_for,
    judge,
    make_rule,
    rows_needed,
)
from axagents.ml.evaluation.fairness.groups import Groups, pairs_of, sensitive_groups
from axagents.ml.evaluation.fairness.report import (
    AttributeFairness,
    FairnessReport,
    Group,
    analyse_fairness,
    attribute_fairness,
)

__all__ = [
    "AttributeFairness",
    "Criterion",
    "FairnessReport",
    "FairnessRule",
    "Group",
    "Groups",
    "Verdict",
    "analyse_fairness",
    "attribute_fairness",
    "criteria_for",
    "judge",
    "make_rule",
    "pairs_of",
    "rows_needed",
    "sensitive_groups",
]
