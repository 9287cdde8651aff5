"""Tasks handed to another persona: who is meant, and which words go along. Expected values are worked by hand."""

import json
import shlex
from pathlib import Path

import pytest

from axagents.catalog import open_catalog
from axagents.contents import ContentFile
from axagents.llm.offline.handing import called
from axagents.llm.offline.planning import Planner
from axagents.llm.offline.provider import OfflinePlanner, read_ranker
from axagents.llm.offline.ranking import Ranker
from axagents.llm.turn import Message, Offer, Turn
from evals.planner.worlds import CHURN_LIVE

CATALOG = open_catalog(None)
RANKER = read_ranker(CATALOG.files("sentences"), CATALOG.files("personas"))
OFFERED = ("data-profile", "ml-train", "registry-list-versions", "memory-store", "ask-writer", "ask-data-scientist")


def take(sentence: str, ranker: Ranker = RANKER, offered: tuple[str, ...] = OFFERED) -> Turn:
    offers = [Offer(name, "compute", "") for name in offered]
    return OfflinePlanner(ranker, CHURN_LIVE).take_turn("", [Message(role="user", text=sentence)], offers)


@pytest.mark.parametrize(
    ("sentence", "persona", "handed"),
    [
        (
            "ask the writer to write a model card for churn-classifier",
            "writer",
            "write a model card for churn-classifier",
        ),
        ("have the data scientist profile customers", "data-scientist", "profile customers"),
        ("could you please get our writer to draft a runbook?", "writer", "draft a runbook"),
        (
            "let data-scientist check whether customers is any good",
            "data-scientist",
            "check whether customers is any good",
        ),
        ("ask the data scientist: is customers.csv any good?", "data-scientist", "is customers.csv any good"),
        ("can the writer draft release notes for 2.1.0?", "writer", "draft release notes for 2.1.0"),
        ("writer, please document 2.1.0", "writer", "document 2.1.0"),
        ("@writer draft a runbook", "writer", "draft a runbook"),
        ("I want the writer to produce release notes", "writer", "produce release notes"),
        ("I need the technical writer to produce release notes", "writer", "produce release notes"),
        ("delegate profiling customers to the data scientist", "data-scientist", "profiling customers"),
        ("hand over to the writer: a runbook on rollback", "writer", "a runbook on rollback"),
        ("the writer should write a changelog", "writer", "write a changelog"),
        ("tell the writer that the audit moved", "writer", "the audit moved"),
    ],
)
def test_what_is_handed_on_goes_word_for_word(sentence: str, persona: str, handed: str) -> None:
    turn = take(sentence)
    assert [(call.tool, call.arguments) for call in turn.calls] == [(f"ask-{persona}", {"query": handed})]
    assert turn.stop_reason == "calls"


@pytest.mark.parametrize(
    "sentence",
    [
        "write a model card for the data scientist",
        "what would the data scientist do?",
        "I wrote to the writer yesterday",
        "don't ask the writer, just list the versions of churn-classifier",
        "how do I ask the writer?",
        "profile customers",
        "remember that the writer should document it",
    ],
)
def test_a_persona_that_is_only_spoken_of_is_asked_nothing(sentence: str) -> None:
    assert not any(call.tool.startswith("ask-") for call in take(sentence).calls)


def test_a_step_of_ones_own_and_a_task_for_another_follow_each_other() -> None:
    turn = take("profile customers and ask the writer to document it, then ask the data scientist to check it")
    assert [(call.tool, call.arguments.get("query")) for call in turn.calls] == [
        ("data-profile", None),
        ("ask-writer", "document it"),
        ("ask-data-scientist", "check it"),
    ]


def test_a_condition_before_the_task_is_kept() -> None:
    planned = Planner(RANKER, CHURN_LIVE).plan("evaluate 2.1.0 and if f1 > 0.8 ask the writer to write a model card")
    assert [(step.tool, step.condition) for step in planned.steps] == [
        ("ml-model-evaluation", None),
        ("ask-writer", "f1 > 0.8"),
    ]


def test_what_to_do_is_asked_for_where_nothing_is_handed_on() -> None:
    turn = take("ask the writer")
    assert (turn.stop_reason, turn.needs[0].question) == ("ask", "what should the technical writer do?")


def test_a_persona_that_may_not_be_asked_is_declined_with_the_command() -> None:
    turn = take("ask the mlops engineer to deploy 'it' \"now\"")
    assert turn.stop_reason == "decline"
    assert turn.unavailable == ("ask-mlops-engineer",)
    *command, given = shlex.split(turn.text)
    assert command == ["ax", "agent", "run", "mlops-engineer", "--input"]
    assert json.loads(given) == {"query": "deploy 'it' \"now\""}


def test_a_persona_of_the_users_own_is_asked_by_its_names(tmp_path: Path) -> None:
    path = tmp_path / "auditor.yaml"
    path.write_text("id: auditor\ntitle: Chief auditor\n")
    own = ContentFile("personas", "auditor", path, "project")
    ranker = read_ranker(CATALOG.files("sentences"), {**CATALOG.files("personas"), "auditor": own})
    turn = take("ask the chief auditor to look at 2.1.0", ranker, (*OFFERED, "ask-auditor"))
    assert [(call.tool, call.arguments) for call in turn.calls] == [("ask-auditor", {"query": "look at 2.1.0"})]


def test_a_last_word_that_two_share_names_neither() -> None:
    names = called({"ml-engineer": "Machine-learning engineer", "mlops-engineer": "MLOps engineer"})
    assert "engineer" not in {*names["ml-engineer"], *names["mlops-engineer"]}
