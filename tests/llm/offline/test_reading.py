"""What is found in a sentence: values, names, negation, parts and conditions. Expected values are worked by hand."""

import pytest

from axagents.llm.offline.mentions import Mention, find_values
from axagents.llm.offline.names import Names
from axagents.llm.offline.opening import opening
from axagents.llm.offline.parts import Part, split_parts
from axagents.llm.offline.ranking import Ranker
from axagents.llm.offline.reading import Reading, read
from axagents.llm.offline.text import stem, tokenise
from evals.planner.worlds import CHURN_LIVE

DAY = 86_400


def values(sentence: str) -> list[tuple[str, object]]:
    return [(each.kind, each.value) for each in find_values(tokenise(sentence))]


def reading_of(ranker: Ranker, sentence: str) -> Reading:
    return read(sentence, Names(CHURN_LIVE, ranker.common), ranker.ordinary)


def parts_of(ranker: Ranker, sentence: str) -> list[tuple[str, Part]]:
    reading = reading_of(ranker, sentence)
    parts = split_parts(reading, ranker.verbs, ranker.swallows)
    return [(sentence[reading.tokens[each.first].start : reading.tokens[each.last].end], each) for each in parts]


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("with 10% of traffic", [("percent", 10.0)]),
        ("ten percent", [("percent", 10.0)]),
        ("12.5 pct", [("percent", 12.5)]),
        ("half the traffic", [("percent", 50.0)]),
        ("a quarter of the users", [("percent", 25.0)]),
        ("one in 20", [("percent", 5.0)]),
        ("2 point lift", [("points", 2.0)]),
        ("3 percentage points", [("points", 3.0)]),
        ("50/50", [("ratio", (50.0, 50.0))]),
        ("80:20", [("ratio", (80.0, 20.0))]),
        ("24/7", [("number", 24.0), ("number", 7.0)]),
        ("under 50ms", [("duration", 0.05)]),
        ("80 ms", [("duration", 0.08)]),
        ("two weeks", [("duration", 14 * DAY)]),
        ("for 14 days", [("duration", 14 * DAY)]),
        ("since last month", [("duration", 30 * DAY)]),
        ("every 6 hours", [("duration", 6 * 3600)]),
        ("an hour each", [("duration", 3600)]),
        ("last quarter", [("duration", 90 * DAY)]),
        ("nightly", [("duration", DAY)]),
        ("10k users", [("number", 10_000.0)]),
        ("1,000,000 rows", [("number", 1_000_000.0)]),
        ("twenty five folds", [("number", 25.0)]),
        ("twenty-five folds", [("number", 25.0)]),
        ("two hundred trials", [("number", 200.0)]),
        ("two dozen features", [("number", 24.0)]),
        ("row seventeen", [("number", 17.0)]),
        ("one in 20 and ninety nine", [("percent", 5.0), ("number", 99.0)]),
        ("f1 and ROC AUC", [("metric", "f1"), ("metric", "auc_roc")]),
        ("version 2.1.0", [("version", "2.1.0")]),
        ("v2.1.0-rc.1", [("version", "2.1.0-rc.1")]),
        ("./models/churn_v2", [("path", "./models/churn_v2")]),
        (".ax/runs/2026-1/model", [("path", ".ax/runs/2026-1/model")]),
        ("https://example.org/hook", [("url", "https://example.org/hook")]),
        ("as of 2026-06-30", [("moment", "2026-06-30")]),
        ("2026-06-30 12:00", [("moment", "2026-06-30T12:00")]),
        ("on 30 June 2026", [("moment", "2026-06-30")]),
        ("by June 30th, 2026", [("moment", "2026-06-30")]),
        ("may 2026", [("number", 2026.0)]),
        ("precision/recall", [("metric", "precision"), ("metric", "recall")]),
    ],
)
def test_values_are_read_as_they_are_typed(sentence: str, found: list[tuple[str, object]]) -> None:
    assert [(kind, pytest.approx(value) if isinstance(value, float) else value) for kind, value in found] == values(
        sentence
    )


@pytest.mark.parametrize(
    ("sentence", "kind", "value"),
    [
        ("evaluate churn-classifier", "model", "churn-classifier"),
        ("evaluate the Churn Classifier", "model", "churn-classifier"),
        ("health of churn-classifier-prod", "deployment", "churn-classifier-prod"),
        ("evaluate churn-classifier-v2 now", "model-version", ("churn-classifier", "v2", "churn-classifier-v2")),
        ("profile the customer dataset", "dataset", "customer"),
        ("profile customers.csv", "dataset", "customers.csv"),
        ("what about churn_model_comparison", "test", "churn_model_comparison"),
        ("deploy fraud-detector 3.0", "unknown", "fraud-detector"),
        ("open `my thing`", "quoted", "my thing"),
    ],
)
def test_names_are_found_whole(ranker: Ranker, sentence: str, kind: str, value: object) -> None:
    assert (kind, value) in [(each.kind, each.value) for each in reading_of(ranker, sentence).mentions]


