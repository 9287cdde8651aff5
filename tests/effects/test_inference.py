"""Forgetting a unit: a person's own command does it, an agent's waits, and a killed one is resumed to its end."""

from collections.abc import Callable
from typing import Any

import pytest

from axagents.project import Project
from axagents.stores.inference import SegmentWriter, hash_unit, predictions_log, unit_key
from axagents.stores.inference.forgetting import Held, count_unit, is_forgotten
from axagents.stores.journal import Journal
from axagents.stores.runs import Runs
from tests.stores.inference.conftest import DEPLOYMENT, a_record

Ax = Callable[..., Any]
POINTS = ["effects.started", "inference.forget.outcomes", "inference.forget.predictions", "effects.acted"]


@pytest.fixture
def unit(project: Project) -> str:
    hashed = hash_unit(unit_key(project), "customer-17")
    writer = SegmentWriter(predictions_log(project, DEPLOYMENT).segments)
    writer.append([a_record(request=str(number), unit=hashed) for number in range(3)] + [a_record(request="x")])
    writer.close()
    return hashed


def test_a_persons_command_forgets_and_again_there_is_nothing(ax: Ax, project: Project, unit: str) -> None:
    done = ax("data", "forget", "customer-17")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "forgot customer-17: 3 predictions and 0 outcomes"
    assert is_forgotten(project, unit)
    again = ax("data", "forget", "customer-17", "--format", "json")
    assert again.exit_code == 0
    assert again.json() == {"unit": "customer-17", "predictions": 0, "outcomes": 0, "changed": False}
    for path in (project.database_path, *project.state.glob("ax.db-*")):
        assert b"customer-17" not in path.read_bytes()


def test_an_agents_command_waits_for_a_person(ax: Ax, project: Project, unit: str) -> None:
    done = ax("data", "forget", "customer-17", "--format", "json", env={"AX_ACTOR": "agent"})
    assert done.exit_code == 3
    assert done.json()["error"]["needs"][0]["tool"] == "data.forget"
    assert count_unit(project, unit) == Held(3, 0)


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_killed_and_resumed_it_comes_to_its_end(ax: Ax, project: Project, unit: str, point: str) -> None:
    assert ax("data", "forget", "customer-17", env={"AX_FAULT": f"{point}:1:kill"}).exit_code == -9
    (run,) = Runs(project).newest()
    resumed = ax("runs", "resume", run.run_id)
    assert resumed.exit_code == 0, resumed.stderr
    assert is_forgotten(project, unit)
    (entry,) = Journal(project).of_run(run.run_id)
    assert (entry.status, entry.before) == ("done", {"predictions": 3, "outcomes": 0})


@pytest.mark.parametrize("name", ["", "  "])
def test_a_unit_has_a_name(ax: Ax, project: Project, name: str) -> None:
    done = ax("data", "forget", name)
    assert done.exit_code == 2
    assert "a unit has a name" in done.stderr.splitlines()[0]
