"""A record reads as text by its namespace's template, and nothing of it is lost."""

from axagents.stores.memory.namespaces import Declaration, declared_namespaces
from axagents.stores.memory.reading import MOST_CHARACTERS, record_text


def declaration(text: str) -> Declaration:
    return Declaration(namespace="x", description="x", text=text)


def test_template_is_filled_in_and_the_rest_follows() -> None:
    told = record_text(
        "m/1", {"model": "churn", "metrics": {"auc": 0.9}, "by": "Ana"}, declaration("model {model} auc {metrics.auc}")
    )
    assert told == "m/1 model churn auc 0.9 by Ana"


def test_missing_fields_leave_no_trace() -> None:
    assert record_text("k", {}, declaration("{a} and {b.c}")) == "k and"


def test_undeclared_namespaces_read_every_leaf() -> None:
    assert record_text("k", {"a": [1, {"b": True}], "c": None}) == "k a 1 b True c"


def test_long_values_are_cut() -> None:
    assert len(record_text("k", {"text": "word " * 10_000})) <= MOST_CHARACTERS


def test_shipped_declarations_are_those_of_the_specification() -> None:
    declared = declared_namespaces()
    kept = {name: each.retention_days for name, each in declared.declarations.items()}
    assert kept == {
        "ml-features": None,
        "ml-model-registry": None,
        "ml-model-events": 365,
        "ml-experiments": None,
        "ml-experiment-reports": 90,
        "ml-evaluations": 180,
        "ml-deployment-events": 365,
        "ml-alerts": 30,
        "ml-monitoring-reports": 30,
        "ml-ab-experiments": 365,
        "conversations": 90,
        "notes": None,
    }
    assert declared.aliases == {"ml-feature-store": "ml-features"}
