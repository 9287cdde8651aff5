"""What the planner knows of tools is whole: enough examples, no two tools with the same, arguments that tools take."""

import re
from collections import Counter

import pytest

from axagents.agents.persona import list_personas, load_persona
from axagents.catalog import open_catalog
from axagents.errors import UserError
from axagents.llm.offline.provider import OfflinePlanner, read_ranker
from axagents.llm.offline.ranking import Ranker
from axagents.llm.turn import Message, Offer
from evals.planner.worlds import CHURN

CATALOG = open_catalog(None)
NAMED = sorted(CATALOG.files("sentences"))
PLACES = {
    "model", "version", "deployment", "dataset", "experiment", "test", "metric", "percent", "duration", "ms", "column",
    "path", "number", "newname", "moment",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_a_tool_has_many_examples_with_known_places(ranker: Ranker, name: str) -> None:
    content = ranker.tools[name]
    assert len(content.examples) >= 25
    assert set(re.findall(r"\{(\w+)\}", content.sentences)) <= PLACES


def test_no_example_stands_with_two_tools_or_twice(ranker: Ranker) -> None:
    counted = Counter(line for content in ranker.tools.values() for line in content.examples)
    assert [line for line, times in counted.items() if times > 1] == []


@pytest.mark.parametrize("name", sorted(set(NAMED) & set(CATALOG.files("tools"))))
def test_arguments_are_fields_of_the_tools_request(ranker: Ranker, name: str) -> None:
    content, facts = ranker.tools[name], CATALOG.tools[name]
    fields = set(facts.parameters["properties"])
    assert {argument.partition(".")[0] for argument in content.arguments} <= fields
    assert set(facts.parameters.get("required", [])) <= {
        argument.partition(".")[0]
        for argument, each in content.arguments.items()
        if each.required or each.value or each.of
    }
    assert content.touches == facts.touches


# A text is kept as {"text": ...}, and a sentence holds no record to be laid over another.
BEYOND_WORDS = {
    "memory-store": {"text", "merge"},
    "mlops-deployment": {"deployment", "max_hold", "override_reason", "unit_id", "why"},
}


@pytest.mark.parametrize("name", sorted(set(NAMED) & set(CATALOG.files("tools"))))
def test_every_field_of_a_tool_is_within_reach_of_words(ranker: Ranker, name: str) -> None:
    reached = {argument.partition(".")[0] for argument in ranker.tools[name].arguments}
    assert set(CATALOG.tools[name].parameters["properties"]) - reached == BEYOND_WORDS.get(name, set())


def test_every_tool_of_a_persona_has_sentences() -> None:
    for persona in list_personas(CATALOG):
        assert set(persona.tools) <= set(NAMED), persona.id


def test_every_tool_belongs_to_a_persona() -> None:
    held = {tool for persona in list_personas(CATALOG) for tool in persona.tools}
    assert set(CATALOG.files("tools")) <= held


def test_what_is_wrong_in_a_file_is_told(tmp_path) -> None:
    files = dict(CATALOG.files("sentences"))
    wrong = files["ml-train"]
    with pytest.raises(UserError, match="is about 'ml-train'; by its name it must be about 'ml-tarin'"):
        read_ranker({"ml-tarin": wrong})


EXAMPLES = [(persona.id, example) for persona in list_personas(CATALOG) for example in persona.examples]


@pytest.mark.parametrize(("persona", "example"), EXAMPLES)
def test_what_a_persona_offers_to_try_can_be_done_with_what_is_installed(
    ranker: Ranker, persona: str, example: str
) -> None:
    tools = set(load_persona(CATALOG, persona).tools) & set(CATALOG.files("tools"))
    offers = [Offer(name, ranker.tools[name].touches, "") for name in tools]
    turn = OfflinePlanner(ranker, CHURN).take_turn("", [Message(role="user", text=example)], offers)
    assert (turn.stop_reason, turn.unavailable) == ("calls", ())
