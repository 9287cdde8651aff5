"""The log in a backup, and under `ax gc`."""

import threading
from datetime import timedelta
from pathlib import Path

from axagents.clock import utc_now
from axagents.project import Project, open_project
from axagents.stores.inference import SegmentWriter
from axagents.stores.inference.fold import fold
from axagents.stores.inference.reading import read_latest
from axagents.upkeep.backup import write_backup
from axagents.upkeep.restore import restore_backup
from axagents.upkeep.tidy import tidy
from tests.stores.inference.conftest import DEPLOYMENT, a_record


def test_a_backup_is_whole_while_the_log_is_written_and_folded(
    project: Project, writer: SegmentWriter, tmp_path: Path
) -> None:
    stop = threading.Event()
    written = 0

    def write() -> None:
        nonlocal written
        while not stop.wait(0.002):
            writer.append([a_record(request=str(written))])
            written += 1
            if written % 20 == 0:
                writer.close()

    def fold_often() -> None:
        while not stop.wait(0.3):
            fold(project, DEPLOYMENT)

    threads = [threading.Thread(target=write), threading.Thread(target=fold_often)]
    for thread in threads:
        thread.start()
    try:
        for number in range(3):
            before = written
            write_backup(project, tmp_path / f"{number}.zip")
            (tmp_path / str(number)).mkdir()
            restore_backup(tmp_path / f"{number}.zip", tmp_path / str(number))
            rows = read_latest(open_project(tmp_path / str(number)), DEPLOYMENT, count=10**6).rows
            requests = sorted(map(int, rows["request"].to_pylist()))
            assert requests == list(range(len(requests)))
            assert before <= len(requests) <= written
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_gc_removes_days_that_are_too_old(project: Project, writer: SegmentWriter) -> None:
    project = Project(project.root, project.settings.model_copy(update={"retention": _keeping(project, days=60)}))
    for age in (0, 45):
        moment = int((utc_now() - timedelta(days=age)).timestamp() * 10**6)
        writer.append([a_record(time=moment, request=str(age))])
    writer.close()
    fold(project, DEPLOYMENT)
    assert tidy(project, dry_run=True) == []
    project = Project(project.root, project.settings.model_copy(update={"retention": _keeping(project, days=30)}))
    (told,) = tidy(project, dry_run=True)
    assert (told.what, told.count, told.rule) == ("days of the inference log", 1, "older than 30 days")
    assert [each.count for each in tidy(project, dry_run=False)] == [1]
    assert tidy(project, dry_run=False) == []
    assert read_latest(project, DEPLOYMENT, count=9).rows["request"].to_pylist() == ["0"]


def _keeping(project: Project, *, days: int) -> object:
    return project.settings.retention.model_copy(update={"inference_days": days})
