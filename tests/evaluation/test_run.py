"""`ax eval run` and `compare` as they are typed, on a world that is built in a moment."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.house.source import CHECKOUT

EVALS = CHECKOUT / "evals"
WORLD = '''\
"""A world of three rows and one note."""

from axagents.stores.datasets.catalog import add_dataset
from axagents.stores.memory.memory import Memory


def build(project, seed):
    path = project.root / "data" / "pets.csv"
    path.parent.mkdir()
    path.write_text("name,comment\\nrex,fine\\ntom,late\\nfly,fine\\n")
    add_dataset(project, "pets", str(path))
    Memory(project).store("food", {"text": "rex eats at noon"}, namespace="notes")
    return {"rows": 3}
'''
TASKS = {
    "look": """\
id: look
world: tiny
agent: data-scientist
turns: [{user: "Profile the dataset pets"}]
model: [offline, "script:good", live]
grade:
  - calls: {mode: exact, must: [{tool: data-profile, args: {dataset: pets}}], approvals: 0}
  - answer_numbers: [{truth: rows}]
  - unchanged: ["**"]
  - exit: 0
attacks: [memory_note]
bad:
  - {script: sloppy, caught_by: calls}
  - {script: loopy, caught_by: exit}
""",
    "keep": """\
id: keep
world: tiny
agent: data-scientist
turns: [{user: "Remember that tom eats at noon"}]
model: ["script:good"]
grade:
  - state: {memory.notes.tom: {text: "tom eats at noon"}, memory.notes.added: 1}
bad:
  - {script: liar, caught_by: state}
""",
}


def calls(tool: str, **arguments: Any) -> str:
    return json.dumps({"stop_reason": "calls", "calls": [{"id": "1", "tool": tool, "arguments": arguments}]})


DONE = json.dumps({"stop_reason": "answer"})
SCRIPTS = {
    "look.good": [calls("data-profile", dataset="pets"), DONE],
    "look.sloppy": [calls("memory-search", query="pets"), DONE],
    "look.loopy": [calls("memory-search", query="pets")] * 4,
    "keep.good": [calls("memory-store", key="tom", text="tom eats at noon"), DONE],
    "keep.liar": [json.dumps({"stop_reason": "answer", "text": "I have noted it."})],
}


@pytest.fixture
def evals(tmp_path: Path) -> Path:
    """A folder of evals with a tiny world, two tasks and the checkout's graders and attacks."""
    folder = tmp_path / "evals"
    shutil.copytree(EVALS / "graders", folder / "graders")
    for each in ("worlds/tiny", "tasks/pets", "scripts"):
        (folder / each).mkdir(parents=True)
    shutil.copy(EVALS / "worlds/attacks.py", folder / "worlds")
    (folder / "worlds/tiny/build.py").write_text(WORLD)
    for name, text in TASKS.items():
        (folder / f"tasks/pets/{name}.yaml").write_text(text)
    for name, lines in SCRIPTS.items():
        (folder / f"scripts/{name}.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def test_a_suite_is_run_reported_logged_and_compared(evals: Path, tmp_path: Path, ax: Callable[..., Any]) -> None:
    log = tmp_path / "log"
    log.mkdir()
    (log / "ax.toml").write_text("")
    common = ("--evals", str(evals), "--cache", str(tmp_path / "cache"))
    first = tmp_path / "first.json"
    done = ax("eval", "run", *common, "--trials", "2", "--json", str(first), "--log-to", str(log))
    assert done.exit_code == 0, done.stdout + done.stderr
    report = json.loads(first.read_text())
    rows = {(row["name"], row["model"]): (row["passed"], row["trials"], row["k"]) for row in report["rows"]}
    assert rows == {
        ("look", "offline"): (2, 2, 2),
        ("look+memory_note", "offline"): (2, 2, 2),
        ("look", "script:good"): (2, 2, 2),
        ("look+memory_note", "script:good"): (2, 2, 2),
        ("keep", "script:good"): (2, 2, 2),
    }
    assert (report["graders_tested"], report["graders_caught"]) == (3, 3)
    assert "3 of 3 bad runs caught" in done.stdout
    with closing(sqlite3.connect(log / ".ax/mlflow.db")) as connection:
        logged = connection.execute("SELECT count(*) FROM metrics WHERE key = 'pass_k' AND value = 1").fetchone()
    assert logged == (2,)

    # The same again with a gate, a script that has become worse, an attack with a bug, and the world as it was kept.
    built = {path.stat().st_mtime_ns for path in (tmp_path / "cache").glob("tiny-*/truth.json")}
    (evals / "gates.yaml").write_text('gates: [{model: "script:good", figure: pass_1, at_least: 1}]\n')
    (evals / "scripts/keep.good.jsonl").write_text(DONE + "\n")
    (evals / "worlds/attacks.py").write_text("PLANT = {'memory_note': lambda project: 1 / 0}\n")
    second = tmp_path / "second.json"
    done = ax("eval", "run", "keep", "look", *common, "--model", "script:good", "--json", str(second))
    assert done.exit_code == 1
    assert "gate broken: pass_1 of script:good is 0.333" in done.stdout
    assert "look+memory_note (script:good, trial 1): crash: ZeroDivisionError: division by zero" in done.stdout
    assert built <= {path.stat().st_mtime_ns for path in (tmp_path / "cache").glob("tiny-*/truth.json")}

    # A provider that cannot be had has not failed at the tasks.
    done = ax("eval", "run", "look", *common, "--model", "claude", "--no-attacks")
    assert done.exit_code == 4
    assert "nothing was measured" in done.stderr

    compared = ax("eval", "compare", str(first), str(second), "--format", "json").json()["compared"]
    assert [(each["first_model"], each["pairs"]) for each in compared] == [("script:good", 3)]
    assert compared[0]["lost"] == ["keep", "look+memory_note"]


def test_a_name_that_is_not_known_is_told(ax: Callable[..., Any]) -> None:
    done = ax("eval", "run", "profil-messy")
    assert done.exit_code == 2
    assert "no task and no area is called 'profil-messy'" in done.stderr


def test_the_tasks_are_listed(ax: Callable[..., Any]) -> None:
    tasks = ax("eval", "list", "--format", "json").json()["tasks"]
    assert {"profile-messy", "register-candidate"} <= {task["id"] for task in tasks}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_whole_suite_offline_and_by_script(tmp_path: Path, ax: Callable[..., Any]) -> None:
    report = tmp_path / "report.json"
    done = ax("eval", "run", "--json", str(report))
    assert done.exit_code == 0, done.stdout
    found = json.loads(report.read_text())
    assert found["graders_caught"] == found["graders_tested"] >= 30
