"""The effects on a deployment: once each however often they are cut short, taken back only when nobody moved since."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from axagents.effects import perform, undo
from axagents.effects.deployment import change_servers, route_traffic, start_deployment, stop_deployment
from axagents.effects.effect import Effect
from axagents.project import Project
from axagents.serving.local.wanted import WANTED, Server, Wanted
from axagents.serving.revisioned import Moved
from axagents.serving.routing import ROUTINGS, SLOTS, Routing, Variant
from axagents.stores.journal import Journal
from axagents.stores.runs import Runs
from tests.forking import in_a_child

NAME = "churn-prod"
DOOR = [f"effects.{point}" for point in ("planned", "started", "probed", "acted", "done")]
Make = Callable[[Project], Effect]


def server(version: str, port: int) -> Server:
    folder = Path("/nowhere")
    return Server(name=version, model="churn", version=version, sha256="a" * 64, folder=folder, port=port)


OLD, NEW = server("2.0.0", 40001), server("2.1.0", 40002)
WANTS = Wanted(deployment=NAME, port=40000, servers=(OLD,))


def routing(revision: int, **slots: tuple[int, int]) -> Routing:
    servers = {"old": OLD, "new": NEW}
    variants = tuple(
        Variant(
            name=servers[each].name,
            role="stable" if each == "old" else "canary",
            model="churn",
            version=servers[each].version,
            sha256=servers[each].sha256,
            address=servers[each].address,
            slots=dealt,
        )
        for each, dealt in slots.items()
    )
    return Routing(deployment=NAME, salt="some salt", revision=revision, variants=variants)


ALL_OLD, TENTH_NEW = routing(1, old=(0, SLOTS)), routing(2, new=(0, SLOTS // 10), old=(SLOTS // 10, SLOTS))


def start(project: Project) -> Effect:
    return start_deployment(project, {"deployment": NAME, "wanted": WANTS.model_dump(mode="json")})


def serve(project: Project) -> Effect:
    servers = [each.model_dump(mode="json") for each in (OLD, NEW)]
    return change_servers(project, {"deployment": NAME, "seen": 1, "servers": servers})


def stop(project: Project) -> Effect:
    return stop_deployment(project, {"deployment": NAME, "seen": 1})


def route(project: Project, wanted: Routing = TENTH_NEW) -> Effect:
    told = wanted.model_dump(mode="json")
    return route_traffic(project, {"deployment": NAME, "seen": wanted.revision - 1, "routing": told})


def place(project: Project) -> Path:
    return project.deployments_path / NAME


def begin(project: Project) -> str:
    return Runs(project).start("command", "a test", {})


def newest(project: Project) -> str:
    return Runs(project).newest()[0].run_id


def killed_and_again(project: Project, make: Make, point: str) -> None:
    # All in children: a database that is open here must not be carried over a fork.
    assert in_a_child(lambda: begin(project)) == 0

    def act() -> None:
        perform(project, make(project), run_id=newest(project), step="s")

    assert in_a_child(act, fault=f"{point}:1:kill") == -9
    assert in_a_child(act) == 0


def states(project: Project) -> tuple[Any, Any]:
    return WANTED.read(place(project)), ROUTINGS.read(place(project))


@pytest.fixture
def deployed(project: Project) -> Project:
    """A deployment on disk, which nobody keeps running."""
    WANTED.write_first(place(project), WANTS)
    ROUTINGS.write_first(place(project), ALL_OLD)
    return project


@pytest.mark.parametrize(
    ("make", "point"),
    [
        (serve, "deployment.serve.written"),
        (stop, "deployment.stop.written"),
        (route, "deployment.route.written"),
        *((route, point) for point in DOOR),
    ],
)
def test_killed_at_any_point_and_performed_again_it_happens_once(deployed: Project, make: Make, point: str) -> None:
    killed_and_again(deployed, make, point)
    revisions = [each.revision for each in states(deployed)]
    assert sorted(revisions) == [1, 2]
    (entry,) = Journal(deployed).of_run(newest(deployed))
    assert (entry.status, entry.before["revision"], entry.after["revision"]) == ("done", 1, 2)


def test_a_start_cut_short_goes_on_and_undone_it_is_stopped(project: Project) -> None:
    killed_and_again(project, start, "deployment.start.written")
    run_id = newest(project)
    done = perform(project, start(project), run_id=run_id, step="s")
    assert (done.repeated, WANTED.read(place(project))) == (True, WANTS)
    undo(project, done.key, run_id=run_id)
    assert WANTED.read(place(project)) == WANTS.model_copy(update={"running": False, "revision": 2})


def test_shares_are_put_back_while_nobody_moved_since(deployed: Project) -> None:
    serving = perform(deployed, serve(deployed), run_id=begin(deployed), step="s")
    run_id = begin(deployed)
    done = perform(deployed, route(deployed), run_id=run_id, step="s")
    undo(deployed, done.key, run_id=run_id)
    assert ROUTINGS.read(place(deployed)) == ALL_OLD.model_copy(update={"revision": 3})
    assert serving.after["servers"][1]["version"] == "2.1.0"


def test_shares_that_were_moved_since_stay(deployed: Project) -> None:
    run_id = begin(deployed)
    done = perform(deployed, route(deployed), run_id=run_id, step="s")
    moved = ROUTINGS.change(place(deployed), seen=2, change=lambda old: old.model_copy(update={"salt": "another one"}))
    with pytest.raises(Moved, match="at revision 3 by now, not at 2"):
        undo(deployed, done.key, run_id=run_id)
    assert ROUTINGS.read(place(deployed)) == moved


def test_shares_of_a_server_that_is_gone_are_not_put_back(deployed: Project) -> None:
    run_id = begin(deployed)
    done = perform(deployed, route(deployed), run_id=run_id, step="s")
    WANTED.change(place(deployed), seen=1, change=lambda old: old.model_copy(update={"servers": (NEW,)}))
    with pytest.raises(Moved, match="no longer runs"):
        undo(deployed, done.key, run_id=run_id)
    assert ROUTINGS.read(place(deployed)) == TENTH_NEW


def test_the_first_routing_is_taken_away_again(project: Project) -> None:
    run_id = begin(project)
    perform(project, start(project), run_id=run_id, step="s")
    done = perform(project, route(project, ALL_OLD), run_id=run_id, step="s")
    undo(project, done.key, run_id=run_id)
    assert states(project) == (WANTS, None)


def test_stopped_and_undone_it_runs_again_and_servers_are_put_back(deployed: Project) -> None:
    run_id = begin(deployed)
    done = perform(deployed, stop(deployed), run_id=run_id, step="s")
    undo(deployed, done.key, run_id=run_id)
    assert WANTED.read(place(deployed)) == WANTS.model_copy(update={"revision": 3})


def test_who_comes_too_late_changes_nothing(deployed: Project) -> None:
    perform(deployed, stop(deployed), run_id=begin(deployed), step="s")
    with pytest.raises(Moved, match="processes of churn-prod is at revision 2 by now, not at 1"):
        perform(deployed, serve(deployed), run_id=begin(deployed), step="s")
    assert WANTED.read(place(deployed)) == WANTS.model_copy(update={"running": False, "revision": 2})
