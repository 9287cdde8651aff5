"""A model beside its rivals, paired on the very rows it is judged on, as a section of an evaluation."""

from collections.abc import Sequence

from axagents.ml.evaluation.answers import Answers
from axagents.ml.evaluation.comparison import PairedComparison, compare_answers
from axagents.workflows.evaluation.rivals import Rival
from axagents.workflows.evaluation.sections import ComparisonReport, DifferenceReport, RivalReport

_OUTCOMES = {"first": "better", "second": "worse", None: "unclear"}
_SAID = {"better": "better than", "worse": "worse than", "unclear": "not shown to differ from"}


def comparison_section(answers: Answers, rivals: Sequence[Rival], *, primary: str, seed: int) -> ComparisonReport:
    """Compare with each rival: 95 % on the primary metric, the other metrics simultaneously.

    To be worse than a rival that may have learned from these rows is no outcome.
    """
    return ComparisonReport(primary=primary, rivals=[_report(answers, each, primary, seed=seed) for each in rivals])


def _report(answers: Answers, rival: Rival, primary: str, *, seed: int) -> RivalReport:
    if rival.answers is None:
        return RivalReport(role=rival.role, name=rival.name, outcome=None, because=rival.because)
    found = compare_answers(answers, rival.answers, primary=primary, seed=seed)
    outcome = _OUTCOMES[found.better]
    because = _sentence(found, rival.name, outcome)
    if rival.learned and outcome == "worse":
        outcome = "unclear"
        because = f"{because}, which does not count: {rival.learned.rstrip('.')}"
    return RivalReport.model_validate(
        {
            "role": rival.role,
            "name": rival.name,
            "outcome": outcome,
            "because": because,
            "changed": found.changed,
            "differences": [
                DifferenceReport.model_validate(
                    {**vars(each), "better": _OUTCOMES[each.better], "ours": each.first, "theirs": each.second},
                    from_attributes=True,
                )
                for each in found.differences
            ],
        }
    )


def _sentence(found: PairedComparison, name: str, outcome: str) -> str:
    first = found.differences[0]
    gap = first.difference
    values = f"{first.metric} {first.first:.4f} against {first.second:.4f}"
    interval = f"difference {gap.value:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}]"
    return f"{values}, {interval}: {_SAID[outcome]} {name}"
