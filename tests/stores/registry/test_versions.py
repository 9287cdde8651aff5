"""What readers see, at any time, and how what fell apart is mended."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from axagents.effects import perform
from axagents.effects.registry import reconcile_model
from axagents.errors import NotFound, Refused
from axagents.project import Project
from axagents.stores.memory.memory import Memory
from axagents.stores.registry.events import EventLog
from axagents.stores.registry.reconciling import find_divergences
from axagents.stores.registry.showing import show_models, show_version, show_versions
from axagents.stores.registry.state import read_model, read_models
from axagents.stores.registry.stored import find_stored, remove_stored, stored_folder, stored_versions
from axagents.stores.registry.versions import list_versions
from axagents.stores.runs import Runs
from axagents.stores.tracking.client import mlflow_client
from tests.effects.test_registry import make_folder as make_plain_folder
from tests.effects.test_registry import register as register_plain
from tests.forking import in_a_child


def mend(project: Project) -> None:
    perform(project, reconcile_model(project, {"model": "churn", "who": "me"}), run_id="mend", step="command")


def test_versions_come_highest_first_with_their_stages(registry: Project) -> None:
    found = show_versions(registry, "churn").versions
    assert [(each.version, each.stage, each.standing) for each in found] == [
        ("3.0.0-rc.1", "staged", "ok"),
        ("2.1.0", "canary", "ok"),
        ("2.0.0", "production", "ok"),
        ("1.9.0", "archived", "ok"),
        ("1.0.0", "archived", "ok"),
    ]


def test_models_are_listed_with_what_is_in_production(registry: Project) -> None:
    found = show_models(registry).models
    assert [(each.model, each.production, each.newest, each.versions, each.standing) for each in found] == [
        ("churn", "2.0.0", "3.0.0-rc.1", 5, "ok"),
        ("fraud", None, "1.0.0", 1, "ok"),
    ]


def test_the_registry_is_shown_as_it_was_at_every_moment(registry: Project) -> None:
    events = EventLog(registry).read()
    for count, event in enumerate(events, start=1):
        at = datetime.fromisoformat(event.at)
        state = read_models(registry, at=at)["churn"]
        told = {each.version: each.stage for each in state.versions}
        expected: dict[str, str] = {}
        for each in events[:count]:
            if each.model == "churn":
                expected[each.version] = str(each.after)
        assert told == expected
    assert read_models(registry, at=datetime.now(UTC) - timedelta(days=1)) == {}


def test_never_two_in_production_at_any_event(registry: Project) -> None:
    for event in EventLog(registry).read():
        for state in read_models(registry, at=datetime.fromisoformat(event.at)).values():
            assert sum(each.stage == "production" for each in state.versions) <= 1


def test_a_version_made_by_another_tool_shows_as_foreign(registry: Project) -> None:
    client = mlflow_client(registry)
    client.create_model_version("churn", str(registry.root / "elsewhere"))
    client.create_registered_model("theirs")
    client.create_model_version("theirs", str(registry.root / "elsewhere"))
    last = show_versions(registry, "churn").versions[-1]
    assert (last.version, last.stage, last.standing) == ("mlflow-6", "foreign", "foreign")
    assert show_version(registry, "churn:mlflow-6").note == "made in MLflow by another tool"
    theirs = show_models(registry).models[-1]
    assert (theirs.model, theirs.production, theirs.versions, theirs.standing) == ("theirs", None, 1, "foreign")
    assert find_divergences(registry) == []


def test_a_stage_moved_behind_our_back_is_seen_and_mended(registry: Project) -> None:
    client = mlflow_client(registry)
    client.set_registered_model_alias("churn", "production", "1")
    client.set_model_version_tag("churn", "3", "axagents.stage", "archived")
    (torn, production) = (each for each in find_divergences(registry, "churn"))
    assert (torn.what, production.what) == (
        "stage of 2.0.0 is archived, not production",
        "alias production of 2.0.0 is 1, not 3",
    )
    view = next(each for each in list_versions(registry, "churn") if each.version == "2.0.0")
    assert (view.stage, view.standing) == ("production", "diverged")
    mend(registry)
    assert find_divergences(registry, "churn") == []
    stored = find_stored(registry, "churn", "2.0.0")
    assert stored is not None
    assert (stored.stage, stored.aliases) == ("production", ("production",))


def test_a_version_that_mlflow_lost_is_made_again_from_its_copy(registry: Project) -> None:
    sha256 = read_model(registry, "churn").versions[0].sha256
    client = mlflow_client(registry)
    stored = find_stored(registry, "churn", "3.0.0-rc.1")
    assert stored is not None
    client.delete_registered_model_alias("churn", "staging")
    client.delete_model_version("churn", stored.number)
    found = find_divergences(registry, "churn")
    assert found[0].mending == "restore"
    mend(registry)
    again = find_stored(registry, "churn", "3.0.0-rc.1")
    assert again is not None
    assert (again.sha256, again.aliases) == (sha256, ("staging",))
    assert stored_folder(registry, again).is_dir()
    assert find_divergences(registry, "churn") == []


def test_a_version_whose_artifacts_are_gone_too_is_left_to_a_person(registry: Project) -> None:
    remove_stored(registry, "churn", "1.0.0")
    assert [(each.version, each.mending) for each in find_divergences(registry, "churn")] == [("1.0.0", "none")]


def test_what_an_abandoned_registration_left_is_entered_in_the_log(tracked: Project) -> None:
    make_plain_folder(tracked)
    assert in_a_child(lambda: register_plain(tracked), fault="registry.register.stored:1:kill") == -9
    assert find_divergences(tracked) == []
    Runs(tracked).finish("r1.0.0", "abandoned")
    assert [(each.version, each.mending) for each in find_divergences(tracked)] == [("1.0.0", "adopt")]
    mend(tracked)
    (version,) = read_model(tracked, "churn").versions
    assert (version.version, version.stage, version.metadata) == ("1.0.0", "staged", {"framework": "xgboost"})
    assert find_divergences(tracked) == []
    assert len(EventLog(tracked).read()) == len(stored_versions(tracked, "churn")) == 1


def test_memory_that_was_changed_is_mended(registry: Project) -> None:
    memory = Memory(registry)
    memory.store("churn/versions/2.0.0", {"stage": "archived"}, namespace="ml-model-registry")
    (found,) = find_divergences(registry, "churn")
    assert found.what == "memory does not say what the event log says"
    mend(registry)
    record = memory.retrieve("churn/versions/2.0.0", namespace="ml-model-registry")
    assert record is not None
    assert record.value is not None
    assert record.value["stage"] == "production"


def test_memory_tells_every_version_and_the_index(registry: Project) -> None:
    memory = Memory(registry)
    keys = memory.list("ml-model-registry", prefix="churn/").keys
    assert set(keys) == {
        "churn/index",
        *(f"churn/versions/{each.version}" for each in read_model(registry, "churn").versions),
    }
    index = memory.retrieve("churn/index", namespace="ml-model-registry")
    assert index is not None
    assert index.value is not None
    assert (index.value["production"], index.value["newest"]) == ("2.0.0", "3.0.0-rc.1")


def test_artifacts_that_were_changed_are_refused(registry: Project) -> None:
    stored = find_stored(registry, "churn", "2.0.0")
    assert stored is not None
    (Path(stored.source) / "model.ubj").write_text("something else")
    with pytest.raises(Refused, match=r"churn:2\.0\.0 are not those that were registered"):
        stored_folder(registry, stored)
    shutil.rmtree(stored.source)
    with pytest.raises(Refused, match=r"churn:2\.0\.0 are gone"):
        stored_folder(registry, stored)


def test_a_model_nobody_knows_tells_the_nearest(registry: Project) -> None:
    with pytest.raises(NotFound, match="did you mean fraud"):
        show_versions(registry, "fruad")


def test_looking_at_an_empty_registry_makes_no_store(project: Project) -> None:
    assert show_models(project).models == []
    assert not project.mlflow_path.exists()
