"""Make features from a dataset."""

from axagents.toolkit import Touch, tool
from axagents.workflows.engine import run_workflow
from axagents.workflows.features.request import FeaturesRequest, FeaturesResult


@tool("ml-feature-engineering", touches=Touch.COMPUTE)
def engineer(request: FeaturesRequest) -> FeaturesResult:
    """Make features from a dataset of events or rows for a target, judge them, and keep them in the feature store.

    It looks only at what happened and was known before each row's own moment, checks for leakage, and says whether the
    features gain anything over the plainest ones. Use it for requests such as "generate temporal and aggregation
    features from customer_transactions for is_churned". A model is then trained on the set by its name.
    """
    return FeaturesResult.model_validate(run_workflow(None, "ml-feature-engineering", request).result)
