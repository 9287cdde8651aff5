"""The vector index under what happens to it: other processes, kills, lost and damaged files, another embedder."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from axagents.fields import sha256_text
from axagents.project import Project, create_project, open_project
from axagents.stores.database import open_database
from axagents.stores.memory.embedders import NgramEmbedder
from axagents.stores.memory.marker import read_marker
from axagents.stores.memory.memory import Memory
from axagents.stores.memory.namespaces import declared_namespaces
from axagents.stores.memory.vectors import Reader, VectorIndex

RECORDS = 40


@pytest.fixture
def memory(project: Project) -> Memory:
    memory = Memory(project)
    for number in range(RECORDS):
        memory.store(f"k{number}", {"text": spelled(number)}, namespace="notes")
    return memory


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An indexed project of 1,100 records, so that Chroma has written its vectors out (it does so every 1,000)."""
    project = create_project(tmp_path_factory.mktemp("large"))
    memory = Memory(project)
    for number in range(1_100):
        memory.store(f"k{number}", {"text": spelled(number)}, namespace="notes")
    index = fresh_index(project)
    nearest(index, project, "x")
    index.close()
    open_database(project).close()
    assert list(project.chroma_path.glob("*/*/header.bin"))
    return project.root


def spelled(number: int) -> str:
    """Return words that no other number has."""
    letters = sha256_text(str(number)).translate(str.maketrans("0123456789", "ghijklmnop"))
    return f"{letters[:9]} {letters[9:18]} {letters[18:27]}"


def fresh_index(project: Project) -> VectorIndex:
    """An index as a new process has it."""
    return VectorIndex(project.chroma_path, open_database(project))


def nearest(index: VectorIndex, project: Project, text: str) -> list[int]:
    reader = Reader("notes", declared_namespaces(project).get("notes"), NgramEmbedder())
    return [record for record, _likeness in index.rank(reader, text, most=3)]


def missing(project: Project) -> list[str]:
    """Return the keys whose record is not the nearest vector to its own text, as a new process sees it."""
    with open_database(project).read() as connection:
        rows = connection.execute(
            "SELECT h.record, h.key, v.value FROM memory_heads h JOIN memory_versions v USING (change)"
            " WHERE h.namespace = 'notes'"
        ).fetchall()
    index = fresh_index(project)
    lost = [key for record, key, value in rows if record not in nearest(index, project, json.loads(value)["text"])]
    index.close()
    return lost