@pytest.mark.parametrize(
    "sentence", ["monitor customer retention", "a real-time up-to-date blue-green rollout", "the p99"]
)
def test_ordinary_words_are_no_names(ranker: Ranker, sentence: str) -> None:
    sure = [each.kind for each in reading_of(ranker, sentence).mentions if each.sure]
    assert not {"dataset", "unknown", "model"} & set(sure)


def test_a_colon_and_a_slash_part_name_and_version(ranker: Ranker) -> None:
    for sentence in ("evaluate churn-classifier:2.1.0", "evaluate churn-classifier/2.1.0"):
        found: list[Mention] = list(reading_of(ranker, sentence).mentions)
        assert [(each.kind, each.value) for each in found] == [("model", "churn-classifier"), ("version", "2.1.0")]


@pytest.mark.parametrize(
    ("sentence", "negated"),
    [
        ("do not deploy yet, just check it", ["do", "not", "deploy", "yet"]),
        ("evaluate it without deploying anything", ["without", "deploying", "anything"]),
        ("directly, no canary", ["no", "canary"]),
        ("at most, no more than 30", []),
        ("don't forget that it leaks", []),
        ("isn't 2.1.0 ready?", []),
        ("skip the report and deploy", ["skip", "the", "report"]),
    ],
)
def test_a_negation_reaches_as_far_as_it_means(ranker: Ranker, sentence: str, negated: list[str]) -> None:
    reading = reading_of(ranker, sentence)
    assert [reading.tokens[at].word for at in sorted(reading.negated)] == negated


@pytest.mark.parametrize(
    ("sentence", "mood"),
    [
        ("please deploy it", "statement"),
        ("could you please deploy it", "request"),
        ("I'd only like to deploy it", "request"),
        ("is it ready?", "question"),
        ("I only want to know whether it is ready", "question"),
        ("how do I deploy it", "hypothetical"),
        ("what happens if I deploy it", "hypothetical"),
    ],
)
def test_the_opening_tells_what_is_asked(sentence: str, mood: str) -> None:
    tokens = tokenise(sentence)
    assert opening(tokens, 0, len(tokens) - 1).mood == mood


@pytest.mark.parametrize(
    ("sentence", "parts"),
    [
        ("profile customer and then train on it", ["profile customer", "train on it"]),
        (
            "compare churn_v1 and churn_v2 on precision and recall",
            ["compare churn_v1 and churn_v2 on precision and recall"],
        ),
        ("check it; deploy it. roll back!", ["check it", "deploy it", "roll back"]),
        ("remember that we deploy and roll back often", ["remember that we deploy and roll back often"]),
    ],
)
def test_parts_begin_with_a_verb_and_not_with_a_noun(ranker: Ranker, sentence: str, parts: list[str]) -> None:
    assert [text for text, _ in parts_of(ranker, sentence)] == parts


@pytest.mark.parametrize(
    ("clause", "condition"),
    [
        ("if f1 > 0.85", "f1 > 0.85"),
        ("if the auc is at least 80%", "auc_roc >= 0.8"),
        ("if recall is no less than 0.6", "recall >= 0.6"),
        ("if log loss stays below 0.4", "log_loss < 0.4"),
        ("if it passes", "passed"),
        ("if it fails", None),
        ("unless f1 > 0.85", None),
        ("if the moon is full", None),
    ],
)
def test_conditions_have_one_form_or_none(ranker: Ranker, clause: str, condition: str | None) -> None:
    (_, first), (_, second) = parts_of(ranker, f"evaluate 2.1.0, then {clause}, deploy it")
    assert first.condition is None
    assert second.condition is not None
    assert (second.condition.text, second.condition.typed) == (condition, clause)


@pytest.mark.parametrize(
    "words",
    [
        ("deploy", "deploys", "deployed", "deploying", "deployment"),
        ("evaluate", "evaluates", "evaluating", "evaluation"),
        ("analyse", "analyze", "analysing", "analyzes"),
        ("optimise", "optimize", "optimisation", "optimizing"),
        ("version", "versions"),
        ("canary", "canaries"),
    ],
    ids=lambda words: words[0],
)
def test_forms_of_a_word_share_their_stem(words: tuple[str, ...]) -> None:
    assert len({stem(word) for word in words}) == 1
