"""Whatever order appends, syncs, folds, kills and crashes come in: nothing synced is lost, nothing is there twice."""

import os
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from axagents import faults
from axagents.clock import utc_now
from axagents.faults import InjectedFault
from axagents.project import create_project
from axagents.stores.inference import SegmentWriter, predictions_log
from axagents.stores.inference.fold import fold
from axagents.stores.inference.reading import read_window
from tests.stores.inference.conftest import DEPLOYMENT, a_record


class Log(RuleBasedStateMachine):
    """Two processes write, one folds; `sure` is what was synced, `maybe` what a crash may have taken."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.project = create_project(Path(self.folder.name))
        self.place = predictions_log(self.project, DEPLOYMENT)
        self.writers = [self._new() for _ in range(2)]
        self.unsynced: list[list[str]] = [[], []]
        self.sure: set[str] = set()
        self.maybe: set[str] = set()
        self.count = 0

    def _new(self) -> SegmentWriter:
        return SegmentWriter(self.place.segments, max_bytes=1_500)

    @rule(which=st.integers(0, 1), rows=st.integers(1, 5), text=st.booleans())
    def append(self, which: int, rows: int, text: bool) -> None:
        names = [str(self.count + number) for number in range(rows)]
        self.count += rows
        columns: dict[str, Any] = {"tenure": "x" if text else 1}
        self.writers[which].append([a_record(request=name, columns=columns) for name in names])
        self.unsynced[which] += names

    @rule(which=st.integers(0, 1))
    def sync(self, which: int) -> None:
        self.writers[which].sync()
        self._is_sure(which)

    @rule(which=st.integers(0, 1))
    def close(self, which: int) -> None:
        self.writers[which].close()
        self._is_sure(which)

    def _is_sure(self, which: int) -> None:
        self.sure.update(self.unsynced[which])
        self.unsynced[which] = []

    @rule(which=st.integers(0, 1), torn=st.integers(0, 400))
    def kill(self, which: int, torn: int) -> None:
        """The process dies: locks go, and with a crash of the machine up to `torn` bytes that were not synced."""
        writer = self.writers[which]
        open_one = writer._open  # pyright: ignore[reportPrivateUsage]
        if open_one is not None:
            os.truncate(open_one.handle, max(open_one.synced, open_one.size - torn))
        for each in [*writer._retired, *([open_one] if open_one else [])]:  # pyright: ignore[reportPrivateUsage]
            os.close(each.handle)
        self.maybe.update(self.unsynced[which])
        self.unsynced[which] = []
        self.writers[which] = self._new()

    @rule()
    def fold(self) -> None:
        fold(self.project, DEPLOYMENT)

    @rule(point=st.sampled_from(["committed", "deleted", "read", "kept"]), passing=st.integers(1, 2))
    def fold_and_die(self, point: str, passing: int) -> None:
        self.append(0, 1, text=False)
        self.close(0)
        faults._passed.clear()  # pyright: ignore[reportPrivateUsage]
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AX_FAULT", f"inference.fold.{point}:{passing}:raise")
            try:
                fold(self.project, DEPLOYMENT)
            except InjectedFault:
                return

    @precondition(lambda self: hasattr(self, "sure"))
    @invariant()
    def each_row_is_there_once(self) -> None:
        found = read_window(
            self.project, DEPLOYMENT, since=utc_now() - timedelta(days=1), until=utc_now() + timedelta(days=1)
        ).rows["request"].to_pylist()  # fmt: skip
        assert len(found) == len(set(found))
        waiting = {name for names in self.unsynced for name in names}
        assert self.sure | waiting <= set(found) <= self.sure | waiting | self.maybe

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            for each in self.writers:
                each.close()
            self.folder.cleanup()


def _run(examples: int, steps: int) -> None:
    chosen = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(Log, settings=chosen)


def test_nothing_synced_is_lost_and_nothing_is_there_twice() -> None:
    _run(8, 15)


@pytest.mark.slow
def test_so_it_is_over_many_more_orders() -> None:
    _run(60, 40)
