"""Killed at any point and resumed, the registry's effects happen once: one version, one event, nothing lost."""

from pathlib import Path
from typing import Any

import pytest

from axagents.actor import actor
from axagents.effects import perform, undo
from axagents.effects.registry import change_stage, register_version
from axagents.errors import Failed, UserError
from axagents.project import Project
from axagents.stores.journal import Journal
from axagents.stores.models.digest import digest
from axagents.stores.registry.catalog import published
from axagents.stores.registry.events import Changed, EventLog
from axagents.stores.registry.state import read_model
from axagents.stores.registry.stored import stored_folder, stored_versions
from axagents.stores.registry.versions import list_versions
from axagents.stores.runs import Runs
from axagents.stores.tracking.client import mlflow_client
from tests.forking import in_a_child, told_by_a_child

DOOR = [f"effects.{point}:1" for point in ("planned", "started", "probed", "acted", "done")]
REGISTERING = [f"registry.register.{point}:1" for point in ("opened", "copied", "named", "stored", "logged")]
# One version replaces another in production: two tags, and the aliases production and staging.
MIRRORING = [f"registry.mirrored:{number}" for number in (1, 2, 3, 4)]


def make_folder(project: Project, content: str = "weights") -> Path:
    """A folder as good as a model's, since registering does not load it."""
    folder = project.root / "models" / content
    (folder / "data").mkdir(parents=True)
    (folder / "MLmodel").write_text("flavors: {}\n")
    (folder / "data" / "model.ubj").write_text(content)
    return folder


def registration(project: Project, version: str = "1.0.0", content: str = "weights") -> dict[str, Any]:
    folder = project.root / "models" / content
    return {
        "model": "churn",
        "version": version,
        "sha256": digest(folder),
        "folder": str(folder.relative_to(project.root)),
        "who": "somebody",
        "why": "a test",
        "run_id": None,
        "description": "",
        "tags": {},
        "metadata": {"framework": "xgboost"},
    }


def register(project: Project, version: str = "1.0.0", content: str = "weights") -> None:
    Runs(project).start("workflow", "ml-model-registry", {}, run_id="r" + version)
    again_register(project, version, content)


def again_register(project: Project, version: str = "1.0.0", content: str = "weights") -> None:
    effect = register_version(project, registration(project, version, content))
    perform(project, effect, run_id="r" + version, step="register")


def stage(project: Project, version: str, to: str, *, revision: int | None = None) -> None:
    seen = read_model(project, "churn").revision if revision is None else revision
    arguments = {"model": "churn", "version": version, "stage": to, "revision": seen, "who": "me", "why": "test"}
    perform(project, change_stage(project, arguments), run_id=f"s{version}{to}{seen}", step="command")


def world(project: Project) -> dict[str, Any]:
    """What MLflow, the event log and the journal hold."""
    client = mlflow_client(project)
    stored = stored_versions(project, "churn")
    return {
        "versions": [(each.version, each.stage, list(each.aliases)) for each in stored],
        "copies": len(client.search_logged_models(["0"])),
        "same": [digest(stored_folder(project, each)) == each.sha256 for each in stored],
        "events": [(each.what, each.version, each.before, each.after) for each in EventLog(project).read()],
        "broken": EventLog(project).first_broken() is not None,
        "open": [each.effect for each in Journal(project).unfinished()],
        "standings": [each.standing for each in list_versions(project, "churn")],
        "told": published(project, read_model(project, "churn")),
    }


@pytest.mark.parametrize("point", [*DOOR, *REGISTERING, MIRRORING[0], "registry.spread:1"])
def test_a_registration_killed_anywhere_and_resumed_is_one_version_and_one_event(
    tracked: Project, tmp_path: Path, point: str
) -> None:
    make_folder(tracked)
    assert in_a_child(lambda: register(tracked), fault=f"{point}:kill") == -9
    assert in_a_child(lambda: again_register(tracked)) == 0
    assert told_by_a_child(lambda: world(tracked), tmp_path / "world") == {
        "versions": [["1.0.0", "staged", ["staging"]]],
        "copies": 1,
        "same": [True],
        "events": [["registered", "1.0.0", None, "staged"]],
        "broken": False,
        "open": [],
        "standings": ["ok"],
        "told": True,
    }


def two_versions(project: Project) -> None:
    """1.0.0 in production, 2.0.0 staged."""
    make_folder(project)
    make_folder(project, "better weights")
    register(project)
    register(project, "2.0.0", "better weights")
    stage(project, "1.0.0", "production")


@pytest.mark.parametrize("point", [*DOOR, "registry.stage.logged:1", *MIRRORING, "registry.spread:1"])
def test_a_stage_change_killed_anywhere_and_resumed_happens_once(tracked: Project, tmp_path: Path, point: str) -> None:
    assert in_a_child(lambda: two_versions(tracked)) == 0
    revision = 3
    assert in_a_child(lambda: stage(tracked, "2.0.0", "production", revision=revision), fault=f"{point}:kill") == -9
    assert in_a_child(lambda: stage(tracked, "2.0.0", "production", revision=revision)) == 0
    found = told_by_a_child(lambda: world(tracked), tmp_path / "world")
    assert found["versions"] == [["1.0.0", "archived", []], ["2.0.0", "production", ["production"]]]
    assert found["events"][3:] == [
        ["stage", "1.0.0", "production", "archived"],
        ["stage", "2.0.0", "staged", "production"],
    ]
    assert (found["broken"], found["open"], found["standings"]) == (False, [], ["ok", "ok"])
    assert found["told"]


