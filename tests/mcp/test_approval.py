"""An MCP client cannot approve: an effect waits for a person, and is done exactly once by the very same call."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pexpect
import pytest
from mcp import Client

from axagents.cli.main import run as run_ax
from axagents.project import Project, use_project
from axagents.stores.agents.approvals import Approvals
from axagents.stores.database import open_database
from axagents.stores.registry.state import read_model
from axagents.stores.runs import Runs
from tests.agents.conftest import DONE, call, calls, lines
from tests.effects.test_registry import make_folder, register
from tests.mcp.conftest import talk, told
from tests.workflows.registry.world import save

FLIP = {"name": "lamp"}
ASK = {"query": "flip the switch called lamp"}


def flipping(arguments: dict[str, Any] = FLIP, times: int = 1) -> Any:
    """Let a client ask for the same effect some times at once."""

    async def flip(client: Client) -> list[Any]:
        return list(await asyncio.gather(*(client.call_tool("lab-flip", arguments) for _ in range(times))))

    return flip


def decide(project: Project, result: Any, word: Any = "approved") -> None:
    Approvals(project).decide(result.structured_content["approval_id"], word, how="command")


def age(project: Project) -> None:
    """Let the plans that were shown be older than 15 minutes."""
    with open_database(project).write() as connection:
        connection.execute("UPDATE approvals SET expires_at = '2020-01-01T00:00:00+00:00'")


def test_an_effect_waits_and_is_done_once_by_the_same_call(lab: Project) -> None:
    async def whole(client: Client) -> None:
        first = (await client.call_tool("lab-flip", FLIP)).structured_content
        again = (await client.call_tool("lab-flip", FLIP)).structured_content
        assert first["status"] == "waiting"
        assert first["approve"] == [f"ax approve {first['approval_id']}"]
        assert again["approval_id"] == first["approval_id"]
        assert lines(lab, "switch.txt") == []
        assert await asyncio.to_thread(approve_on_a_terminal, lab.root, first["approval_id"])
        results = await asyncio.gather(*(client.call_tool("lab-flip", FLIP) for _ in range(3)))
        assert lines(lab, "switch.txt") == ["lamp on"]
        done = [each for each in results if not each.is_error]
        assert done
        assert {each.structured_content["flips"] for each in done} == {1}
        assert all("is being made right now" in told(each) for each in results if each.is_error)
        lost = await client.call_tool("lab-flip", FLIP)  # as if its answer had been lost
        assert lost.structured_content == {"flips": 1}
        other = (await client.call_tool("lab-flip", {**FLIP, "to": "off"})).structured_content
        assert other["status"] == "waiting"
        assert lines(lab, "switch.txt") == ["lamp on"]

    talk(lab, whole)


def approve_on_a_terminal(root: Path, approval_id: str) -> bool:
    child = pexpect.spawn(
        sys.executable, ["-m", "axagents", "approve", approval_id], cwd=str(root), timeout=60, use_poll=True
    )
    child.expect("approve this plan")
    assert b"lamp" in child.before
    child.sendline("y")
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus == 0


def test_the_plan_tells_who_wants_it_and_what_stands_nowhere(lab: Project) -> None:
    (waits,) = talk(lab, flipping())
    assert "lamp  the model: mcp over MCP  ! not in your words and not in this project" in told(waits)
    assert set(waits.structured_content["tainted"]) == {"name"}
    assert waits.structured_content["hash"] in told(waits)


def test_what_is_denied_is_not_done(lab: Project) -> None:
    decide(lab, talk(lab, flipping())[0], "denied")
    for _ in range(2):
        (denied,) = talk(lab, flipping())
        assert denied.is_error
        assert "a person denied this plan" in told(denied)
    age(lab)
    (anew,) = talk(lab, flipping())
    assert anew.structured_content["status"] == "waiting"
    assert lines(lab, "switch.txt") == []


@pytest.mark.parametrize("word", ["waiting", "approved"])
def test_a_word_holds_for_fifteen_minutes(lab: Project, word: str) -> None:
    first = talk(lab, flipping())[0]
    if word == "approved":
        decide(lab, first)
    age(lab)
    (second,) = talk(lab, flipping())
    assert second.structured_content["status"] == "waiting"
    assert "older than 15 minutes" in second.structured_content["why"]
    assert second.structured_content["approval_id"] != first.structured_content["approval_id"]
    decide(lab, second)
    assert talk(lab, flipping())[0].structured_content == {"flips": 1}


def test_a_word_holds_for_the_plan_that_was_shown(lab: Project, tracked: Project) -> None:
    make_folder(lab)
    arguments = {"name": "churn"}
    first = talk(lab, flipping(arguments))[0]
    decide(lab, first)
    register(lab)  # the model of that name is there now
    (second,) = talk(lab, flipping(arguments))
    assert "the project has changed" in second.structured_content["why"]
    assert second.structured_content["hash"] != first.structured_content["hash"]
    assert lines(lab, "switch.txt") == []


def test_a_person_may_go_on_with_the_call_and_the_client_gets_the_answer(
    lab: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    first = talk(lab, flipping())[0]
    run = Runs(lab).newest(name="mcp-call")[0]
    with use_project(lab):
        assert run_ax(["runs", "resume", run.run_id]) == 3
        assert first.structured_content["approve"][0] in capsys.readouterr().out
        decide(lab, first)
        assert run_ax(["runs", "resume", run.run_id]) == 0
    assert lines(lab, "switch.txt") == ["lamp on"]
    assert talk(lab, flipping())[0].structured_content == {"flips": 1}
    assert lines(lab, "switch.txt") == ["lamp on"]


@pytest.mark.parametrize("point", ["begun", "asked"])
def test_a_call_cut_short_before_a_word_is_asked_about_and_done_once(lab: Project, point: str) -> None:
    cut = talk(lab, flipping(), env={"AX_FAULT": f"agents.single_call.{point}:1:kill"})[0]
    assert "ended (signal 9)" in told(cut)
    waiting = [talk(lab, flipping())[0] for _ in range(2)]
    assert {each.structured_content["status"] for each in waiting} == {"waiting"}
    assert lines(lab, "switch.txt") == []
    assert len(Approvals(lab).open()) == 1
    decide(lab, waiting[0])
    for _ in range(2):
        assert talk(lab, flipping())[0].structured_content == {"flips": 1}
    assert lines(lab, "switch.txt") == ["lamp on"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "point", ["agents.single_call.taken", "effects.started", "registry.register.logged", "effects.acted"]
)
def test_a_registration_cut_short_is_gone_on_with(tracked: Project, point: str) -> None:
    save(tracked, "m")
    arguments = {"model_path": "models/m", "model_name": "churn", "version": "1.0.0"}

    async def register_it(client: Client) -> Any:
        return await client.call_tool("ml-model-registry", arguments)

    decide(tracked, talk(tracked, register_it))
    cut = talk(tracked, register_it, env={"AX_FAULT": f"{point}:1:kill"})
    assert "ended (signal 9)" in told(cut)
    done = talk(tracked, register_it)
    assert not done.is_error, told(done)
    assert done.structured_content["version"] == "1.0.0"
    assert [each.version for each in read_model(tracked, "churn").versions] == ["1.0.0"]
    assert len(Approvals(tracked).open()) == 0


def test_what_a_persona_wants_to_effect_waits_too(lab: Project, tmp_path: Path) -> None:
    turns = (calls(call("lab-flip", name="lamp")), DONE)
    (tmp_path / "script.jsonl").write_text("\n".join(turn.model_dump_json() for turn in turns))
    with (lab.root / "ax.toml").open("a") as settings:
        settings.write(f'[agents]\nprovider = "script:{tmp_path / "script.jsonl"}"\n')

    async def ask(client: Client) -> Any:
        return await client.call_tool("ask-tester", ASK)

    first = talk(lab, ask).structured_content
    assert first["status"] == "waiting"
    (need,) = first["needs"]
    assert need["approve"] == [f"ax approve {need['approval_id']}"]
    assert set(need["tainted"]) == {"name"}  # nobody here knows the person's words
    Approvals(lab).decide(need["approval_id"], "approved", how="command")
    done = talk(lab, ask).structured_content
    assert done["status"] == "completed"
    assert lines(lab, "switch.txt") == ["lamp on"]
    assert done["run_id"] == first["run_id"]


def test_a_place_outside_is_refused_before_a_plan_is_drawn(bench: Project) -> None:
    async def register_outside(client: Client) -> Any:
        return await client.call_tool("ml-model-registry", {"model_path": "/etc", "model_name": "foo"})

    refused = talk(bench, register_outside)
    assert refused.is_error
    assert "lies outside the project" in told(refused)
    assert Approvals(bench).open() == []
