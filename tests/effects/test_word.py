"""An effect of an agent's own command waits for a person, is done once after their word, and not after their no."""

import json

import pytest

from axagents.cli import main
from axagents.project import Project
from axagents.stores.agents.approvals import Approvals
from axagents.stores.memory.memory import Memory
from tests.agents.test_approval import age

Out = pytest.CaptureFixture[str]


@pytest.fixture
def note(project: Project) -> Memory:
    memory = Memory(project)
    memory.store("k", {"v": 1}, namespace="notes")
    return memory


def ax(out: Out, *command: str) -> tuple[int, str]:
    code = main.run([*command, "--format", "json"])
    return code, out.readouterr().out


DELETE = ("memory", "delete", "--key", "k", "--namespace", "notes")


def waiting(out: Out) -> dict[str, str]:
    code, told = ax(out, *DELETE)
    assert code == 3
    (need,) = json.loads(told)["error"]["needs"]
    return need


def test_it_waits_and_is_done_once_after_a_persons_word(
    project: Project, note: Memory, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AX_ACTOR", "agent:coder")
    need = waiting(capsys)
    assert note.retrieve("k", namespace="notes")
    run = need["approve"][0].rpartition(" ")[2]
    assert need["approve"] == [f"ax approve {need['approval_id']} && ax runs resume {run}"]
    # Going on without a word waits again, in the same place.
    code, told = ax(capsys, "runs", "resume", run)
    assert code == 3
    assert need["approval_id"] in told
    monkeypatch.delenv("AX_ACTOR")
    Approvals(project).decide(need["approval_id"], "approved", how="typed")
    monkeypatch.setenv("AX_ACTOR", "agent:coder")
    assert ax(capsys, "runs", "resume", run)[0] == 0
    assert note.retrieve("k", namespace="notes") is None
    assert ax(capsys, "runs", "resume", run)[0] == 2


def test_a_word_holds_for_fifteen_minutes_and_what_was_begun_under_it_goes_on(
    project: Project, note: Memory, capsys: Out, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AX_ACTOR", "agent:coder")
    need = waiting(capsys)
    run = need["approve"][0].rpartition(" ")[2]
    monkeypatch.delenv("AX_ACTOR")
    Approvals(project).decide(need["approval_id"], "approved", how="typed")
    monkeypatch.setenv("AX_ACTOR", "agent:coder")
    age(project)
    code, told = ax(capsys, "runs", "resume", run)
    (again,) = json.loads(told)["error"]["needs"]
    assert (code, again["hash"]) == (3, need["hash"])
    assert again["approval_id"] != need["approval_id"]
    monkeypatch.delenv("AX_ACTOR")
    Approvals(project).decide(again["approval_id"], "approved", how="typed")
    monkeypatch.setenv("AX_ACTOR", "agent:coder")
    monkeypatch.setenv("AX_FAULT", "memory.delete.buried:1:raise")
    assert ax(capsys, "runs", "resume", run)[0] == 1
    monkeypatch.delenv("AX_FAULT")
    age(project)
    assert ax(capsys, "runs", "resume", run)[0] == 0
    assert note.retrieve("k", namespace="notes") is None


def test_a_persons_no_is_a_no(project: Project, note: Memory, capsys: Out, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AX_ACTOR", "agent")
    need = waiting(capsys)
    Approvals(project).decide(need["approval_id"], "denied", how="typed")
    code, told = ax(capsys, "runs", "resume", need["approve"][0].rpartition(" ")[2])
    assert code == 5
    assert "a person denied" in told
    assert note.retrieve("k", namespace="notes")


def test_a_person_waits_for_nobody(note: Memory, capsys: Out) -> None:
    assert ax(capsys, *DELETE)[0] == 0
    assert note.retrieve("k", namespace="notes") is None


@pytest.mark.parametrize(
    "command",
    [
        ("config", "set", "approve.auto", '["register"]'),
        ("data", "add", "x", "x.csv"),
        ("gc",),
        ("restore", "b.zip"),
    ],
)
def test_what_only_a_person_may_do_is_refused(
    project: Project, capsys: Out, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("AX_ACTOR", "agent")
    code, told = ax(capsys, *command)
    assert code == 5
    assert json.loads(told)["error"]["message"].startswith("an agent cannot ")
