"""`ax memory` as people and programs type it, in the real process."""

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from axagents.cli import piped
from axagents.cli.main import run
from axagents.project import Project
from axagents.stores.memory.memory import Memory
from tests.conftest import Completed

STORE = """ax memory store --key "features/churn_v2" --value '{
  "features": ["recency", "frequency", "monetary", "tenure"],
  "version": "2.0.0",
  "created": "2025-01-15"
}' --namespace ml-features"""
GUIDE = [  # the guide's own words, and what each exits with in an empty project
    (STORE, 0),
    ('ax memory retrieve --key "churn-classifier/versions/2.1.0" --namespace ml-model-registry', 1),
    ('ax memory search --query "churn-classifier" --namespace ml-model-registry', 0),
    ('ax memory store --key "features/churn/v2" --namespace ml-features', 2),
]


def test_the_guides_commands_verbatim_twice(project: Project) -> None:
    shell = f'ax() {{ "{sys.executable}" -m axagents "$@"; }}\n'
    for _ in range(2):
        for command, code in GUIDE:
            done = subprocess.run(
                ["bash", "-c", shell + command], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
            )
            assert done.returncode == code, done.stderr
            assert "Traceback" not in done.stderr
    found = Memory(project).history("features/churn_v2", namespace="ml-features")
    assert [each.version for each in found] == [1, 2]
    assert found[0].value == {
        "features": ["recency", "frequency", "monetary", "tenure"],
        "version": "2.0.0",
        "created": "2025-01-15",
    }


def test_json_shapes(here: Callable[..., Completed], project: Project) -> None:
    def run(*arguments: str) -> Completed:
        return here("memory", *arguments, "--format", "json")

    stored = run("store", "--key", "k", "--namespace", "notes", "--value", '{"text": "the window is 90 days"}').json()
    assert {"namespace", "key", "version", "stored_at"} <= set(stored)
    assert (stored["namespace"], stored["key"], stored["version"]) == ("notes", "k", 1)
    got = run("retrieve", "--key", "k", "--namespace", "notes").json()
    assert got["found"] is True
    assert got["value"] == {"text": "the window is 90 days"}
    assert {"namespace", "key", "version", "stored_at"} <= set(got)
    miss = run("retrieve", "--key", "other", "--namespace", "notes")
    assert (miss.exit_code, miss.json()["found"]) == (1, False)
    search = run("search", "--query", "window of days", "--namespace", "notes")
    (hit,) = search.json()["results"]
    assert {"namespace", "key", "value", "score"} <= set(hit)
    assert "spelling" in search.stderr
    assert run("list", "--namespace", "notes", "--prefix", "k").json() == {
        "namespace": "notes", "keys": ["k"], "total": 1,
    }  # fmt: skip
    deleted = run("delete", "--key", "k", "--namespace", "notes").json()
    assert (deleted["deleted"], deleted["version"], deleted["changed"]) == (True, 2, True)
    assert run("delete", "--key", "k", "--namespace", "notes").json()["changed"] is False
    history = run("history", "--key", "k", "--namespace", "notes").json()
    assert [(each["version"], each["deleted"]) for each in history["versions"]] == [(1, False), (2, True)]
    names = {each["namespace"] for each in run("stats").json()["namespaces"]}
    assert {"notes", "ml-features", "conversations"} <= names


def test_export_and_import(ax: Callable[..., Any], project: Project) -> None:
    Memory(project).store("k", {"text": "x"}, namespace="notes")
    lines = ax("memory", "export").stdout
    assert json.loads(lines)["value"] == {"text": "x"}
    assert ax("memory", "export", "out.jsonl", "--namespace", "notes").exit_code == 0
    assert Path("out.jsonl").read_text() == lines
    ax("memory", "delete", "--key", "k", "--namespace", "notes", "--purge")
    done = ax("memory", "import", "out.jsonl", "--format", "json").json()
    assert (done["stored"], done["unchanged"]) == (1, 0)
    again = ax("memory", "import", "-", "--format", "json", stdin=lines).json()
    assert (again["stored"], again["unchanged"]) == (0, 1)
    bad = ax("memory", "import", "-", stdin='{"key": "k"}\n')
    assert bad.exit_code == 2
    assert "line 1: value: is required" in bad.stderr


def error(done: Any) -> str:
    """Return the one line that an error is told in."""
    assert done.exit_code == 2, done.stdout + done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert len(told) == 1
    assert "Traceback" not in done.stderr
    return told[0]


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Callable[..., Completed]:
    """Run `ax` in this process, which is faster."""

    def run_here(*arguments: str) -> Completed:
        code = run(list(arguments))
        told = capsys.readouterr()
        return Completed(code, told.out, told.err)

    return run_here


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("retrieve", "--key", "k", "--namespace", "ml-feature"), "did you mean ml-features"),
        (("search", "--query", "x", "--namespace", "ml-modelregistry"), "did you mean ml-model-registry"),
        (("list", "--namespace", "..."), "placeholder"),
        (("store", "--key", "...", "--namespace", "notes", "--value", "{}"), "key: is still the placeholder"),
        (("store", "--key", "k", "--namespace", "notes", "--value", "[1]"), "must be a JSON object"),
        (("store", "--key", "k", "--namespace", "notes", "--value", '{"a": NaN}'), "cannot be written as JSON"),
        (("store", "--key", "k", "--namespace", "notes", "--value", "{}", "--ttl", "0"), "ttl: must be above 0"),
        (("search", "--query", "...", "--namespace", "notes"), "query"),
        (("delete", "--key", "nope", "--namespace", "notes"), "no record in notes called 'nope'"),
        (("import", "nope.jsonl"), "cannot read"),
    ],
)
def test_bad_input_is_one_clear_line(
    here: Callable[..., Completed], project: Project, arguments: tuple[str, ...], told: str
) -> None:
    assert told in error(here("memory", *arguments))
    assert Memory(project).list("notes").total == 0


