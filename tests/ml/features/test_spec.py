"""A specification is validated the same way whoever wrote it, and hashed by what it computes."""

import pytest
import yaml
from pydantic import ValidationError

from axagents.ml.features.operations import OPERATIONS
from axagents.ml.features.spec import FeatureSpec

BASE = {"dataset": "buys", "entity": "who", "time": "at"}


def spec(*features: dict[str, object]) -> FeatureSpec:
    return FeatureSpec.model_validate({**BASE, "features": list(features)})


def test_about_twenty_five_operations_of_three_kinds() -> None:
    assert 24 <= len(OPERATIONS) <= 28
    assert {each.kind for each in OPERATIONS.values()} >= {"temporal", "aggregation", "interaction"}


def test_yaml_of_a_person_and_json_of_a_program_are_the_same_thing() -> None:
    text = """
    dataset: buys
    entity: who
    time: at
    features:
      - {name: spent, function: sum, column: amount, window: 4w, filter: [{column: kind, is: "==", value: book}]}
      - {name: n, function: count}
    """
    written = FeatureSpec.model_validate(yaml.safe_load(text))
    made = spec(
        {"name": "n", "function": "count", "empty": 0},
        {
            "name": "spent",
            "function": "sum",
            "column": "amount",
            "window": "28 days",
            "filter": [{"column": "kind", "value": "book"}],
        },
    )
    assert written.sha256 == made.sha256
    assert FeatureSpec.model_validate(made.canonical()).sha256 == made.sha256


def test_the_empty_window_value_is_part_of_what_is_hashed() -> None:
    plain, missing = spec({"name": "n", "function": "count"}), spec({"name": "n", "function": "count", "empty": None})
    assert plain.features[0].empty == 0
    assert missing.features[0].empty is None
    assert plain.sha256 != missing.sha256


@pytest.mark.parametrize(
    ("feature", "told"),
    [
        ({"name": "a", "function": "sum"}, "needs a column"),
        ({"name": "a", "function": "recency", "column": "x"}, "takes no column"),
        ({"name": "a", "function": "change", "column": "x"}, "needs a window"),
        ({"name": "a", "function": "sum", "column": "x", "window": "soon"}, "no span of time"),
        ({"name": "a", "function": "ratio", "of": ["b", "c"]}, "no feature here"),
        ({"name": "entity", "function": "count"}, "a name of the table itself"),
        ({"name": "1st", "function": "count"}, "no feature's name"),
        ({"name": "a", "function": "average", "column": "x"}, "Input should be"),
        ({"name": "a", "function": "count", "filter": [{"column": "x"}]}, "needs a value"),
        ({"name": "a", "function": "count", "filter": [{"column": "x", "is": "in", "value": 3}]}, "list of values"),
        ({"name": "a", "function": "sum", "column": "x", "dtype": "string"}, "a text is only"),
        ({"name": "a", "function": "count", "windows": "3d"}, "Extra inputs"),
        ({"name": "a", "function": "count", "empty": float("nan")}, "finite"),
    ],
)
def test_what_is_wrong_is_told(feature: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        spec(feature)


def test_names_are_told_apart_without_their_case() -> None:
    with pytest.raises(ValidationError, match="stands 2 times"):
        spec({"name": "N", "function": "count"}, {"name": "n", "function": "count"})


def test_selecting_an_interaction_brings_what_it_is_made_of() -> None:
    made = spec(
        {"name": "a", "function": "count"},
        {"name": "b", "function": "count", "window": "30d"},
        {"name": "c", "function": "recency"},
        {"name": "share", "function": "ratio", "of": ["b", "a"]},
    )
    assert set(made.select(["share"]).names) == {"a", "b", "share"}
