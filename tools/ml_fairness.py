"""Compare the groups of sensitive columns."""

from importlib import import_module
from typing import Any

from axagents.project import current_project
from axagents.toolkit import Touch, tool
from axagents.workflows.evaluation.questions import FairnessAnswer, FairnessQuestion


@tool("ml-fairness", touches=Touch.READ)
def compare(request: FairnessQuestion) -> FairnessAnswer:
    """Compare how a model treats groups: error rates, selection, calibration, by the one criterion that is declared.

    Groups that are too small are shown and not scored. Sensitive columns are named, or declared in the catalog, never
    guessed. Use it for questions such as "is churn-classifier biased against gender?".
    """
    answering: Any = import_module("axagents.workflows.evaluation.answering")
    return answering.answer_fairness(current_project(), request)
