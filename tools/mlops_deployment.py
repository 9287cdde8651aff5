"""Bring a version of a model to its traffic."""

from axagents.toolkit import Touch, tool
from axagents.workflows.deployment.request import DeploymentRequest, DeploymentResult, approval_kind
from axagents.workflows.engine import check_workflow, run_workflow


@tool(
    "mlops-deployment",
    touches=Touch.EFFECT,
    effect_kind="deploy",
    check=check_workflow("mlops-deployment"),
    kind_of=approval_kind,
)
def deploy(request: DeploymentRequest) -> DeploymentResult:
    """Deploy a version of a model, change a canary's share, abort a rollout, or roll back; status changes nothing.

    Model and version must be the user's own words or the registry's only candidate, never a guess. Strategies are
    direct, blue-green and canary, on this machine. Use it for requests such as
    "deploy churn-classifier 2.1.0 as a canary with 10% of traffic" or "roll back churn-classifier to 2.0.0".
    """
    return DeploymentResult.model_validate(run_workflow(None, "mlops-deployment", request).result)
