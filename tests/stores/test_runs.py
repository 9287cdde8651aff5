"""Identifiers of runs sort as they were begun; a run is gone on with by one process."""

import random
import re
from datetime import UTC, datetime, timedelta

import pytest

from axagents.errors import Failed, UserError
from axagents.project import Project
from axagents.stores import runs
from axagents.stores.runs import Runs


def test_identifiers_of_one_second_are_in_the_order_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    began = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)
    # 250 us are more than 1/4096 s, so each moment has a place of its own; the last is the next second.
    moments = [began + number * timedelta(microseconds=250) for number in range(4001)]
    made: dict[datetime, str] = {}
    for moment in random.Random(1).sample(moments, len(moments)):
        monkeypatch.setattr(runs, "utc_now", lambda moment=moment: moment)
        made[moment] = runs.new_run_id()
    in_time = [made[moment] for moment in moments]
    assert in_time == sorted(set(in_time))
    assert (in_time[0][:19], in_time[-1][:19]) == ("20261123-081500-000", "20261123-081501-000")
    assert all(re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{6}", each) for each in in_time)


def test_of_two_that_would_go_on_with_a_run_one_does(project: Project) -> None:
    kept = Runs(project)
    run_id = kept.start("command", "x", {})
    kept.fail(run_id, Failed("cut"))
    first, second = kept.get(run_id), kept.get(run_id)
    kept.take_over(first)
    with pytest.raises(UserError, match=f"run {run_id} is running in another process"):
        kept.take_over(second)
    kept.finish(run_id, "completed")
    with pytest.raises(UserError, match="is completed: there is nothing to resume"):
        kept.take_over(second)


def test_a_run_that_failed_again_meanwhile_is_looked_at_anew(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Runs(project)
    run_id = kept.start("command", "x", {})
    kept.fail(run_id, Failed("cut"))
    seen = kept.get(run_id)
    monkeypatch.setattr(runs, "identity", lambda: "0:1.00")  # no process has the number 0
    kept.take_over(seen)
    kept.fail(run_id, Failed("cut again"))
    with pytest.raises(UserError, match="was gone on with elsewhere just now"):
        kept.take_over(seen)
