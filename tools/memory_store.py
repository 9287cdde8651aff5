"""Remember a statement or a JSON object, so that it is found again later."""

from dataclasses import asdict

from axagents.project import current_project
from axagents.stores.memory.memory import Memory
from axagents.stores.memory.request import Stored, StoreRequest
from axagents.toolkit import Touch, tool


@tool("memory-store", touches=Touch.COMPUTE)
def store(request: StoreRequest) -> Stored:
    """Remember a statement, decision or fact that the user wants kept, or a JSON object under a key.

    Use it for sentences such as "remember that the retraining window is 90 days". What was stored under the same key
    stays as an earlier version.
    """
    stored = Memory(current_project()).store(
        request.name, request.content, namespace=request.namespace, ttl=request.ttl, merge=request.merge
    )
    return Stored.model_validate(asdict(stored))