def in_process(project: Project, code: str, **env: str) -> subprocess.Popen[str]:
    whole = (
        "import sys, pathlib\n"
        "from axagents.project import open_project\n"
        "from axagents.stores.memory.memory import Memory\n"
        "memory = Memory(open_project(pathlib.Path(sys.argv[1])))\n" + code
    )
    return subprocess.Popen(
        [sys.executable, "-c", whole, str(project.root)],
        env={**os.environ, **env},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def end_of(process: subprocess.Popen[str]) -> int:
    process.communicate(timeout=100)
    return process.returncode


def test_every_record_is_found(memory: Memory, project: Project) -> None:
    assert missing(project) == []


def test_two_processes_that_store_and_search_at_once_lose_nothing(project: Project) -> None:
    code = """
for number in range(60):
    key = f'NAME{number}'
    memory.store(key, {'text': f'NAME{number:03d} parcel of NAME{number * 7:03d}'}, namespace='notes')
    if number % 4 == 0:
        found = [hit.key for hit in memory.search(f'NAME{number:03d} parcel', namespace='notes')]
        assert key in found, (number, found)
"""
    writers = [in_process(project, code.replace("NAME", name)) for name in "xy"]
    for writer in writers:
        _out, told = writer.communicate(timeout=100)
        assert writer.returncode == 0, told[-2000:]
    assert Memory(project).list("notes").total == 120
    assert missing(project) == []
    marker = read_marker(project.chroma_path)
    assert marker is not None
    assert marker.at("notes").count == 120


def test_an_open_index_sees_what_another_process_wrote(memory: Memory, project: Project) -> None:
    memory.search("widget", namespace="notes")
    other = in_process(
        project,
        "memory.store('new', {'text': 'qwerty uiop'}, namespace='notes'); memory.search('x', namespace='notes')",
    )
    assert other.wait(60) == 0
    assert memory.search("qwertz uiop", namespace="notes")[0].key == "new"
    memory.store("newer", {"text": "asdfgh jkl"}, namespace="notes")
    assert memory.search("asdfgj jkl", namespace="notes")[0].key == "newer"
    assert missing(project) == []


@pytest.mark.parametrize("point", ["memory.index.writing", "memory.index.written"])
def test_killed_while_indexing(memory: Memory, project: Project, point: str) -> None:
    code = "memory.search('x', namespace='notes')"
    assert end_of(in_process(project, code, AX_FAULT=f"{point}:1:kill")) == -signal.SIGKILL
    assert missing(project) == []
    memory.store("after", {"text": "after the kill"}, namespace="notes")
    assert end_of(in_process(project, code, AX_FAULT=f"{point}:1:kill")) == -signal.SIGKILL
    assert missing(project) == []


def test_killed_in_the_first_batch_of_a_namespace_the_others_stay(memory: Memory, project: Project) -> None:
    index = fresh_index(project)
    nearest(index, project, "x")
    index.close()
    before = read_marker(project.chroma_path)
    memory.store("a", {"v": 1}, namespace="retros")
    code = "memory.search('x', namespace='retros')"
    assert end_of(in_process(project, code, AX_FAULT="memory.index.written:1:kill")) == -signal.SIGKILL
    assert missing(project) == []
    after = read_marker(project.chroma_path)
    assert before is not None
    assert after is not None
    assert (after.folder, after.at("notes")) == (before.folder, before.at("notes"))
    assert [hit.key for hit in memory.search("a", namespace="retros")] == ["a"]


def test_index_ahead_of_the_records_is_made_anew(memory: Memory, project: Project) -> None:
    """As when the database alone is put back to what it was."""
    index = fresh_index(project)
    nearest(index, project, "x")
    index.close()
    marker = project.chroma_path / "axagents.json"
    kept = json.loads(marker.read_text())
    kept["spaces"]["notes"]["position"]["change"] += 7
    marker.write_text(json.dumps(kept))
    assert missing(project) == []
    made = read_marker(project.chroma_path)
    assert made is not None
    assert made.at("notes").position.change == RECORDS


def test_killed_again_while_looking_at_what_a_killed_writer_left(memory: Memory, project: Project) -> None:
    """A damaged index can take the process down that looks at it; the one after that makes it anew."""
    fresh = fresh_index(project)
    nearest(fresh, project, "x")
    fresh.close()
    marker = project.chroma_path / "axagents.json"
    kept = json.loads(marker.read_text())
    marker.write_text(json.dumps({**kept, "state": "suspect"}))
    header = next(project.chroma_path.glob("*/*/header.bin"), None)
    if header:
        header.write_bytes(b"rubbish")
    assert missing(project) == []


def remove_folder(folder: Path) -> None:
    shutil.rmtree(folder)


def remove_segments(folder: Path) -> None:
    for path in folder.glob("*/*/"):
        if path.is_dir():
            shutil.rmtree(path)


def cut_segments(folder: Path) -> None:
    for path in folder.glob("*/*/*.bin"):
        with path.open("r+b") as file:
            file.truncate(10)


def spoil_segments(folder: Path) -> None:
    for path in folder.glob("*/*/*.bin"):
        path.write_bytes(bytes(path.stat().st_size))


def database(folder: Path) -> Path:
    return next(folder.glob("*/chroma.sqlite3"))


def spoil_database(folder: Path) -> None:
    database(folder).write_bytes(b"rubbish" * 1000)


def cut_database(folder: Path) -> None:
    with database(folder).open("r+b") as file:
        file.truncate(5000)


def remove_database(folder: Path) -> None:
    database(folder).unlink()


def remove_marker(folder: Path) -> None:
    (folder / "axagents.json").unlink()


def spoil_marker(folder: Path) -> None:
    (folder / "axagents.json").write_text('{"format": 1, "spaces": 3')


@pytest.mark.parametrize(
    "damage",
    [
        remove_folder,
        remove_segments,
        cut_segments,
        spoil_segments,
        spoil_database,
        cut_database,
        remove_database,
        remove_marker,
        spoil_marker,
    ],
)
def test_damaged_index_is_made_anew(large: Path, tmp_path: Path, damage: Callable[[Path], None]) -> None:
    shutil.copytree(large, tmp_path / "copy")
    project = open_project(tmp_path / "copy")
    damage(project.chroma_path)
    index = fresh_index(project)
    with open_database(project).read() as connection:
        rows = connection.execute("SELECT record, key FROM memory_heads WHERE record % 40 = 0").fetchall()
    assert [key for record, key in rows if record not in nearest(index, project, spelled(int(key[1:])))] == []
    index.close()


def test_whole_copy_keeps_its_index(large: Path, tmp_path: Path) -> None:
    shutil.copytree(large, tmp_path / "copy")
    project = open_project(tmp_path / "copy")
    before = read_marker(project.chroma_path)
    index = fresh_index(project)
    nearest(index, project, "x")
    index.close()
    assert read_marker(project.chroma_path) == before


def test_damage_under_an_open_index_is_healed(memory: Memory, project: Project) -> None:
    assert memory.search(spelled(7), namespace="notes")[0].key == "k7"
    shutil.rmtree(project.chroma_path)
    memory.store("new", {"text": "qwerty uiop"}, namespace="notes")
    assert memory.search(spelled(7), namespace="notes")[0].key == "k7"
    assert memory.search("qwerty", namespace="notes")[0].key == "new"
    assert missing(project) == []


def test_index_of_another_embedder_is_made_anew(
    memory: Memory, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = fresh_index(project)
    nearest(index, project, "x")
    index.close()
    marker = project.chroma_path / "axagents.json"
    marker.write_text(marker.read_text().replace("ngrams-", "onnx-"))
    assert missing(project) == []
    made = read_marker(project.chroma_path)
    assert made is not None
    assert made.embedder == NgramEmbedder().identity


def test_index_left_out_of_a_copy_is_made_there(memory: Memory, project: Project, tmp_path: Path) -> None:
    memory.search("x", namespace="notes")
    copy = tmp_path / "copy"
    shutil.copytree(project.root, copy, ignore=shutil.ignore_patterns("chroma*"))
    assert missing(open_project(copy)) == []
