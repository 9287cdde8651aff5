"""Forgetting a unit: its rows go from segments, tables and outcomes, and their bytes from the disk."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from axagents.clock import stamp, utc_now
from axagents.errors import Failed
from axagents.project import Project
from axagents.stores.inference import SegmentWriter, append_outcomes, outcomes_log, parse_outcomes, unit_key
from axagents.stores.inference import forgetting as forgetting_module
from axagents.stores.inference.fold import fold, fold_project
from axagents.stores.inference.forgetting import Held, count_unit, is_forgotten, remove_unit
from axagents.stores.inference.reading import read_latest
from tests.stores.inference.conftest import DEPLOYMENT, MODEL, a_record

MARK = "swordfish-of-unit-a"


@pytest.fixture
def held(project: Project, writer: SegmentWriter, hashed: Callable[[str], str]) -> Project:
    """Three rows of a and two of b, some folded, one in a segment; an outcome of each by unit, and one by request."""
    for number, unit in enumerate("aabab"):
        columns = {"note": MARK if unit == "a" else "other"}
        writer.append([a_record(request=f"{unit}{number}", unit=hashed(unit), columns=columns)])
        writer.close()
        if number < 3:
            fold(project, DEPLOYMENT)
    now = stamp(utc_now())
    told = [f'{{"unit": "{unit}", "time": "{now}", "outcome": 1}}' for unit in "ab"]
    told += ['{"request": "a0", "outcome": 0}', '{"request": "b2", "outcome": 0}']
    outcomes = SegmentWriter(outcomes_log(project, MODEL).segments)
    append_outcomes(outcomes, parse_outcomes(f"[{','.join(told)}]".encode(), key=unit_key(project)))
    outcomes.close()
    return project


def files_with(folder: Path, text: str) -> list[str]:
    return [str(each) for each in folder.rglob("*") if each.is_file() and text.encode() in each.read_bytes()]


@pytest.mark.parametrize("folded", [False, True])
def test_all_of_a_unit_goes_and_nothing_else(held: Project, hashed: Callable[[str], str], folded: bool) -> None:
    if folded:
        list(fold_project(held))
    unit = hashed("a")
    assert files_with(held.state, MARK)
    assert count_unit(held, unit) == Held(3, 2)
    assert not is_forgotten(held, unit)
    assert remove_unit(held, unit) == Held(3, 2)
    assert is_forgotten(held, unit)
    assert files_with(held.state, MARK) == files_with(held.state, unit) == files_with(held.state, '"a0"') == []
    assert sorted(read_latest(held, DEPLOYMENT, count=9).rows["request"].to_pylist()) == ["b2", "b4"]
    assert count_unit(held, hashed("b")) == Held(2, 2)
    assert remove_unit(held, unit) == Held(0, 0)


def test_nothing_is_held_of_anybody(project: Project, hashed: Callable[[str], str]) -> None:
    assert remove_unit(project, hashed("a")) == Held(0, 0)
    assert is_forgotten(project, hashed("a"))


def test_a_gateway_at_work_lets_go(held: Project, writer: SegmentWriter, hashed: Callable[[str], str]) -> None:
    writer.append([a_record(request="open", unit=hashed("a"), columns={"note": MARK})])
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.05):
            writer.append([a_record(request="b", unit=hashed("b"))])
            writer.sync()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert remove_unit(held, hashed("a")) == Held(4, 2)
    finally:
        stop.set()
        thread.join()
    assert files_with(held.state, MARK) == []
    assert count_unit(held, hashed("b")).predictions > 2


def test_a_gateway_that_does_not_is_told(
    held: Project, writer: SegmentWriter, hashed: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting_module, "_LET_GO", 0.1)
    writer.append([a_record(unit=hashed("a"))])
    with pytest.raises(Failed, match=f"process {os.getpid()} did not let go"):
        remove_unit(held, hashed("a"))
    writer.close()
    assert remove_unit(held, hashed("a")) == Held(4, 2)
