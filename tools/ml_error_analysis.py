"""Find where a model errs most."""

from importlib import import_module
from typing import Any

from axagents.project import current_project
from axagents.toolkit import Touch, tool
from axagents.workflows.evaluation.questions import ErrorAnswer, ErrorQuestion


@tool("ml-error-analysis", touches=Touch.READ)
def analyse(request: ErrorQuestion) -> ErrorAnswer:
    """Find the segments in which a model errs most, found on one half of the rows and confirmed on the other.

    Use it for questions such as "where does churn-classifier 2.1.0 fail most?".
    """
    answering: Any = import_module("axagents.workflows.evaluation.answering")
    return answering.answer_errors(current_project(), request)
