"""The verdict of an evaluation: the table's inputs, the row that decides, and every rule that speaks."""

from typing import Literal

from axagents.decisions.rules import Value, holds
from axagents.decisions.table import Decision, decide, fill_in, find_table
from axagents.project import Project
from axagents.workflows.evaluation.overlap import Seen
from axagents.workflows.evaluation.request import Rule
from axagents.workflows.evaluation.result import Found, Verdict
from axagents.workflows.evaluation.sections import PerformanceReport
from axagents.workflows.evaluation.setup import Setup
from axagents.workflows.experiments.criteria import judge, read_conditions, summarise

TABLE = "evaluation"


def decide_evaluation(project: Project, setup: Setup, seen: Seen, *, found: Found, gates: list[Decision]) -> Verdict:
    """Return the decision, every rule of the table with whether it speaks, and the judged success criteria."""
    metrics = flat_metrics(found.performance)
    criteria = [judge(each, metrics, frozenset()) for each in read_conditions(setup.request.success_criteria)]
    inputs: dict[str, Value] = {
        "requirements": summarise(criteria),
        "gain": _outcome(found, "baseline"),
        "previous": _outcome(found, "previous"),
        "fairness": found.fairness.verdict if found.fairness else None,
        "seen": seen.amount,
    }
    decision = decide(project, TABLE, inputs)
    return Verdict(decision, _rules(project, decision), criteria, gates)


def flat_metrics(performance: PerformanceReport) -> dict[str, float]:
    """Return the metrics by name, with the ends of their intervals as `auc_roc.low` and `auc_roc.high`."""
    flat: dict[str, float] = {}
    for name, figure in performance.metrics.items():
        flat[name] = figure.mean
        flat |= {f"{name}.{end}": value for end in ("low", "high") if (value := getattr(figure, end)) is not None}
    return flat


def _outcome(found: Found, role: Literal["baseline", "previous"]) -> str | None:
    return next((each.outcome for each in found.comparison.rivals if each.role == role), None)


def _rules(project: Project, decision: Decision) -> list[Rule]:
    rules: list[Rule] = []
    for row in find_table(project, TABLE).rows:
        fired = all(holds(condition, decision.inputs[name]) for name, condition in row.when.items())
        decided = row.row == decision.row
        # The last row catches what no other row speaks of.
        speaks = fired and (bool(row.when) or decided)
        because = fill_in(row.because, decision.inputs)
        rules.append(Rule(rule=row.row, verdict=row.then, fired=speaks, decided=decided, because=because))
    return rules
