"""Choose a decision threshold."""

from importlib import import_module
from typing import Any

from axagents.project import current_project
from axagents.toolkit import Touch, tool
from axagents.workflows.evaluation.questions import ThresholdAnswer, ThresholdQuestion


@tool("ml-threshold-analysis", touches=Touch.READ)
def choose(request: ThresholdQuestion) -> ThresholdAnswer:
    """Choose a decision threshold by what errors cost, or by the recall or precision that must be reached.

    Thresholds are chosen on some rows and reported on others, beside the one in use. It changes nothing. Use it for
    questions such as "what threshold should I use for churn-classifier 2.1.0 on holdout_2024q4?".
    """
    answering: Any = import_module("axagents.workflows.evaluation.answering")
    return answering.answer_thresholds(current_project(), request)