def test_what_is_half_registered_shows_as_pending_with_the_way_on(tracked: Project) -> None:
    make_folder(tracked)
    assert in_a_child(lambda: register(tracked), fault="registry.register.stored:1:kill") == -9
    (view,) = list_versions(tracked, "churn")
    assert (view.version, view.stage, view.standing) == ("1.0.0", "pending", "pending")
    assert view.note == "registration not finished: ax runs resume r1.0.0"


def test_the_same_version_with_other_content_is_refused_and_nothing_written(tracked: Project) -> None:
    make_folder(tracked)
    make_folder(tracked, "others")
    register(tracked)
    with pytest.raises(UserError, match=r"churn:1\.0\.0 exists already with other content"):
        perform(tracked, register_version(tracked, registration(tracked, "1.0.0", "others")), run_id="x", step="y")
    assert len(EventLog(tracked).read()) == len(stored_versions(tracked, "churn")) == 1


def test_the_same_version_with_the_same_content_is_a_repetition(tracked: Project) -> None:
    make_folder(tracked)
    register(tracked)
    performed = perform(tracked, register_version(tracked, registration(tracked)), run_id="later", step="register")
    assert performed.repeated
    assert len(EventLog(tracked).read()) == len(stored_versions(tracked, "churn")) == 1


def test_a_folder_that_changed_since_it_was_looked_at_is_not_registered(tracked: Project) -> None:
    folder = make_folder(tracked)
    arguments = registration(tracked)
    (folder / "data" / "model.ubj").write_text("other weights")
    with pytest.raises(Failed, match="changed or went away"):
        perform(tracked, register_version(tracked, arguments), run_id="x", step="y")
    assert (EventLog(tracked).read(), stored_versions(tracked, "churn")) == ([], [])


def test_a_stage_change_on_an_old_revision_is_refused(tracked: Project) -> None:
    two_versions(tracked)
    with pytest.raises(Changed, match=r"1\.0\.0 staged -> production, by me; nothing was changed"):
        stage(tracked, "2.0.0", "production", revision=2)
    production = read_model(tracked, "churn").production
    assert production is not None
    assert production.version == "1.0.0"


def test_a_stage_change_is_undone(tracked: Project) -> None:
    two_versions(tracked)
    stage(tracked, "2.0.0", "production")
    (entry,) = Journal(tracked).of_run("s2.0.0production3")
    undo(tracked, entry.key, run_id="s2.0.0production3")
    assert [(each.version, each.stage, each.aliases) for each in stored_versions(tracked, "churn")] == [
        ("1.0.0", "production", ("production",)),
        ("2.0.0", "staged", ("staging",)),
    ]
    assert EventLog(tracked).first_broken() is None
    with pytest.raises(Failed, match="taken back since"):
        stage(tracked, "2.0.0", "production", revision=3)
    last = EventLog(tracked).read()[-1]
    assert (last.version, last.who, last.why) == ("1.0.0", actor(), "undone: test")


@pytest.mark.parametrize("point", ["registry.spread:1", "effects.undone:1"])
def test_an_undoing_that_was_killed_goes_on(tracked: Project, tmp_path: Path, point: str) -> None:
    def take_back() -> None:
        (entry,) = Journal(tracked).of_run("s2.0.0production3")
        undo(tracked, entry.key, run_id="s2.0.0production3")

    assert in_a_child(lambda: (two_versions(tracked), stage(tracked, "2.0.0", "production"))) == 0
    assert in_a_child(take_back, fault=f"{point}:kill") == -9
    assert in_a_child(take_back) == 0
    found = told_by_a_child(lambda: world(tracked), tmp_path / "world")
    assert found["versions"] == [["1.0.0", "production", ["production"]], ["2.0.0", "staged", ["staging"]]]
    assert found["events"][5:] == [
        ["stage", "2.0.0", "production", "staged"],
        ["stage", "1.0.0", "archived", "production"],
    ]


def test_a_stage_change_is_not_undone_over_a_later_one(tracked: Project) -> None:
    two_versions(tracked)
    stage(tracked, "2.0.0", "production")
    stage(tracked, "1.0.0", "canary")
    (entry,) = Journal(tracked).of_run("s2.0.0production3")
    with pytest.raises(Changed, match=r"1\.0\.0 archived -> canary, by me; nothing was changed"):
        undo(tracked, entry.key, run_id="s2.0.0production3")
    assert [each.stage for each in read_model(tracked, "churn").versions] == ["production", "canary"]
    assert Journal(tracked).of_run("s2.0.0production3")[0].status == "done"


def test_the_revision_that_a_killed_change_left_is_its_own(tracked: Project) -> None:
    """Somebody changes the model between the kill and the resumption: what they did is not undone with it."""

    def change() -> None:
        stage(tracked, "2.0.0", "production", revision=3)

    assert in_a_child(lambda: two_versions(tracked)) == 0
    assert in_a_child(change, fault="effects.acted:1:kill") == -9
    assert in_a_child(lambda: stage(tracked, "1.0.0", "canary")) == 0
    assert in_a_child(change) == 0
    (entry,) = Journal(tracked).of_run("s2.0.0production3")
    with pytest.raises(Changed, match=r"1\.0\.0 archived -> canary"):
        undo(tracked, entry.key, run_id="s2.0.0production3")


def test_a_registration_is_undone(tracked: Project) -> None:
    make_folder(tracked)
    register(tracked)
    (entry,) = Journal(tracked).of_run("r1.0.0")
    undo(tracked, entry.key, run_id="r1.0.0")
    assert (read_model(tracked, "churn").versions, stored_versions(tracked, "churn")) == ((), [])
    assert [each.what for each in EventLog(tracked).read()] == ["registered", "withdrawn"]
    again = register_version(tracked, registration(tracked))
    assert not perform(tracked, again, run_id="another", step="register").repeated
