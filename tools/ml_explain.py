"""Explain a model, or one of its predictions."""

from importlib import import_module
from typing import Any

from axagents.project import current_project
from axagents.toolkit import Touch, tool
from axagents.workflows.evaluation.questions import ExplainAnswer, ExplainQuestion


@tool("ml-explain", touches=Touch.READ)
def explain(request: ExplainQuestion) -> ExplainAnswer:
    """Explain what a model leans on, or with a row why it answered that row as it did, by Shapley values.

    Use it for questions such as "which features matter most in churn-classifier?" and "explain the prediction of
    churn-classifier for row 17 of holdout_2024q4".
    """
    answering: Any = import_module("axagents.workflows.evaluation.answering")
    return answering.explain(current_project(), request)
