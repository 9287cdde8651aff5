"""The memory tools as a model or the planner calls them."""

import pytest

from axagents.catalog import open_catalog
from axagents.errors import NotFound, UserError
from axagents.project import Project
from axagents.requests import validate
from axagents.stores.memory.request import Found, SearchRequest, Stored, StoreRequest
from axagents.toolkit import Touch


def store(request: StoreRequest) -> Stored:
    stored = open_catalog(None).tool("memory-store").function(request)
    assert isinstance(stored, Stored)
    return stored


def search(request: SearchRequest) -> Found:
    found = open_catalog(None).tool("memory-search").function(request)
    assert isinstance(found, Found)
    return found


def test_what_is_remembered_is_found(project: Project) -> None:
    stored = store(validate(StoreRequest, {"text": "The retraining window is 90 days."}))
    assert (stored.namespace, stored.version) == ("notes", 1)
    assert stored.key.startswith("the-retraining-window-is-90-days-")
    found = search(validate(SearchRequest, {"query": "what did we decide about the retraining window?"}))
    assert [(each.key, each.value) for each in found.results] == [
        (stored.key, {"text": "The retraining window is 90 days."})
    ]


def test_a_value_reads_as_its_text(project: Project) -> None:
    """The offline planner fills `value.text`."""
    stored = store(validate(StoreRequest, {"namespace": "notes", "value": {"text": "Recall matters more."}}))
    assert stored.key.startswith("recall-matters-more-")


def test_the_same_words_are_one_record_and_others_another(project: Project) -> None:
    first = store(validate(StoreRequest, {"text": "a b c d e f g"}))
    assert store(validate(StoreRequest, {"text": "a b c d e f g"})).key == first.key
    assert store(validate(StoreRequest, {"text": "a b c d e f h"})).key != first.key


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "give either text or value"),
        ({"text": "x", "value": {}}, "give either text or value"),
        ({"text": "..."}, "placeholder"),
        ({"text": "x", "namspace": "notes"}, "did you mean namespace"),
        ({"text": "x", "ttl": 0}, "greater than 0"),
    ],
)
def test_bad_requests(project: Project, given: dict[str, object], told: str) -> None:
    with pytest.raises(UserError, match=told):
        validate(StoreRequest, given)


def test_an_unknown_namespace_is_told(project: Project) -> None:
    with pytest.raises(NotFound, match="did you mean notes"):
        search(validate(SearchRequest, {"query": "x", "namespace": "nots"}))


def test_what_the_tools_touch() -> None:
    touches = [open_catalog(None).tool(name).touches for name in ("memory-store", "memory-search")]
    assert touches == [Touch.COMPUTE, Touch.READ]
