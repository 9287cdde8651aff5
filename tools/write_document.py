"""Write a document from facts."""

from axagents.toolkit import Touch, tool
from axagents.workflows.documents.request import DocumentRequest, DocumentResult
from axagents.workflows.engine import run_workflow


@tool("write-document", touches=Touch.COMPUTE)
def write(request: DocumentRequest) -> DocumentResult:
    """Write a runbook, model card, release note, post-mortem or experiment report into the run's folder.

    Its facts are fetched from the project's records, each with its source; what nobody recorded is said to be missing.
    It is not published: where that is asked, call publish-document with the `publication` of the result. Use it for
    requests such as "create a runbook for model rollback".
    """
    return DocumentResult.model_validate(run_workflow(None, "write-document", request).result)
