"""Identifiers of runs sort as they were begun."""

import random
import re
from datetime import UTC, datetime, timedelta

import pytest

from axagents.stores import runs


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
