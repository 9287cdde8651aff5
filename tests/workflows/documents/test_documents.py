"""What documents state is in the records, what they tell people to type exists, what nobody recorded is missing."""

import json
import re
import shlex
from typing import Any

import pytest
from sklearn.metrics import roc_auc_score

from axagents.errors import NotFound, UserError
from axagents.project import Project, create_project, use_project
from axagents.requests import validate
from axagents.stores.memory.memory import Memory
from axagents.stores.registry.events import EventLog
from axagents.stores.registry.state import read_model
from axagents.stores.runs import Runs
from axagents.workflows.documents.request import DocumentRequest
from axagents.workflows.documents.runbook import find_topic
from axagents.workflows.engine import run_workflow
from axagents.workflows.names import request_model
from tests.house.test_docs import parse
from tests.stores.models.folders import frame
from tests.stores.registry.entries import register, stage
from tests.workflows.documents.conftest import MODEL, SCORES, Write, text_of

TOPICS = ("rollback", "deployment", "drift", "retraining", "incident", "data-quality", "gardening")
EVERY: list[dict[str, Any]] = [
    *({"kind": "runbook", "topic": topic} for topic in TOPICS),
    {"kind": "runbook"},
    *({"kind": "model-card", "model_id": f"{MODEL}:{version}"} for version in ("2.0.0", "2.1.0")),
    *({"kind": "release-note", "model_id": f"{MODEL}:{version}"} for version in ("1.9.0", "2.0.0", "2.1.0")),
    {"kind": "post-mortem"},
    {"kind": "experiment-report"},
]


def commands(text: str) -> list[str]:
    """List every `ax` command of a document: those of its blocks and those inside its lines."""
    blocks = [
        line.strip() for block in re.findall(r"```bash\n(.*?)```", text, re.DOTALL) for line in block.splitlines()
    ]
    return [each for each in (*blocks, *re.findall(r"`([^`\n]+)`", text)) if each.startswith("ax ")]


def workflow_request(line: str) -> tuple[str, dict[str, Any]] | None:
    words = shlex.split(line)
    return (words[2], json.loads(words[words.index("--input") + 1])) if "--input" in words else None


@pytest.mark.parametrize("request_", EVERY, ids=lambda each: "-".join(str(part) for part in each.values()))
def test_every_document_is_whole_and_its_commands_exist(
    history: Project, write: Write, request_: dict[str, Any]
) -> None:
    done = write(**request_)
    text = text_of(history, done)
    assert done.verdict == ("INCOMPLETE" if done.result["missing"] else "WRITTEN")
    assert text.startswith(f"# {done.result['title']}\n")
    assert [each["title"] for each in done.result["sections"]] == re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert not re.search(r"\b(None|Undefined|nan)\b|\{\{|\{%", text)
    # Every number of a fact is one of its list, and every fact of the list is stated.
    listed = [each["number"] for each in done.result["sources"]]
    body, _, table = text.partition("## Facts and their sources")
    assert set(re.findall(r"\bF\d+\b", body)) - {"F1", "F2"} <= set(listed)
    assert re.findall(r"^\| (F\d+) \|", table, re.MULTILINE) == listed
    told = commands(text)
    assert {line: wrong for line in told if (wrong := parse(line))} == {}
    for line in told:
        asked = workflow_request(line)
        if asked and asked[0] != "ml-model-registry":
            validate(request_model(asked[0]), asked[1])


def test_a_rollback_runbook_names_the_versions_the_command_and_what_changes(history: Project, write: Write) -> None:
    text = text_of(history, write(kind="runbook", topic="model rollback procedure"))
    assert "# Runbook: rolling back churn-classifier\n" in text
    command = 'ax registry stage churn-classifier 1.9.0 production --why "rollback from 2.0.0: SAY WHAT WAS WRONG"'
    assert command in text
    # The AUC of both, by scikit-learn on the very scores.
    y = (frame(400)["churned"] == "Yes").to_numpy()
    aucs = [roc_auc_score(y, SCORES[version]) for version in ("1.9.0", "2.0.0")]
    assert f"| auc_roc | {aucs[0]:.4f} | {aucs[1]:.4f} | {aucs[0] - aucs[1]:+.4f} [" in text
    assert "1.9.0 reads nothing that 2.0.0 does not: callers need change nothing. It does not use tenure." in text
    assert re.search(r"threshold goes from 0\.4 \(F\d+\) to 0\.25 \(F\d+\)", text)
    assert "its files were as registered (F" in text


def test_the_runbooks_command_rolls_back_and_the_next_one_goes_the_other_way(
    history: Project, write: Write, ax: Any
) -> None:
    text = text_of(history, write(kind="runbook", topic="rollback"))
    line = next(each for each in commands(text) if "1.9.0 production" in each)
    done = ax(*shlex.split(line)[1:], cwd=history.root)
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "churn-classifier 2.0.0: production -> archived",
        "churn-classifier 1.9.0: archived -> production",
    ]
    assert "churn-classifier 2.0.0: production -&gt;" not in text
    assert "`churn-classifier 2.0.0: production -> archived`" in text
    again = text_of(history, write(kind="runbook", topic="rollback"))
    assert "## Roll back churn-classifier: 1.9.0 to 2.0.0" in again


