"""Segments: what was appended is there, whoever dies; nothing open looks closed."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import orjson
import pytest

from axagents.project import Project
from axagents.stores.inference import SegmentWriter, hash_unit, unfolded_bytes, unit_key, unit_text
from axagents.stores.inference.places import every_log, outcomes_log, predictions_log
from axagents.stores.inference.segments import ask_to_let_go, closed_segments, lines_of, list_segments
from tests.house.source import load_closure
from tests.house.test_imports import HEAVY
from tests.stores.inference.conftest import a_record

WRITES_FOR_EVER = """
import sys, time
from pathlib import Path
from axagents.stores.inference import SegmentWriter
from tests.stores.inference.conftest import a_record
writer = SegmentWriter(Path(sys.argv[1]))
for number in range(10**9):
    writer.append([a_record(request=str(number))])
    if number % 50 == 0:
        writer.sync()
        print(number, flush=True)
"""


def requests_in(folder: Path) -> list[str]:
    return [orjson.loads(line)["request"] for each in list_segments(folder) for line in lines_of(each.read() or b"")]


def test_what_the_gateway_imports_is_light() -> None:
    assert set(load_closure("axagents.stores.inference")) & HEAVY == set()


def test_a_record_is_a_line_as_soon_as_it_is_appended(writer: SegmentWriter) -> None:
    writer.append([a_record(request="a"), a_record(request="b", row=None, columns={}, prediction=None, status=500)])
    (segment,) = list_segments(writer.folder)
    first, second = (orjson.loads(line) for line in lines_of(segment.read() or b""))
    assert first["columns"] == {"tenure": 12, "charges": 70.5, "contract": "monthly"}
    assert (second["request"], second["row"], second["status"], second["prediction"]) == ("b", None, 500, None)
    assert unfolded_bytes(writer.folder) == segment.path.stat().st_size
    assert segment.path.stat().st_mode & 0o777 == 0o600


def test_nothing_is_made_before_something_is_written(writer: SegmentWriter) -> None:
    writer.append([])
    writer.sync()
    assert list_segments(writer.folder) == []
    assert closed_segments(writer.folder) == []


def test_an_open_segment_is_not_closed_until_let_go(writer: SegmentWriter) -> None:
    writer.append([a_record()])
    writer.sync()
    assert closed_segments(writer.folder) == []
    writer.close()
    assert len(closed_segments(writer.folder)) == 1
    writer.append([a_record()])
    assert [each.number for each in list_segments(writer.folder)] == [1, 2]
    assert [each.number for each in closed_segments(writer.folder)] == [1]


def test_a_segment_ends_at_its_size_and_at_its_age(tmp_path: Path) -> None:
    by_size = SegmentWriter(tmp_path / "size", max_bytes=1_000)
    for number in range(10):
        by_size.append([a_record(request=str(number))])
    by_size.close()
    assert len(list_segments(by_size.folder)) > 2
    assert requests_in(by_size.folder) == [str(number) for number in range(10)]
    by_age = SegmentWriter(tmp_path / "age", max_seconds=0.05)
    by_age.append([a_record()])
    time.sleep(0.06)
    by_age.sync()
    assert len(closed_segments(by_age.folder)) == 1


def test_a_writer_lets_go_when_asked(writer: SegmentWriter) -> None:
    writer.append([a_record()])
    stop = threading.Event()

    def sync_often() -> None:
        while not stop.wait(0.02):
            writer.sync()

    thread = threading.Thread(target=sync_often)
    thread.start()
    try:
        assert ask_to_let_go(writer.folder, seconds=10) == []
        writer.append([a_record()])
        time.sleep(0.1)
        assert len(closed_segments(writer.folder)) == 1
        assert len(list_segments(writer.folder)) == 2
    finally:
        stop.set()
        thread.join()


def test_who_does_not_let_go_is_told(writer: SegmentWriter) -> None:
    writer.append([a_record()])
    (left,) = ask_to_let_go(writer.folder, seconds=0.1)
    assert left.writer == writer.name


def test_a_torn_line_is_no_line(writer: SegmentWriter) -> None:
    writer.append([a_record(request="whole")])
    writer.close()
    (segment,) = list_segments(writer.folder)
    with segment.path.open("ab") as stream:
        stream.write(b'{"time":17')
    assert requests_in(writer.folder) == ["whole"]


def test_a_full_disk_leaves_whole_lines(writer: SegmentWriter, monkeypatch: pytest.MonkeyPatch) -> None:
    writer.append([a_record(request="before")])
    real = os.write

    def short(handle: int, data: Any) -> int:
        if len(data) < 100:
            raise OSError(28, "No space left on device")
        return real(handle, data[: len(data) - 50])

    monkeypatch.setattr(os, "write", short)
    with pytest.raises(OSError, match="No space left"):
        writer.append([a_record(request="torn")])
    monkeypatch.undo()
    writer.append([a_record(request="after")])
    assert requests_in(writer.folder) == ["before", "after"]


def test_a_value_that_is_no_json_is_refused_with_all_of_its_call(writer: SegmentWriter) -> None:
    with pytest.raises(TypeError):
        writer.append([a_record(request="good"), a_record(columns={"x": object()})])
    assert list_segments(writer.folder) == []


def test_threads_share_a_writer(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, max_bytes=5_000)

    def write(start: int) -> None:
        for number in range(start, start + 200):
            writer.append([a_record(request=str(number))])
            if number % 20 == 0:
                writer.sync()

    threads = [threading.Thread(target=write, args=(start,)) for start in (0, 200, 400)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()
    assert sorted(map(int, requests_in(tmp_path))) == list(range(600))


def test_a_killed_process_loses_nothing_synced_and_its_segment_is_closed(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITES_FOR_EVER, str(tmp_path)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert process.stdout is not None
    synced = [int(process.stdout.readline()) for _ in range(5)][-1]
    assert closed_segments(tmp_path) == []
    process.send_signal(signal.SIGKILL)
    process.wait()
    synced = max([synced, *map(int, process.stdout.read().split())])
    process.stdout.close()
    assert len(closed_segments(tmp_path)) == 1
    found = list(map(int, requests_in(tmp_path)))
    assert found == list(range(len(found)))
    assert len(found) > synced


def test_the_key_is_made_once_and_read_by_its_owner_alone(project: Project) -> None:
    key = unit_key(project)
    assert len(key) == 32
    assert unit_key(project) == key
    (path,) = (project.state / "inference").glob("*key*")
    assert path.stat().st_mode & 0o777 == 0o600
    assert hash_unit(key, "17") == hash_unit(key, unit_text(17.0)) == hash_unit(key, unit_text(" 17"))
    assert hash_unit(key, "17") != hash_unit(bytes(32), "17")
    assert len(hash_unit(key, "17")) == 32


def test_logs_are_found_by_the_names_they_were_made_with(project: Project) -> None:
    names = ["churn-prod", "a.b/c", "..", "50% off", "ü+"]
    for name in names:
        for place in (predictions_log(project, name), outcomes_log(project, name)):
            place.segments.mkdir(parents=True)
            assert place.folder.parent.parent == project.state / "inference"
    found = [(each.kind, each.name) for each in every_log(project)]
    assert sorted(found) == sorted((kind, name) for kind in ("predictions", "outcomes") for name in names)
