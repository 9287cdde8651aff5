"""Compare experiments on their metrics, with the uncertainty of each difference."""

from importlib import import_module
from typing import Any

from axagents.toolkit import Touch, tool
from axagents.workflows.experiments.request import Comparison, ComparisonRequest


@tool("ml-experiment-compare", touches=Touch.READ)
def compare(request: ComparisonRequest) -> Comparison:
    """Compare two to ten experiments on the metrics asked for and name the better one, or say that none is.

    Use it for questions such as "which of churn_v1 and churn_v2 has the better recall?".
    """
    comparison: Any = import_module("axagents.workflows.experiments.comparison")
    return comparison.compare_experiments(request)
