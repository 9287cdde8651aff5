"""Records leave as JSON lines and come back whole, or not at all."""

import json
from pathlib import Path
from typing import Any

import pytest

from axagents.clock import stamp, utc_now
from axagents.errors import UserError
from axagents.project import Project, create_project
from axagents.stores.memory.memory import Memory
from axagents.stores.memory.stats import measure
from axagents.stores.memory.transfer import export_lines, import_bundle, keep_text, read_bundle, write_lines


@pytest.fixture
def memory(project: Project) -> Memory:
    return Memory(project)


def bundle_of(memory: Memory, tmp_path: Path, *lines: Any, namespace: str | None = None) -> Any:
    path = tmp_path / "records.jsonl"
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return read_bundle(memory, path, namespace=namespace)


def test_what_is_exported_is_imported_elsewhere_as_it_was(memory: Memory, tmp_path: Path) -> None:
    memory.store("b", {"z": 1, "a": "\u2028 ü \n", "n": [1.5, None, True]}, namespace="notes")
    memory.store("a", {"v": 1}, namespace="notes", ttl=3600)
    memory.store("x", {"v": 1}, namespace="retros")
    memory.store("gone", {"v": 1}, namespace="notes")
    memory.records.bury("notes", "gone", version=1)
    write_lines(tmp_path / "out.jsonl", list(export_lines(memory)))
    other = Memory(create_project(tmp_path / "other"))
    import_bundle(other, read_bundle(other, tmp_path / "out.jsonl"), "i1")
    assert other.list("notes").keys == ("a", "b")
    for key, name in (("a", "notes"), ("b", "notes"), ("x", "retros")):
        was, now = memory.retrieve(key, namespace=name), other.retrieve(key, namespace=name)
        assert was is not None
        assert now is not None
        assert (now.value, now.expires_at) == (was.value, was.expires_at)


def test_export_of_one_namespace_and_prefix(memory: Memory) -> None:
    for key in ("a/1", "a/2", "b"):
        memory.store(key, {"v": 1}, namespace="ml-features")
    lines = export_lines(memory, "ml-feature-store", prefix="a/")
    assert [json.loads(line)["key"] for line in lines] == ["a/1", "a/2"]


def test_records_with_the_same_value_stay_as_they_are(memory: Memory, tmp_path: Path) -> None:
    memory.store("k", {"a": 1, "b": 2}, namespace="notes")
    bundle = bundle_of(memory, tmp_path, {"namespace": "notes", "key": "k", "value": {"b": 2, "a": 1}})
    done = import_bundle(memory, bundle, "i1")
    assert (done.stored, done.unchanged) == (0, 1)
    assert len(memory.history("k", namespace="notes")) == 1


def test_expired_lines_are_left_out_and_retention_still_holds(memory: Memory, tmp_path: Path) -> None:
    past, far = "2020-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z"
    bundle = bundle_of(
        memory,
        tmp_path,
        {"namespace": "ml-alerts", "key": "old", "value": {}, "expires_at": past},
        {"namespace": "ml-alerts", "key": "new", "value": {}, "expires_at": far},
    )
    assert bundle.expired == 1
    (change,) = bundle.changes
    assert stamp(utc_now()) < change.expires_at < far


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "line 2"),
        ("[1]", "line 2 must be a JSON object"),
        ({"key": "k", "value": {}}, "line 2: namespace: is required"),
        ({"namespace": "notes", "value": {}}, "line 2: key: is required"),
        ({"namespace": "notes", "key": "k"}, "line 2: value: is required"),
        ({"namespace": "notes", "key": "k", "value": 3}, "line 2: value"),
        ({"namespace": "notes", "key": "...", "value": {}}, "line 2: key: is still the placeholder"),
        ({"namespace": "notes", "key": "k", "valeu": {}, "value": {}}, "line 2: valeu: there is no such field"),
        ({"namespace": "ml-features", "key": "k", "value": {"features": 1}}, r"line 2: value.features: must be list"),
    ],
)
def test_the_first_bad_line_is_named_and_nothing_written(
    memory: Memory, tmp_path: Path, line: object, told: str
) -> None:
    with pytest.raises(UserError, match=told):
        bundle_of(memory, tmp_path, {"namespace": "notes", "key": "good", "value": {}}, line)
    assert memory.list("notes").total == 0


@pytest.mark.parametrize(("content", "told"), [(b"", "holds no record"), (b"\xff", "not UTF-8"), (None, "cannot read")])
def test_files_that_cannot_be_imported(memory: Memory, tmp_path: Path, content: bytes | None, told: str) -> None:
    path = tmp_path / "x.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=told):
        read_bundle(memory, path)


def test_piped_text_is_kept_as_it_is(memory: Memory) -> None:
    text = '{"namespace": "notes", "key": "k", "value": {"text": "\u2028"}}\n'
    assert keep_text(memory.project, "i1", text).read_text() == text


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot write"):
        write_lines(tmp_path / "no" / "such" / "folder.jsonl", ["x"])
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match="cannot write"):
        write_lines(tmp_path / "folder", ["x"])
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_stats_count_what_there_is(memory: Memory) -> None:
    memory.store("a", {"text": "x"}, namespace="notes")
    memory.store("a", {"text": "yy"}, namespace="notes")
    memory.store("b", {"text": "z"}, namespace="notes")
    memory.records.bury("notes", "b", version=1)
    found = {each.namespace: each for each in measure(memory).namespaces}
    notes = found["notes"]
    assert (notes.records, notes.versions, notes.deleted, notes.unindexed) == (1, 4, 1, 2)
    assert notes.bytes == len('{"text":"x"}') + len('{"text":"yy"}') + len('{"text":"z"}')
    assert found["ml-alerts"].records == 0
    memory.search("x", namespace="notes")
    after = measure(memory)
    assert {each.namespace: each.unindexed for each in after.namespaces}["notes"] == 0
    assert after.vectors == 1
