"""The supervisor, its gateway and its servers: real processes that are killed, hang, and come back."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil
import pytest

from axagents.processes import is_alive
from axagents.project import Project
from axagents.serving.local.starting import serve_command, start_supervisor, stop_supervisor
from axagents.serving.local.supervisor import Seen, seen, supervisor_of
from axagents.serving.local.unit import free_port
from axagents.serving.local.wanted import WANTED, Server, Wanted
from axagents.serving.routing import SLOTS, Routing, Variant, write_first
from axagents.stores.inference import outcomes_log, predictions_log
from axagents.stores.models.digest import digest
from axagents.stores.models.save import save_model
from tests.serving.gateway.conftest import wait_for
from tests.stores.models.folders import boosted, frame

ROWS = [{"tenure": 3.0, "charges": 70.5}, {"tenure": 60.0, "charges": 20.0}, {"tenure": None, "charges": 90.0}]


@dataclass
class Local:
    """A project's deployments and one of them."""

    folder: Path
    name: str = "churn-prod"

    @property
    def deployment(self) -> Path:
        return self.folder / self.name

    @property
    def wanted(self) -> Wanted:
        found = WANTED.read(self.deployment)
        assert found is not None
        return found

    def seen(self, name: str) -> Seen:
        unseen = Seen(name, process="", state="stopped", address="", restarts=0, note="")
        return {each.name: each for each in seen(self.deployment)}.get(name, unseen)

    def is_ready(self) -> bool:
        states = {each.name: each.state for each in seen(self.deployment)}
        return states == {"gateway": "ready", "stable": "ready"}

    def pid(self, name: str) -> int:
        return int(self.seen(name).process.partition(":")[0])

    def ask(self) -> httpx2.Response:
        return httpx2.post(f"{self.wanted.url}/invocations", json={"dataframe_records": ROWS}, timeout=60)


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("versions") / "churn"
    save_model(folder, boosted(), input_example=frame(30), training={})
    return folder


@pytest.fixture
def local(project: Project, version: Path) -> Iterator[Local]:
    made = Local(project.deployments_path)
    port, sha256 = free_port(), digest(version)
    server = Server(name="stable", model="churn", version="2.0.0", sha256=sha256, folder=version, port=port)
    stable = Variant(
        name="stable",
        role="stable",
        model="churn",
        version="2.0.0",
        sha256=sha256,
        address=server.address,
        slots=(0, SLOTS),
    )
    write_first(made.deployment, Routing(deployment=made.name, salt="some salt", variants=(stable,)))
    WANTED.write_first(made.deployment, Wanted(deployment=made.name, port=free_port(), servers=(server,)))
    yield made
    stop_supervisor(made.folder)
    commands = (" ".join(each.info["cmdline"] or ()) for each in psutil.process_iter(["cmdline"]))
    assert [command for command in commands if str(made.folder) in command] == []


@pytest.fixture
def running(local: Local, project: Project) -> Local:
    assert start_supervisor(local.folder, serve_command(project.root))
    wait_for(local.is_ready, seconds=60)
    return local


def test_what_is_wanted_runs_and_answers(running: Local, project: Project) -> None:
    answer = running.ask()
    assert answer.status_code == 200
    assert answer.headers["x-ax-version"] == "churn:2.0.0"
    labels = answer.json()["predictions"]
    assert (answer.headers["x-ax-rows"], answer.headers["x-ax-positive"]) == ("3", str(labels.count("Yes")))
    assert not start_supervisor(running.folder, serve_command(project.root))


@pytest.mark.parametrize("name", ["stable", "gateway"])
def test_a_process_that_was_killed_comes_back(running: Local, name: str) -> None:
    before = running.pid(name)
    os.kill(before, signal.SIGKILL)
    assert running.ask().status_code == 200
    wait_for(lambda: running.is_ready() and running.seen(name).restarts == 1)
    assert running.pid(name) != before


