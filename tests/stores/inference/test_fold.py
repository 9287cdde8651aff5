"""Folding: exactly once whatever dies where, few files, nothing older than kept."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from deltalake import DeltaTable

from axagents import faults
from axagents.clock import utc_now
from axagents.errors import Failed
from axagents.faults import InjectedFault
from axagents.project import Project, create_project
from axagents.stores.inference import LogPlace, SegmentWriter, predictions_log
from axagents.stores.inference import delta as delta_module
from axagents.stores.inference.delta import open_delta, stale_files
from axagents.stores.inference.fold import count_old_days, fold, fold_project
from axagents.stores.inference.holding import Busy, alone, held_still
from axagents.stores.inference.reading import read_window
from axagents.stores.inference.segments import list_segments
from tests.stores.inference.conftest import DEPLOYMENT, a_record

POINTS = ("read", "committed", "deleted", "kept")


def requests(project: Project) -> list[str]:
    found = read_window(project, DEPLOYMENT, since=utc_now() - timedelta(days=100), until=utc_now() + timedelta(days=1))
    return sorted(found.rows["request"].to_pylist())


def write_segments(writer: SegmentWriter, *requests: str) -> None:
    for each in requests:
        writer.append([a_record(request=each)])
        writer.close()


@pytest.mark.parametrize("point", POINTS)
def test_a_fold_that_breaks_off_is_as_if_it_had_not(
    project: Project, writer: SegmentWriter, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    write_segments(writer, "1", "2", "3")
    faults._passed.clear()  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setenv("AX_FAULT", f"inference.fold.{point}:1:raise")
    with pytest.raises(InjectedFault):
        fold(project, DEPLOYMENT)
    assert requests(project) == ["1", "2", "3"]
    fold(project, DEPLOYMENT)
    fold(project, DEPLOYMENT)
    assert requests(project) == ["1", "2", "3"]
    assert list_segments(writer.folder) == []


@pytest.mark.parametrize("point", POINTS)
def test_a_fold_that_is_killed_is_as_if_it_had_not(project: Project, writer: SegmentWriter, point: str) -> None:
    write_segments(writer, "1", "2")
    command = [sys.executable, "-m", "axagents.stores.inference.fold", "--project", str(project.root)]
    killed = subprocess.run(command, env={**os.environ, "AX_FAULT": f"inference.fold.{point}:1:kill"}, check=False)
    assert killed.returncode == -9
    assert requests(project) == ["1", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert (told["kind"], told["name"], told["busy"]) == ("predictions", DEPLOYMENT, False)
    assert requests(project) == ["1", "2"]
    assert list_segments(writer.folder) == []


def test_only_what_is_closed_is_folded(project: Project, writer: SegmentWriter) -> None:
    write_segments(writer, "1")
    writer.append([a_record(request="2")])
    assert fold(project, DEPLOYMENT).rows == 1
    assert len(list_segments(writer.folder)) == 1
    assert requests(project) == ["1", "2"]


def test_one_commit_holds_many_segments_of_many_writers(project: Project, log: LogPlace) -> None:
    writers = [SegmentWriter(log.segments) for _ in range(3)]
    for number, writer in enumerate(writers):
        write_segments(writer, f"{number}a", f"{number}b")
    done = fold(project, DEPLOYMENT)
    assert (done.segments, done.rows) == (6, 6)
    table = open_delta(log)
    assert table is not None
    assert table.version() == 0
    assert [table.transaction_version(each.name) for each in writers] == [2, 2, 2]


def test_two_folds_do_not_meet(project: Project, writer: SegmentWriter, log: LogPlace) -> None:
    write_segments(writer, "1")
    with alone(log, seconds=0):
        assert fold(project, DEPLOYMENT).busy
        with pytest.raises(Busy, match="another ax is at the log"), alone(log, seconds=0.01):
            pass
    with held_still(project):
        assert [each.busy for each in fold_project(project)] == [True]
    assert not fold(project, DEPLOYMENT).busy


def test_rows_are_filed_by_their_day_and_old_days_go(project: Project, writer: SegmentWriter, log: LogPlace) -> None:
    now = utc_now()
    ages = (0, 1, 29, 32, 90)
    writer.append([
        a_record(time=int((now - timedelta(days=age)).timestamp() * 10**6), request=str(age)) for age in ages
    ])  # fmt: skip
    writer.close()
    assert fold(project, DEPLOYMENT).expired == 2
    assert count_old_days(project) == 0
    assert requests(project) == ["0", "1", "29"]
    kept = {f"day={(now - timedelta(days=age)).date()}" for age in (0, 1, 29)}
    assert {each.parent.name for each in log.table.glob("day=*/*")} == kept


def test_many_small_files_become_one(project: Project, writer: SegmentWriter, log: LogPlace) -> None:
    compacted = 0
    for number in range(delta_module.MANY):
        write_segments(writer, f"{number:02d}")
        compacted += fold(project, DEPLOYMENT).compacted
    assert compacted == 1
    assert len(list(log.table.glob("day=*/*"))) == 1
    assert requests(project) == [f"{number:02d}" for number in range(delta_module.MANY)]


def test_the_tables_log_holds_no_values_of_the_rows(project: Project, writer: SegmentWriter, log: LogPlace) -> None:
    writer.append([a_record(unit="cd" * 16, columns={"secret": "swordfish", "amount": 123454321})])
    writer.close()
    fold(project, DEPLOYMENT)
    (entry,) = (log.table / "_delta_log").glob("*.json")
    assert not any(each in entry.read_text() for each in ("swordfish", "123454321", "cd" * 16))
    assert '"time"' in entry.read_text()


def test_files_that_no_commit_speaks_of_are_removed(project: Project, writer: SegmentWriter, log: LogPlace) -> None:
    write_segments(writer, "1")
    fold(project, DEPLOYMENT)
    (data,) = log.table.glob("day=*/*")
    (data.parent / "part-of-a-killed-fold.parquet").write_bytes(b"PAR1")
    assert len(list(stale_files(log))) == 1
    fold(project, DEPLOYMENT)
    assert list(log.table.glob("day=*/*")) == [data]


def test_other_tools_read_the_table(project: Project, writer: SegmentWriter, log: LogPlace) -> None:
    for columns in ({"age": 1}, {"age": 2.5}):
        writer.append([a_record(columns=columns)])
        writer.close()
        fold(project, DEPLOYMENT)
    read = DeltaTable(log.table).to_pyarrow_table()
    assert read.num_rows == 2
    assert {"time", "x_i_age", "x_n_age", "prediction_i", "probability_n", "day"} <= set(read.column_names)


def test_a_folder_that_delta_cannot_keep_a_table_in_is_told(tmp_path: Path) -> None:
    odd = create_project(tmp_path / "50%25")
    writer = SegmentWriter(predictions_log(odd, DEPLOYMENT).segments)
    write_segments(writer, "1")
    with pytest.raises(Failed, match="with % in its path"):
        fold(odd, DEPLOYMENT)
    assert requests(odd) == ["1"]


@pytest.mark.parametrize("name", ["a b", "what?", "*", "it's", "é#1", "{a}"])
def test_other_folders_are_fine(tmp_path: Path, name: str) -> None:
    odd = create_project(tmp_path / name)
    writer = SegmentWriter(predictions_log(odd, DEPLOYMENT).segments)
    for number in "12":
        write_segments(writer, number)
        fold(odd, DEPLOYMENT)
    assert requests(odd) == ["1", "2"]
