"""Register a model folder as a version."""

from axagents.toolkit import Touch, tool
from axagents.workflows.engine import check_workflow, run_workflow
from axagents.workflows.registry.request import RegistryRequest, RegistryResult


@tool("ml-model-registry", touches=Touch.EFFECT, effect_kind="register", check=check_workflow("ml-model-registry"))
def register(request: RegistryRequest) -> RegistryResult:
    """Register a model folder as a version of a model: checked, described, compared with what is in production.

    Metrics given here are kept as claimed and decide nothing. Use it for requests such as
    "register ./models/churn_classifier_v2 as churn-classifier version 2.1.0".
    """
    return RegistryResult.model_validate(run_workflow(None, "ml-model-registry", request).result)