def test_a_process_that_hangs_is_ended_and_comes_back(running: Local) -> None:
    before = running.pid("stable")
    os.kill(before, signal.SIGSTOP)
    wait_for(lambda: running.is_ready() and running.pid("stable") != before, seconds=60)
    assert running.ask().status_code == 200


def test_a_supervisor_that_was_killed_is_started_again_and_takes_over_what_runs(running: Local) -> None:
    before = supervisor_of(running.folder)
    assert before is not None
    served_by = {name: running.pid(name) for name in ("stable", "gateway")}
    os.kill(int(before.partition(":")[0]), signal.SIGKILL)
    wait_for(lambda: supervisor_of(running.folder) not in {None, before})
    wait_for(running.is_ready)
    assert {name: running.pid(name) for name in ("stable", "gateway")} == served_by
    os.kill(served_by["stable"], signal.SIGKILL)
    assert running.ask().status_code == 200


def test_stopped_it_lets_go_of_everything(running: Local) -> None:
    told = [each.process for each in seen(running.deployment)]
    wanted = running.wanted
    WANTED.change(
        running.deployment, seen=wanted.revision, change=lambda old: old.model_copy(update={"running": False})
    )
    wait_for(lambda: seen(running.deployment) == [] and not any(map(is_alive, told)))
    with pytest.raises(httpx2.ConnectError):
        running.ask()


def test_a_port_that_somebody_has_is_told(local: Local, project: Project) -> None:
    wanted = local.wanted
    with subprocess.Popen([sys.executable, "-m", "http.server", str(wanted.port)], stderr=subprocess.DEVNULL) as other:
        try:
            wait_for(lambda: httpx2.get(wanted.url).status_code == 200)
            start_supervisor(local.folder, serve_command(project.root))
            wait_for(lambda: local.seen("gateway").state == "blocked")
            assert f"port {wanted.port} cannot be had" in local.seen("gateway").note
        finally:
            other.kill()
    wait_for(local.is_ready, seconds=60)


def test_what_cannot_serve_says_why_and_is_tried_ever_more_rarely(
    local: Local, project: Project, tmp_path: Path
) -> None:
    def spoil(wanted: Wanted) -> Wanted:
        broken = wanted.servers[0].model_copy(update={"folder": tmp_path / "nothing"})
        return wanted.model_copy(update={"servers": (broken,)})

    WANTED.change(local.deployment, seen=1, change=spoil)
    start_supervisor(local.folder, serve_command(project.root))
    wait_for(lambda: local.seen("stable").restarts >= 1, seconds=60)
    assert "exit 2" in local.seen("stable").note
    assert "nothing" in local.seen("stable").note


def test_only_one_supervisor_keeps_a_project(running: Local, project: Project) -> None:
    command = serve_command(project.root)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "another ax serve" in done.stderr


def test_what_was_answered_and_what_became_true_is_kept(running: Local, project: Project) -> None:
    request = running.ask().headers["x-request-id"]
    told = httpx2.post(f"{running.wanted.url}/outcomes", json={"request": request, "row": 0, "outcome": "Yes"})
    assert (told.status_code, told.json()) == (200, {"taken": 1})
    wrong = httpx2.post(f"{running.wanted.url}/outcomes", json={"request": request})
    assert (wrong.status_code, "outcome" in wrong.json()["message"]) == (400, True)
    stop_supervisor(running.folder)
    log = predictions_log(project, running.name).segments
    lines = [json.loads(line) for each in log.glob("*.jsonl") for line in each.read_text().splitlines()]
    assert [(each["request"], each["row"], each["status"]) for each in lines] == [
        (request, row, 200) for row in range(3)
    ]
    assert lines[0]["columns"] == ROWS[0]
    assert [each["prediction"] for each in lines] == ["Yes" if each["probability"] >= 0.4 else "No" for each in lines]
    outcomes = outcomes_log(project, "churn").segments
    (outcome,) = [json.loads(line) for each in outcomes.glob("*.jsonl") for line in each.read_text().splitlines()]
    assert (outcome["request"], outcome["outcome"]) == (request, "Yes")