def test_damaged_files_are_told_before_somebody_rolls_back_to_them(history: Project, write: Write) -> None:
    version = read_model(history, MODEL).find("1.9.0")
    assert version is not None
    damaged = [
        path
        for path in history.artifacts_path.rglob("model.ubj")
        if path.read_text(errors="replace") == f"{MODEL}-1.9.0"
    ]
    for path in damaged:
        path.write_text("something else")
    assert damaged
    text = text_of(history, write(kind="runbook", topic="rollback"))
    assert "**Do not roll back to it before that is mended.**" in text
    assert "are not those that were registered" in text


def test_a_model_that_never_had_another_version_in_production(history: Project, write: Write) -> None:
    project = create_project(history.root / "fresh")
    with use_project(project):
        done = run_workflow(project, "write-document", {"kind": "runbook", "topic": "rollback"})
        assert "no model is registered" in [each["what"] for each in done.result["missing"]]
        with pytest.raises(UserError, match="no model is registered yet"):
            run_workflow(project, "write-document", {"kind": "model-card"})
        with pytest.raises(UserError, match="there is no experiment yet"):
            run_workflow(project, "write-document", {"kind": "experiment-report"})
    stage(history, MODEL, "2.0.0", "archived")
    missing = write(kind="runbook", topic="rollback").result["missing"]
    assert any(each["what"] == f"no version of {MODEL} is in production" for each in missing)


def test_a_version_of_which_little_is_recorded(history: Project, write: Write) -> None:
    register(history, MODEL, "3.0.0")
    card = write(kind="model-card", model_id=f"{MODEL}:3.0.0")
    told = [each["what"] for each in card.result["missing"]]
    assert "what it is worth: no tool computed a metric of this very model" in told
    assert "its training data: the catalog holds no dataset of that name" in told
    note = text_of(history, write(kind="release-note", model_id=f"{MODEL}:3.0.0"))
    assert "which of the two is better: cannot be compared: churn-classifier:3.0.0 left no predictions" in note
    assert "Which columns they read is not recorded for both." in note
    runbook = text_of(history, write(kind="runbook", topic="rollback", model_id=f"{MODEL}:3.0.0"))
    assert "## Roll back churn-classifier: 2.0.0 to 3.0.0" in runbook
    assert "Which of the two is better cannot be compared" in runbook


def test_who_is_on_call_comes_from_the_note(history: Project, write: Write) -> None:
    missing = write(kind="runbook", topic="rollback").result["missing"]
    assert any(each["what"].startswith("who is on call") for each in missing)
    Memory(history).store("on-call", {"text": "Ada, 555-0100"}, namespace="notes")
    done = write(kind="runbook", topic="rollback")
    assert not any(each["what"].startswith("who is on call") for each in done.result["missing"])
    assert re.search(r"Ada, 555-0100 \(F\d+\)", text_of(history, done))


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("rollback", "rollback"),
        ("Rolling back a model", "rollback"),
        ("failed canaries", "deployment"),
        ("when the latency explodes", "incident"),
        ("data quality", "data-quality"),
        ("retraining after drift", "retraining"),
        ("gardening", "general"),
        (None, "general"),
    ],
)
def test_topics(text: str | None, topic: str) -> None:
    assert find_topic(text) == topic


def test_an_unknown_topic_is_a_skeleton_and_says_so(history: Project, write: Write) -> None:
    done = write(kind="runbook", topic="gardening")
    assert "how to go about 'gardening'; this is a skeleton" in done.result["missing"][0]["what"]
    assert "*Not known: how to go about 'gardening'; this is a skeleton" in text_of(history, done)


def test_a_model_card_keeps_claimed_apart_from_computed(history: Project, write: Write) -> None:
    text = text_of(history, write(kind="model-card", model_id=f"{MODEL}:2.0.0"))
    for heading in (
        "Model details", "Intended use", "Factors", "Metrics", "Evaluation data", "Training data",
        "Quantitative analyses", "Ethical considerations", "Caveats and recommendations",
    ):  # fmt: skip
        assert f"\n## {heading}\n" in text  # the headings of Mitchell et al., Model Cards for Model Reporting, 2019
    assert re.search(r"\| auc_roc \(decided\) \| 0\.8000 \[0\.7800, 0\.8200\] \(F\d+\) \|", text)
    assert "Somebody typed these; no tool computed them, and they decide nothing:\n\n| claimed | value |" in text


