"""Records as people use them: versions, merge, time to live, names of namespaces, limits."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from axagents import clock
from axagents.errors import NotFound, UserError
from axagents.project import Project
from axagents.stores.memory.memory import Memory
from axagents.stores.memory.values import MOST_VALUE_BYTES


@pytest.fixture
def memory(project: Project) -> Memory:
    return Memory(project)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[timedelta]]:
    """A clock that a test sets forward by adding to the list."""
    ahead: list[timedelta] = []
    monkeypatch.setattr(clock, "utc_now", lambda: datetime.now(UTC) + sum(ahead, timedelta()))
    monkeypatch.setattr("axagents.stores.memory.memory.utc_now", clock.utc_now)
    return ahead


def test_store_then_retrieve(memory: Memory) -> None:
    stored = memory.store("features/churn_v2", {"features": ["recency"], "version": "2.0.0"}, namespace="ml-features")
    found = memory.retrieve("features/churn_v2", namespace="ml-features")
    assert found == stored
    assert found is not None
    assert (found.version, found.value) == (1, {"features": ["recency"], "version": "2.0.0"})


def test_every_version_is_kept(memory: Memory) -> None:
    for number in range(3):
        memory.store("k", {"n": number}, namespace="notes")
    assert [(each.version, each.value) for each in memory.history("k", namespace="notes")] == [
        (1, {"n": 0}),
        (2, {"n": 1}),
        (3, {"n": 2}),
    ]


def test_merge_is_shallow(memory: Memory) -> None:
    memory.store("k", {"a": {"x": 1}, "b": 1}, namespace="notes")
    merged = memory.store("k", {"a": {"y": 2}, "c": 3}, namespace="notes", merge=True)
    assert merged.value == {"a": {"y": 2}, "b": 1, "c": 3}


def test_merge_onto_nothing_stores(memory: Memory) -> None:
    assert memory.store("k", {"a": 1}, namespace="notes", merge=True).value == {"a": 1}


def test_merge_keeps_the_time_to_live(memory: Memory, later: list[timedelta]) -> None:
    memory.store("k", {"a": 1}, namespace="notes", ttl=60)
    memory.store("k", {"b": 1}, namespace="notes", merge=True)
    later.append(timedelta(seconds=61))
    assert memory.retrieve("k", namespace="notes") is None


def test_merged_value_must_fit_too(memory: Memory) -> None:
    half = "x" * (MOST_VALUE_BYTES // 2)
    memory.store("k", {"a": half}, namespace="notes")
    with pytest.raises(UserError, match="at most 1 MB"):
        memory.store("k", {"b": half}, namespace="notes", merge=True)
    assert [each.version for each in memory.history("k", namespace="notes")] == [1]


def test_time_to_live_ends(memory: Memory, later: list[timedelta]) -> None:
    memory.store("k", {"a": 1}, namespace="notes", ttl=60)
    assert memory.retrieve("k", namespace="notes") is not None
    later.append(timedelta(seconds=61))
    assert memory.retrieve("k", namespace="notes") is None
    assert memory.list("notes").total == 0
    assert len(memory.history("k", namespace="notes")) == 1


def test_retention_of_the_namespace_ends_a_record(memory: Memory, later: list[timedelta]) -> None:
    memory.store("drift", {"kind": "drift"}, namespace="ml-alerts")
    memory.store("long", {"kind": "drift"}, namespace="ml-alerts", ttl=365 * 86_400)
    later.append(timedelta(days=29))
    assert memory.retrieve("drift", namespace="ml-alerts") is not None
    later.append(timedelta(days=2))
    assert memory.retrieve("drift", namespace="ml-alerts") is None
    assert memory.retrieve("long", namespace="ml-alerts") is None


def test_list_by_prefix(memory: Memory) -> None:
    for key in ("b/2", "a/1", "b/1", "b", "ü/1"):
        memory.store(key, {"v": 1}, namespace="notes")
    assert memory.list("notes").keys == ("a/1", "b", "b/1", "b/2", "ü/1")
    page = memory.list("notes", prefix="b/", limit=1)
    assert (page.keys, page.total) == (("b/1",), 2)


def test_alias_means_its_namespace(memory: Memory) -> None:
    assert memory.store("k", {"version": "1"}, namespace="ml-feature-store").namespace == "ml-features"
    assert memory.retrieve("k", namespace="ml-features") == memory.retrieve("k", namespace="ml-feature-store")
    assert memory.list("ml-feature-store").namespace == "ml-features"


def test_undeclared_namespace_is_allowed_once_it_holds_a_record(memory: Memory) -> None:
    with pytest.raises(NotFound, match="no namespace called 'retros'"):
        memory.retrieve("k", namespace="retros")
    memory.store("k", {"v": 1}, namespace="retros")
    assert memory.retrieve("k", namespace="retros") is not None
    assert memory.retrieve("other", namespace="retros") is None


def test_unknown_namespace_names_the_nearest(memory: Memory) -> None:
    with pytest.raises(NotFound, match="did you mean ml-model-registry"):
        memory.retrieve("k", namespace="ml-model-regisry")
    with pytest.raises(NotFound, match="did you mean notes"):
        memory.list("note")


@pytest.mark.parametrize("key", ["", "  ", "...", "x" * 501, "a\nb", "a\0b"])
def test_illegal_keys(memory: Memory, key: str) -> None:
    with pytest.raises(UserError) as told:
        memory.store(key, {"v": 1}, namespace="notes")
    assert told.value.field == "key"


@pytest.mark.parametrize("namespace", ["", "...", "a b", "-x", "x" * 101, "../x"])
def test_illegal_namespaces(memory: Memory, namespace: str) -> None:
    with pytest.raises(UserError) as told:
        memory.store("k", {"v": 1}, namespace=namespace)
    assert told.value.field == "namespace"


@pytest.mark.parametrize("ttl", [0, -1, float("nan"), float("inf")])
def test_illegal_ttl(memory: Memory, ttl: float) -> None:
    with pytest.raises(UserError, match="ttl"):
        memory.store("k", {"v": 1}, namespace="notes", ttl=ttl)


@pytest.mark.parametrize(
    "value", [[1], "text", 3, {"a": float("nan")}, {"a": {1, 2}}, {"a": "\ud800"}, {"a": "x" * MOST_VALUE_BYTES}]
)
def test_illegal_values(memory: Memory, value: object) -> None:
    with pytest.raises(UserError, match="value"):
        memory.store("k", value, namespace="notes")  # pyright: ignore[reportArgumentType]
    assert memory.retrieve("k", namespace="notes") is None


def test_keys_of_500_characters_and_values_of_1_mb_are_legal(memory: Memory) -> None:
    largest = {"a": "x" * (MOST_VALUE_BYTES - len('{"a":""}'))}
    memory.store("k" * 500, largest, namespace="notes")
    found = memory.retrieve("k" * 500, namespace="notes")
    assert found is not None
    assert found.value == largest


def test_declared_schema_is_held_against_the_value(memory: Memory) -> None:
    with pytest.raises(UserError, match=r"value\.features: must be list in ml-features, not str"):
        memory.store("k", {"features": "recency"}, namespace="ml-features")
    memory.store("k", {"features": ["recency"]}, namespace="ml-features")
    with pytest.raises(UserError, match=r"value\.features"):
        memory.store("k", {"features": "recency"}, namespace="ml-features", merge=True)


def test_bury_leaves_a_tombstone_and_purge_leaves_nothing_before_it(memory: Memory) -> None:
    memory.store("k", {"v": 1}, namespace="notes")
    memory.records.bury("notes", "k", version=1)
    assert memory.retrieve("k", namespace="notes") is None
    assert [each.value for each in memory.history("k", namespace="notes")] == [{"v": 1}, None]
    assert memory.store("k", {"v": 2}, namespace="notes").version == 3
    memory.records.bury("notes", "k", version=3, purge=True)
    assert [(each.version, each.value) for each in memory.history("k", namespace="notes")] == [(4, None)]


def test_bury_only_the_version_that_was_seen(memory: Memory) -> None:
    memory.store("k", {"v": 1}, namespace="notes")
    memory.store("k", {"v": 2}, namespace="notes")
    with pytest.raises(NotFound, match="version 1"):
        memory.records.bury("notes", "k", version=1)
    assert memory.retrieve("k", namespace="notes") is not None


def test_a_second_process_sees_what_was_stored(memory: Memory, project: Project) -> None:
    memory.store("k", {"v": 1}, namespace="notes")
    other = sqlite3.connect(project.database_path)
    assert other.execute("SELECT count(*) FROM memory_versions").fetchone() == (1,)
    other.close()