def test_json_broken_at_the_40th_character(here: Callable[..., Completed], project: Project) -> None:
    broken = '{"text": "the retraining window is 90 d"'
    assert len(broken) == 40
    told = here("memory", "store", "--key", "k", "--namespace", "notes", "--value", broken + " oops}")
    assert "line 1, column 42" in error(told)
    assert told.stderr.splitlines()[2].strip() == "^"


@pytest.mark.parametrize("option", [(), ("--value", "-")])
def test_a_value_from_a_pipe(ax: Callable[..., Any], project: Project, option: tuple[str, ...]) -> None:
    done = ax("memory", "store", "--key", "k", "--namespace", "notes", *option, stdin='{"text": "piped"}')
    assert done.exit_code == 0
    found = Memory(project).retrieve("k", namespace="notes")
    assert found is not None
    assert found.value == {"text": "piped"}


def test_a_value_from_a_file(here: Callable[..., Completed], project: Project) -> None:
    Path("value.json").write_text('{"text": "filed"}')
    assert here("memory", "store", "--key", "k", "--namespace", "notes", "--value", "@value.json").exit_code == 0
    found = Memory(project).retrieve("k", namespace="notes")
    assert found is not None
    assert found.value == {"text": "filed"}
    assert "cannot read" in error(here("memory", "store", "--key", "k", "--namespace", "notes", "--value", "@no.json"))


@pytest.mark.parametrize("stdin", [None, "", "  \n"])
def test_nothing_piped_in(ax: Callable[..., Any], project: Project, stdin: str | None) -> None:
    told = error(ax("memory", "store", "--key", "k", "--namespace", "notes", stdin=stdin))
    assert "--value is missing and what is piped in is empty" in told


PIPED = ("memory", "store", "--key", "k", "--namespace", "notes")


def test_a_pipe_that_stays_silent(project: Project) -> None:
    reading, writing = os.pipe()
    told, seconds = started_with(reading, *PIPED)
    os.close(writing)
    assert "the pipe brought nothing for 1 s" in told
    assert seconds < 15


@pytest.mark.parametrize(
    "command",
    ["run ml-train --input", "agent run writer --input", "agent plan writer --file", "agent register", "memory import"],
)
def test_a_named_pipe_that_stays_silent(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """A pipe that somebody names may begin later than one that happens to be there, but not much."""
    assert piped.EXPECTED_SECONDS == 10
    monkeypatch.setattr(piped, "EXPECTED_SECONDS", 0.2)
    reading, writing = os.pipe()
    with os.fdopen(reading) as silent:
        monkeypatch.setattr(sys, "stdin", silent)
        assert run([*command.split(), "-"]) == 2
    os.close(writing)
    assert "is missing and the pipe brought nothing for 0.2 s" in capsys.readouterr().err


def test_a_terminal_is_not_waited_for(project: Project) -> None:
    for command, option in ((PIPED, "--value"), (("run", "ml-train", "--input", "-"), "--input")):
        ours, theirs = pty.openpty()
        told, _seconds = started_with(theirs, *command)
        os.close(ours)
        assert f"{option} is missing and nothing is piped in" in told


def started_with(stdin: int, *command: str) -> tuple[str, float]:
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "axagents", *command],
        stdin=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(stdin)
    assert done.returncode == 2
    return done.stderr, time.monotonic() - began


def test_reading_outside_a_project_names_init_and_writing_makes_one(
    ax: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    read = ax("memory", "retrieve", "--key", "k", "--namespace", "notes")
    assert read.exit_code == 2
    assert "ax init" in read.stderr
    assert ax("memory", "store", "--key", "k", "--namespace", "notes", "--value", "{}").exit_code == 0
    assert (tmp_path / "ax.toml").is_file()


def test_a_damaged_database_is_one_clear_line(ax: Callable[..., Any], project: Project) -> None:
    project.database_path.write_bytes(b"rubbish" * 1_000)
    for command in (("retrieve", "--key", "k"), ("store", "--key", "k", "--value", "{}"), ("search", "--query", "x")):
        told = error(ax("memory", *command, "--namespace", "notes"))
        assert "is damaged" in told
    assert project.database_path.read_bytes() == b"rubbish" * 1_000


def test_a_project_declares_namespaces_of_its_own_once_trusted(
    here: Callable[..., Completed], project: Project
) -> None:
    (project.root / "ax.toml").write_text("content = true\n")
    (project.root / "memory").mkdir()
    (project.root / "memory" / "retros.yaml").write_text(
        "namespace: retros\ndescription: Looking back.\nvalue:\n  required: [what]\n"
    )
    store = ("memory", "store", "--key", "k", "--namespace", "retros", "--value", "{}")
    assert here("memory", "list", "--namespace", "retros").exit_code == 2
    assert here("trust", "--yes").exit_code == 0
    assert here("memory", "list", "--namespace", "retros").exit_code == 0
    assert "value.what: is required in retros" in error(here(*store))
