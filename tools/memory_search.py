"""Find what was remembered, by key, by words, and by likeness."""

from dataclasses import asdict

from axagents.project import current_project
from axagents.stores.memory.memory import Memory
from axagents.stores.memory.request import Found, FoundRecord, SearchRequest
from axagents.toolkit import Touch, tool


@tool("memory-search", touches=Touch.READ)
def search(request: SearchRequest) -> Found:
    """Find notes, decisions and records that were stored earlier, by what they are about or by their key.

    Use it for questions such as "what did we decide about the retraining window?". The records are what somebody
    wrote down, not what was computed now.
    """
    hits = Memory(current_project()).search(request.query, namespace=request.namespace, limit=request.limit)
    return Found(results=tuple(FoundRecord.model_validate(asdict(hit)) for hit in hits))
