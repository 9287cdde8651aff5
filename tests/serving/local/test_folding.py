"""The chore that folds the inference log."""

import time
from pathlib import Path

import pytest

from axagents.project import Project
from axagents.serving.local import folding
from axagents.serving.local.folding import Folding
from axagents.stores.inference import Record, SegmentWriter, predictions_log
from tests.serving.gateway.conftest import wait_for


def record() -> Record:
    return Record(
        time=time.time_ns() // 1000,
        request="one",
        row=0,
        deployment="churn-prod",
        variant="stable",
        role="stable",
        model="churn",
        version="2.0.0",
        unit=None,
        latency_ms=1.5,
        status=200,
        columns={"tenure": 3.0},
        prediction="Yes",
        probability=0.7,
    )


def test_what_waits_is_folded_when_it_is_due_and_not_before(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "_LOOK_EVERY", 0)
    place = predictions_log(project, "churn-prod")
    due = Folding(project, log=tmp_path / "fold.log")
    writer = SegmentWriter(place.segments)
    writer.append([record()])
    writer.close()
    due()
    wait_for(lambda: place.table.is_dir() and not list(place.segments.glob("*.jsonl")))
    again = SegmentWriter(place.segments)
    again.append([record()])
    again.close()
    due()
    time.sleep(0.3)
    assert len(list(place.segments.glob("*.jsonl"))) == 1
    monkeypatch.setattr(folding, "AT_BYTES", 10)
    wait_for(lambda: due() or not list(place.segments.glob("*.jsonl")))
