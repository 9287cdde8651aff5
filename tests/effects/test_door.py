"""An effect happens once or not at all, wherever the process dies."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from axagents.effects import Effect, Probe, perform, undo
from axagents.errors import Failed, Unfinished
from axagents.project import Project
from axagents.stores.journal import Journal

POINTS = ["planned", "started", "probed", "acted", "done"]

CHILD = """
import sys
from pathlib import Path
from axagents.effects import perform
from axagents.project import open_project
from tests.effects.test_door import appending
project = open_project(Path(sys.argv[1]))
print(perform(project, appending(project.root / "log"), run_id="run", step="step").repeated)
"""


def appending(path: Path) -> Effect:
    """An effect that would be seen to happen twice: it appends a line."""

    def lines() -> list[str]:
        return path.read_text().splitlines() if path.exists() else []

    def act() -> int:
        with path.open("a") as file:
            file.write("line\n")
        return len(lines())

    def take_back(before: int, _after: int) -> None:
        path.write_text("line\n" * before)

    return Effect(
        name="test.append",
        arguments={"path": path.name},
        before=lambda: len(lines()),
        probe=lambda: Probe.done(len(lines())) if lines() else Probe.absent(),
        act=act,
        undo=take_back,
    )


def in_a_process(project: Project, fault: str | None) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **({"AX_FAULT": fault} if fault else {})}
    here = Path(__file__).parents[2]
    command = [sys.executable, "-c", CHILD, str(project.root)]
    return subprocess.run(command, env=env, cwd=here, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_point_and_tried_again_it_happens_once(project: Project, point: str) -> None:
    killed = in_a_process(project, f"effects.{point}:1:kill")
    assert killed.returncode == -9
    again = in_a_process(project, None)
    assert again.returncode == 0, again.stderr
    assert (project.root / "log").read_text() == "line\n"
    (entry,) = Journal(project).of_run("run")
    assert (entry.status, entry.before, entry.after) == ("done", 0, 1)


def test_done_once_it_is_not_done_again(project: Project) -> None:
    effect = appending(project.root / "log")
    assert not perform(project, effect, run_id="run", step="step").repeated
    assert perform(project, effect, run_id="run", step="step").repeated
    assert (project.root / "log").read_text() == "line\n"


def test_a_probe_that_cannot_tell_stops_with_unknown(project: Project) -> None:
    effect = Effect(
        "test.blind", {}, probe=lambda: Probe.unknown("the server is gone"), act=lambda: 1, irreversible="test"
    )
    with pytest.raises(Unfinished, match="the server is gone") as caught:
        perform(project, effect, run_id="run", step="step")
    assert caught.value.exit_code == 6
    assert [each.status for each in Journal(project).unfinished()] == ["unknown"]


def test_an_effect_that_fails_says_so_and_may_be_tried_again(project: Project) -> None:
    worlds = iter([False, True])

    def act() -> int:
        if not next(worlds):
            raise Failed("not this time")
        return 1

    effect = Effect("test.flaky", {}, probe=Probe.absent, act=act, irreversible="test")
    with pytest.raises(Failed):
        perform(project, effect, run_id="run", step="step")
    assert Journal(project).of_run("run")[0].status == "failed"
    assert perform(project, effect, run_id="run", step="step").after == 1


def test_without_undo_or_reason_it_cannot_be_built() -> None:
    with pytest.raises(TypeError, match="needs an undo"):
        Effect("test.none", {}, probe=Probe.absent, act=lambda: 1)


def test_undo_takes_back_what_was_done(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    effect = appending(project.root / "log")
    done = perform(project, effect, run_id="run", step="step")
    monkeypatch.setattr("axagents.effects.door.rebuild", lambda *_arguments: effect)
    undo(project, done.key, run_id="run")
    assert (project.root / "log").read_text() == ""
    assert Journal(project).of_run("run")[0].status == "undone"
