"""The offline planner publishes what it wrote when that is asked, after a person has seen the plan."""

from collections.abc import Mapping
from typing import Any

import pytest

from axagents.agents.dry import plan_once
from axagents.agents.opening import open_desk
from axagents.agents.publishing import publishes
from axagents.agents.request import Request
from axagents.agents.run import AgentRun, run_agent
from axagents.llm.turn import Call
from axagents.project import Project

ROLLBACK = "docs/runbook-rollback.md"


def ask(project: Project, words: str, *answers: bool) -> tuple[AgentRun, list[Mapping[str, Any]]]:
    """Run the writer, a person giving these answers to the plans that are shown."""
    shown: list[Mapping[str, Any]] = []
    left = list(answers)

    def answer(plan: Mapping[str, Any]) -> bool | None:
        shown.append(plan)
        return left.pop(0) if left else None

    return run_agent(project, Request("writer", words, "offline"), ask=answer), shown


def test_asked_to_create_it_writes_and_publishes_nothing(tracked: Project) -> None:
    done, shown = ask(tracked, "Create runbook for model rollback procedure")
    assert (done.status, done.exit_code, shown) == ("completed", 0, [])
    assert [(each["tool"], each["arguments"]) for each in done.calls] == [
        ("write-document", {"kind": "runbook", "topic": "rollback"})
    ]
    path = next(iter((tracked.root / ".ax/runs").rglob("runbook-rollback.md")))
    lines = done.answer.splitlines()
    assert lines[0] == path.read_text().splitlines()[0]
    run_id = path.parent.name
    assert lines[-1] == f"to publish it: ax run publish-document --set document={run_id} --set path={ROLLBACK}"
    assert path.relative_to(tracked.root).as_posix() in done.answer
    assert not (tracked.root / "docs").exists()


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("Create a runbook for rollback and publish it", ROLLBACK),
        ("Create a runbook for rollback and publish it to docs/", ROLLBACK),
        ("Write a runbook for rollback to docs/ops/back.md.", "docs/ops/back.md"),
    ],
)
def test_asked_to_publish_it_shows_the_plan_and_publishes_what_was_approved(
    tracked: Project, words: str, place: str
) -> None:
    waiting, shown = ask(tracked, words)
    assert (waiting.status, waiting.exit_code) == ("waiting", 3)
    assert shown[0]["tool"] == "publish-document"
    assert shown[0]["arguments"]["path"] == place
    assert shown[0]["tainted"] == {}
    assert not (tracked.root / "docs").exists()
    done, _ = ask(tracked, words, True)
    assert done.status == "completed"
    assert [each["tool"] for each in done.calls] == ["write-document", "publish-document"]
    assert (tracked.root / place).is_file()
    assert f"is published: {place}" in done.answer
    denied, _ = ask(tracked, words, False)
    assert denied.status == "declined"


def test_a_dry_run_says_that_somebody_will_be_asked(tracked: Project) -> None:
    def outcome(words: str) -> str:
        request = Request("writer", words, "offline")
        return plan_once(open_desk(tracked, request, None), request).outcome

    assert outcome("Create a runbook for rollback and publish it") == "confirm"
    assert outcome("Create a runbook for rollback") == "run"


@pytest.mark.parametrize(
    ("arguments", "words", "expected"),
    [
        ({"publish": True}, "publish it", True),
        ({}, "write it to docs/a.md", True),
        ({}, "write it, but not into docs/", False),
        ({}, "write it, don't put it in docs/", False),
        ({}, "see ../docs/a.md", False),
        ({}, "write it", False),
    ],
)
def test_what_asks_to_publish(arguments: dict[str, Any], words: str, expected: bool) -> None:
    assert publishes(Call(id="1", tool="write-document", arguments=arguments), words) is expected
