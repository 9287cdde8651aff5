"""Evaluate a version of a model on labelled rows."""

from axagents.project import current_project
from axagents.toolkit import Touch, tool
from axagents.workflows.engine import run_workflow
from axagents.workflows.evaluation.request import EvaluationRequest, EvaluationResult
from axagents.workflows.evaluation.withholding import brief_result, must_withhold


@tool("ml-model-evaluation", touches=Touch.COMPUTE)
def evaluate(request: EvaluationRequest) -> EvaluationResult:
    """Evaluate a version of a model as it is served: metrics with intervals, fairness, errors, thresholds, comparison.

    The verdict is GO, NO_GO or INSUFFICIENT, with every rule that spoke; it is put on record for the registry. Use it
    for requests such as "evaluate churn-classifier-v2 on holdout_2024q4 with accuracy, f1 and fairness".
    """
    result = EvaluationResult.model_validate(run_workflow(None, "ml-model-evaluation", request).result)
    return brief_result(result, withhold=must_withhold(current_project()))
