"""A number that a model wrote itself stands only beside the metric and the thing that a result has it for."""

from typing import Any

import pytest

from axagents.agents.claims import check_claims
from axagents.llm.turn import Turn
from axagents.project import Project
from axagents.stores.agents.journal import AgentJournal
from tests.agents.conftest import RunScript, call, calls

TRAINED = {
    "dataset": "telco",
    "rows": 7043,
    "metrics": {"auc_roc": {"mean": 0.84756, "low": 0.84}, "recall": {"mean": 0.5512}},
    "floors": {"linear": {"auc_roc": {"mean": 0.8453}}},
    "created_at": "2026-11-20T10:00:00Z",
}
COMPARED = {
    "differences": [
        {
            "metric": "recall",
            "first": "churn_v1",
            "first_value": 0.51,
            "second": "churn_v2",
            "second_value": 0.63,
            "difference": 0.12,
        }
    ]
}
PROFILE = {"dataset": "telco", "columns": [{"name": "tenure", "missing": 11}, {"name": "gender", "missing": 3}]}
RESULTS: dict[str, dict[str, Any]] = {"r1": TRAINED, "r2": COMPARED, "r3": PROFILE}


@pytest.mark.parametrize(
    "text",
    [
        "On telco the AUC is 0.8476.",
        "telco reaches a roc auc of 0.85",
        "Recall on telco: 55.1 %.",
        "telco has 7,043 rows",
        "the linear floors' AUC on telco is 0.8453",
        "churn_v2 has a recall of 0.63, churn_v1 one with recall 0.51",
        "tenure misses 11 values in telco: 11 missing",
        "The run of 2026-11-20 on telco is the newest.",
    ],
)
def test_a_figure_named_with_its_metric_and_its_entity_stands(text: str) -> None:
    assert check_claims(text, RESULTS, ())[1] == []


@pytest.mark.parametrize(
    ("text", "loose"),
    [
        ("On telco the recall is 0.8476.", ["0.8476"]),  # the right number on the wrong metric
        ("On telco AUC is 0.5512 and recall is 0.8476.", ["0.5512", "0.8476"]),  # swapped
        ("On adult the AUC is 0.8476.", ["0.8476"]),  # of another dataset
        ("The AUC is 0.8476.", ["0.8476"]),  # of nothing
        ("On telco the AUC is 0.8453.", ["0.8453"]),  # the floor's, not the model's
        ("On telco the AUC is 0.849.", ["0.849"]),  # rounded wrongly
        ("churn_v1 has a recall of 0.63.", ["0.63"]),  # the other's
        ("In telco gender has 11 missing.", ["11"]),
        ("telco has 7042 rows", ["7042"]),
        ("It is the run of 2026-11-21.", ["2026"]),
    ],
)
def test_a_figure_said_of_something_else_does_not(text: str, loose: list[str]) -> None:
    assert check_claims(text, RESULTS, ())[1] == loose


def test_what_stands_leaves_a_receipt() -> None:
    (backed,), _ = check_claims("On telco the AUC is 0.8476.", RESULTS, ())
    assert (backed.receipt, backed.path, backed.text) == ("r1", "metrics.auc_roc.mean", "0.8476")


def said(text: str) -> Turn:
    return Turn(stop_reason="answer", text=text)


def test_a_loose_number_is_sent_back_once_then_marked(lab: Project, run_script: RunScript) -> None:
    counting = calls(call("lab-count", text="churn"))
    mended = run_script(counting, said("it has 6 letters"), said("it has {{r1.letters}} letters"))
    assert (mended.answer, mended.unverified_numbers) == ("it has 5 letters", [])
    told = [
        entry.body["message"]["text"]
        for entry in AgentJournal(lab, mended.run_id).entries(kind="message")
        if "sent_back" in entry.body
    ]
    assert len(told) == 1
    assert told[0].startswith("6: no tool's result has this number")

    stubborn = run_script(counting, said("it has 6 letters"), said("it has 7 letters"), said("not asked for"))
    assert stubborn.answer == "it has 7 [not computed by a tool] letters"
    assert stubborn.unverified_numbers == ["7"]


def test_what_came_to_nothing_is_told_behind_a_models_words(run_script: RunScript) -> None:
    done = run_script(
        calls(call("lab-erase", name="x")),
        calls(call("lab-break", how="told")),
        calls(call("lab-count", text="hi")),
        said("All done, it is erased."),
    )
    assert done.answer.splitlines() == [
        "All done, it is erased.",
        "",
        "[lab-erase was not called: lab-erase: there is no tool 'lab-erase' here; there is lab-count, lab-note,"
        " lab-flip, lab-wipe, lab-break, conversation-read]",
        "[lab-break failed: it is stuck]",
    ]
