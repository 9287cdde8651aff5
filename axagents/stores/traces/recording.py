"""Record a run: its spans are kept in the project, and sent where `[tracing]` says."""

import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from axagents.errors import AxError
from axagents.fields import sha256_text
from axagents.progress import note
from axagents.project import Project
from axagents.stores.runs import Runs
from axagents.stores.traces.sending import open_senders
from axagents.stores.traces.spans import Spans
from axagents.stores.traces.targets import wants_own_mlflow
from axagents.tracing import Attributes, Span, recording, span

RUN = "axagents.run_id"


@contextmanager
def traced_run(project: Project, run_id: str, name: str, *, attributes: Attributes) -> Generator[Span]:
    """Record what happens inside as a run's, within one span; a run inside another's belongs to its trace."""
    keeper = _Keeper(project)
    begins_here = True
    try:
        with (
            recording(run_id, keeper.keep, trace_id=lambda: trace_of(project, run_id)) as begins_here,
            span(name, attributes={**attributes, RUN: run_id}) as root,
        ):
            yield root
    finally:
        if begins_here:
            keeper.settle()


def trace_of(project: Project, run_id: str) -> str:
    """Return the identifier of a run's trace: the same in every process that works on it, or on one that it began."""
    return sha256_text(Runs(project).origin(run_id))[:32]


class _Keeper:
    """Takes the spans of one trace; that they cannot be kept or sent is told once, and fails nothing."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._senders = open_senders(project.settings)
        self._for_mlflow: list[Span] = []
        self._told = False

    def keep(self, spans: Sequence[Span]) -> None:
        try:
            Spans(self._project).keep(spans)
        except (AxError, sqlite3.IntegrityError) as error:
            self._tell(f"the trace is not kept: {error}")
        for each in self._senders:
            each.hand_on(spans)
        if wants_own_mlflow(self._project.settings):
            self._for_mlflow += spans

    def settle(self) -> None:
        for each in self._senders:
            each.settle()
        if self._for_mlflow:
            from axagents.stores.traces.mlflow_store import store_spans

            try:
                store_spans(self._project, self._for_mlflow)
            except AxError as error:
                self._tell(f"the trace is not in MLflow: {error.message}")

    def _tell(self, text: str) -> None:
        if not self._told:
            note(text)
        self._told = True
