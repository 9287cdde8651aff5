"""Publish a document that was written."""

from axagents.toolkit import Touch, tool
from axagents.workflows.engine import check_workflow, run_workflow
from axagents.workflows.publishing.request import PublishRequest, PublishResult


@tool("publish-document", touches=Touch.EFFECT, effect_kind="publish", check=check_workflow("publish-document"))
def publish(request: PublishRequest) -> PublishResult:
    """Put a document that write-document wrote into the project's own files, by default under docs/.

    Call it only where the user asks to publish, or names a place such as docs/, with the `publication` that
    write-document returned. A file that somebody changed by hand is not overwritten.
    """
    return PublishResult.model_validate(run_workflow(None, "publish-document", request).result)
