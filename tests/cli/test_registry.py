"""The guide's register command by the real `ax`, twice, and looking at what it left."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from axagents.project import open_project
from axagents.stores.registry.evaluations import Evaluation, record_evaluation
from axagents.stores.registry.state import read_model

# As the guide prints it.
GUIDE = """{
  "model_path": "./models/churn_classifier_v2",
  "model_name": "churn-classifier",
  "version": "2.1.0",
  "metrics": {
    "accuracy": 0.94,
    "f1": 0.87,
    "auc_roc": 0.96
  },
  "training_data": "customer_data_2024",
  "framework": "xgboost"
}"""
MODEL = "churn-classifier"
Ax = Callable[..., Any]


@pytest.mark.timeout(400)
def test_the_guides_command_by_the_real_command(ax: Ax, guide_root: Path) -> None:
    done = ax("run", "ml-model-registry", "--input", GUIDE, "--format", "json", cwd=guide_root)
    assert done.exit_code == 0, done.stderr
    told = done.json()
    assert (told["workflow"], told["status"], told["verdict"]) == ("ml-model-registry", "completed", "HOLD")
    assert told["decisions"][0]["row"] == "not-evaluated"
    assert told["result"]["registered"] is False

    events = ax("registry", "events", "--format", "json", cwd=guide_root).json()
    assert events["intact"]
    (event,) = events["events"]
    assert {"at", "who", "what", "version", "before", "after", "why", "hash"} <= event.keys()
    at = ax("registry", "at", event["at"], "--format", "json", cwd=guide_root).json()
    assert [(each["model"], each["production"], len(each["versions"])) for each in at["models"]] == [(MODEL, None, 1)]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_show_stage_and_events(ax: Ax, guide_root: Path) -> None:
    staged = ax("registry", "stage", MODEL, "v2.1.0", "production", "--why", "a test", cwd=guide_root)
    assert (staged.exit_code, staged.stdout) == (0, f"{MODEL} 2.1.0: staged -> production\n")
    again = ax("registry", "stage", MODEL, "2.1.0", "prod", "--why", "again", cwd=guide_root)
    assert (again.exit_code, again.stdout) == (0, f"{MODEL} 2.1.0 is in production already; nothing was changed\n")

    versions = ax("registry", "versions", MODEL, "--format", "json", cwd=guide_root).json()
    assert versions["model"] == MODEL
    (version,) = versions["versions"]
    assert {"version", "stage", "sha256", "created_at", "lineage"} <= version.keys()
    assert (version["version"], version["stage"], version["standing"]) == ("2.1.0", "production", "ok")

    shown = ax("registry", "show", f"{MODEL}-prod", "--format", "json", cwd=guide_root).json()
    assert (shown["version"], shown["stage"], shown["resolved"]) == ("2.1.0", "production", "stage")
    assert shown["metadata"]["metrics"]["claimed"]["auc_roc"] == 0.96

    events = ax("registry", "events", "--format", "json", cwd=guide_root).json()
    assert events["intact"]
    for event in events["events"]:
        assert {"at", "who", "what", "version", "before", "after", "why", "hash"} <= event.keys()
    assert [(each["what"], each["before"], each["after"]) for each in events["events"]] == [
        ("registered", None, "staged"),
        ("stage", "staged", "production"),
    ]
    before = ax("registry", "at", events["events"][0]["at"], "--format", "json", cwd=guide_root).json()
    assert [(each["model"], each["production"]) for each in before["models"]] == [(MODEL, None)]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_text_of_the_looking_commands(ax: Ax, guide_root: Path) -> None:
    listed = ax("registry", "list", cwd=guide_root).stdout.splitlines()
    assert listed[0].split() == ["model", "production", "newest", "versions", "changed", "standing"]
    assert listed[2].split()[:4] == [MODEL, "-", "2.1.0", "1"]
    shown = ax("registry", "show", MODEL, cwd=guide_root).stdout
    assert "0.8100 [0.7800, 0.8400]  0.96" in shown
    assert "the chain of 1 hashes is whole" in ax("registry", "events", cwd=guide_root).stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(("show", "churn-classifer"), "did you mean churn-classifier?", marks=pytest.mark.slow),
        pytest.param(("versions", "churn"), "did you mean churn-classifier?", marks=pytest.mark.slow),
        (("stage", MODEL, "9.0.0", "production", "--why", "x"), "no version of churn-classifier called '9.0.0'"),
        (("stage", MODEL, "2.1.0", "prodution", "--why", "x"), "no stage called 'prodution'; did you mean production?"),
        (("stage", MODEL, "2.1.0", "production", "--why", "..."), "--why: say why"),
        (("at", "yesterday"), "is no date; write it as 2026-11-23"),
    ],
)
def test_what_is_wrong_is_one_line(ax: Ax, guide_root: Path, arguments: tuple[str, ...], told: str) -> None:
    done = ax("registry", *arguments, cwd=guide_root)
    assert done.exit_code == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_outside_a_project_there_is_nothing_to_look_at(ax: Ax, tmp_path: Path) -> None:
    done = ax("registry", "list", cwd=tmp_path)
    assert done.exit_code == 2
    assert "ax init" in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_stage_change_killed_and_resumed_by_the_command_happens_once(ax: Ax, guide_root: Path) -> None:
    fault = {"AX_FAULT": "registry.stage.logged:1:kill"}
    killed = ax("registry", "stage", MODEL, "2.1.0", "canary", "--why", "x", cwd=guide_root, env=fault)
    assert killed.exit_code == -9
    view = ax("registry", "versions", MODEL, "--format", "json", cwd=guide_root).json()["versions"][0]
    assert view["standing"] == "pending"
    resumed = ax(*view["note"].partition("ax ")[2].split(), cwd=guide_root)
    assert resumed.exit_code == 0, resumed.stderr
    view = ax("registry", "versions", MODEL, "--format", "json", cwd=guide_root).json()["versions"][0]
    assert (view["stage"], view["standing"]) == ("canary", "ok")
    assert len(ax("registry", "events", "--format", "json", cwd=guide_root).json()["events"]) == 2


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_an_evaluated_version_is_promoted(ax: Ax, guide_root: Path) -> None:
    project = open_project(guide_root)
    sha256 = read_model(project, MODEL).versions[0].sha256
    record_evaluation(project, Evaluation("e", sha256, "2026-11-20T00:00:00.000000Z", "me", "GO", "h", None, {}))
    done = ax("run", "ml-model-registry", "--input", json.dumps(json.loads(GUIDE)), cwd=guide_root)
    assert "PROMOTE: It was evaluated GO" in done.stdout
    assert f'ax registry stage {MODEL} 2.1.0 production --why "..."' in done.stdout
