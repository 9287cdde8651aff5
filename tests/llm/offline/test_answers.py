"""What a user says when they were asked: a bare name, a place in the list, yes, no, or another request."""

import pytest

from axagents.catalog import open_catalog
from axagents.llm.offline.provider import OfflinePlanner, read_ranker
from axagents.llm.offline.world import World
from axagents.llm.turn import Message, Offer, Turn
from evals.planner.worlds import CHURN_LIVE, TEAM

CATALOG = open_catalog(None)
RANKER = read_ranker(CATALOG.files("sentences"))
OFFERS = [Offer(name, content.touches, content.does) for name, content in RANKER.tools.items()]


def talk(world: World, *said: str) -> Turn:
    """Say one thing after another, and return the last turn."""
    planner, messages = OfflinePlanner(RANKER, world), list[Message]()
    turn = Turn(stop_reason="answer")
    for text in said:
        messages.append(Message(role="user", text=text))
        turn = planner.take_turn("", messages, OFFERS)
        calls = turn.calls if turn.stop_reason == "calls" else ()
        messages.append(Message(role="assistant", calls=calls, needs=turn.needs))
    return turn


@pytest.mark.parametrize(
    ("said", "name", "value"),
    [
        (("profile the data", "customers please"), "dataset", "customers"),
        (("profile the data", "the second one"), "dataset", "telco"),
        (("profile the data", "2"), "dataset", "telco"),
        (("profile the data", "use telco"), "dataset", "telco"),
        (("train on teclo", "sorry, telco"), "dataset", "telco"),
        (("train on teclo", "yes"), "dataset", "telco"),
        (("roll back", "the fraud one"), "model_name", "fraud-detector"),
        (("roll back", "fraud-detector"), "model_name", "fraud-detector"),
        (("deploy ltv-model", "1.0.0"), "version", "1.0.0"),
        (("deploy fraud-detector", "the first"), "version", "1.3.0"),
        (("compare churn_v1 with churn_v9", "i meant churn_v2"), "experiments", ["churn_v1", "churn_v2"]),
        (("start a new experiment", "call it blue_sky"), "experiment_name", "blue_sky"),
        (("automate retraining of ltv-model", "on drift"), "trigger", "drift"),
        (("register ./m as fraud-detecter 2.0.0", "the first"), "model_name", "fraud-detector"),
        (("register ./m as fraud-detecter 2.0.0", "fraud-detecter"), "model_name", "fraud-detecter"),
        (("how many users do I need?", "10% baseline", "2 points"), "mde_abs", 0.02),
    ],
)
def test_an_answer_fills_what_was_asked_for(said: tuple[str, ...], name: str, value: object) -> None:
    turn = talk(TEAM, *said)
    assert turn.stop_reason == "calls"
    assert turn.calls[0].arguments[name] == value
    assert turn.calls[0].sources[name].source == "query"


def test_the_first_request_is_kept_through_two_questions() -> None:
    turn = talk(TEAM, "how many users do I need for an a/b test?", "10% baseline", "2 points")
    assert turn.calls[0].arguments == {"baseline": 0.1, "mde_abs": 0.02}


def test_the_tool_that_is_meant_is_told_by_its_words_or_its_place() -> None:
    assert talk(CHURN_LIVE, "check churn").needs[0].field == "tool"
    for answer in ("the health report", "1"):
        assert talk(CHURN_LIVE, "check churn", answer).calls[0].tool == "ml-health-report"


@pytest.mark.parametrize("answer", ["no", "never mind", "no, forget it", "cancel that", "none of these"])
def test_a_no_ends_it(answer: str) -> None:
    turn = talk(CHURN_LIVE, "deploy churn-classifier", answer)
    assert (turn.stop_reason, turn.reason) == ("decline", "negated")


def test_yes_chooses_nothing_where_there_is_a_choice() -> None:
    assert talk(TEAM, "profile the data", "yes").stop_reason == "ask"


def test_another_request_is_no_answer() -> None:
    turn = talk(CHURN_LIVE, "deploy churn-classifier", "which versions are there?")
    assert [call.tool for call in turn.calls] == ["registry-list-versions"]


def test_an_effect_meant_for_later_is_done_at_once_only_when_that_is_said() -> None:
    assert talk(CHURN_LIVE, "deploy 2.1.0 tomorrow").needs[0].field == "when"
    assert talk(CHURN_LIVE, "deploy 2.1.0 tomorrow", "hm").stop_reason != "calls"
    assert talk(CHURN_LIVE, "deploy 2.1.0 tomorrow", "do it now").calls[0].arguments["version"] == "2.1.0"


def test_what_ties_events_to_rows_is_answered_one_by_one_in_any_order() -> None:
    asked = ("generate features from orders for upgraded", "2026-04-30", "customer_id", "90 days", "ordered_at")
    turn = talk(TEAM, *asked)
    assert turn.calls[0].arguments == {
        "dataset": "orders",
        "target": "upgraded",
        "cutoff": "2026-04-30",
        "entity": "customer_id",
        "horizon": "90d",
        "time": "ordered_at",
    }


@pytest.mark.parametrize("said", ["yes", "ok, do it", "the second one", "sure"])
def test_an_answer_to_nothing_is_no_request(said: str) -> None:
    turn = talk(CHURN_LIVE, said)
    assert (turn.stop_reason, turn.reason, turn.candidates) == ("decline", "nothing", ())


def test_a_tool_that_is_not_there_is_not_offered() -> None:
    offers = [each for each in OFFERS if each.name in ("registry-list-versions", "registry-show", "data-profile")]
    planner = OfflinePlanner(RANKER, CHURN_LIVE)
    turn = planner.take_turn("", [Message(role="user", text="check churn-classifier versions or something")], offers)
    assert set(turn.candidates[1:]) <= {each.name for each in offers}