def test_a_release_note_tells_what_callers_must_change(history: Project, write: Write) -> None:
    text = text_of(history, write(kind="release-note", model_id=f"{MODEL}/2.0.0", from_version="1.9.0"))
    assert "**Callers must change:** it also reads tenure." in text
    assert "**Features:** 2 kept, 1 added (tenure), 0 removed." in text
    assert re.search(r"\| threshold \| 0\.25 \(F\d+\) \| 0\.4 \(F\d+\) \| \*\*changed\*\* \|", text)
    newest = write(kind="release-note", model_id=MODEL)
    assert newest.result["title"] == f"Release note: {MODEL} 2.1.0"


def test_a_post_mortem_of_a_run_has_what_the_records_say_in_order(history: Project, write: Write) -> None:
    runs = Runs(history)
    failed = runs.start("workflow", "ml-train", {"dataset": "x"})
    runs.fail(failed, NotFound("dataset", "x", ["y"]))
    Memory(history).store(
        "a1",
        {"model": MODEL, "kind": "drift", "severity": "high", "message": "recency | moved <b>"},
        namespace="ml-alerts",
    )
    done = write(kind="post-mortem", run_id=failed)
    text = text_of(history, done)
    lines = re.findall(r"^\| (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) \|", text, re.MULTILINE)
    assert lines == sorted(lines)
    events = EventLog(history).read()
    assert all(f"registry event {each.position} ({each.hash[:8]})" in text for each in events)
    assert "no dataset called 'x'" in text
    assert "recency \\| moved &lt;b>" in text
    assert f"run `{failed}`" in text
    assert [each["what"][:14] for each in done.result["missing"]] == ["whom it hurt, ", "why it happene"]
    about_alert = text_of(history, write(kind="post-mortem", alert_id="a1"))
    assert "an hour around alert a1" in about_alert


def test_the_time_of_a_post_mortem(history: Project, write: Write) -> None:
    nothing = write(kind="post-mortem", since="2020-01-01", until="2020-01-02")
    assert nothing.result["missing"][0]["what"] == "what happened: the project's records hold nothing of that time"
    assert "no model was registered" in text_of(history, nothing)
    assert write(kind="post-mortem", since="2d").verdict == "INCOMPLETE"


def test_an_experiment_report_compares_the_newest_run_with_the_one_before(history: Project, write: Write) -> None:
    done = write(kind="experiment-report", experiment_name="churn_v2")
    text = text_of(history, done)
    y = (frame(400)["churned"] == "Yes").to_numpy()
    aucs = [roc_auc_score(y, SCORES[version]) for version in ("1.9.0", "2.0.0")]
    assert f"| auc_roc | {aucs[1] - aucs[0]:+.4f} [" in text
    assert "0.8100 [0.7800, 0.8400]" in text


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ({"kind": "model-card", "model_id": "churn-clasifier"}, "did you mean churn-classifier"),
        ({"kind": "runbook", "model_id": "nothing"}, "no model called 'nothing'"),
        ({"kind": "release-note", "from_version": "9.9.9"}, "no other version of churn-classifier called '9.9.9'"),
        ({"kind": "release-note", "from_version": "x"}, "'x' is not a version"),
        ({"kind": "experiment-report", "experiment_name": "churn_v3"}, "did you mean churn_v2"),
        ({"kind": "experiment-report", "baseline": "nothing"}, "no experiment"),
        ({"kind": "post-mortem", "run_id": "nothing"}, "no run called 'nothing'"),
        ({"kind": "post-mortem", "alert_id": "nothing"}, "no alert called 'nothing'"),
        ({"kind": "post-mortem", "since": "yesterday"}, "'yesterday' is no moment"),
        ({"kind": "post-mortem", "since": "2026-01-02", "until": "2026-01-01"}, "is not before"),
        ({"kind": "runbook", "topic": "..."}, "placeholder"),
        ({"kind": "poem"}, "input should be 'runbook', 'model-card'"),
    ],
)
def test_what_is_wrong_is_told_before_a_run_is_opened(
    history: Project, write: Write, request_: dict[str, Any], told: str
) -> None:
    with pytest.raises(UserError, match=re.escape(told)):
        write(**request_)
    assert Runs(history).newest(name="write-document") == []


def test_notes_are_marked_as_somebodys_and_their_numbers_checked(history: Project, write: Write) -> None:
    notes = "AUC is 0.80 in 2.0.0, and recall 0.80.\nIn 1.9.0 the auc was 0.80. # No heading [x](http://example.org)"
    done = write(kind="model-card", model_id=f"{MODEL}:2.0.0", notes=notes)
    text = text_of(history, done)
    # The AUC of 2.0.0 is a fact of the card; that of another version, and the recall, are not.
    assert "> AUC is 0.80 in 2.0.0, and recall 0.80 [not computed by a tool]." in text
    assert "the auc was 0.80 [not computed by a tool]." in text
    assert done.result["unverified_numbers"] == ["0.80"]
    assert "[x](http" not in text
    assert DocumentRequest(kind="runbook").notes is None
