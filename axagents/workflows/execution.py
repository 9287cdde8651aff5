"""Execute a workflow's graph durably: every finished step is kept, an unfinished one runs again."""

import sqlite3
import time
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from langgraph.checkpoint.sqlite import SqliteSaver
from pydantic import BaseModel
from typing_extensions import override

from axagents.errors import AxError, Waiting
from axagents.progress import StepDone, emit
from axagents.project import Project
from axagents.stores.runs import Runs, active_run, is_repeating, within_run
from axagents.stores.traces.recording import traced_run
from axagents.tracing import Span
from axagents.workflows.graphs import Graph, StepContext, Workflow
from axagents.workflows.names import load_workflow
from axagents.workflows.outcome import Outcome, WorkflowRun

_KEPT = 50
"""Checkpoints of a run after which the older ones are dropped: only its newest is ever gone back to."""


class _Saver(SqliteSaver):
    """The library's saver, in little space: short versions of channels, and no history."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._puts = 0

    @override
    def get_next_version(self, current: str | None, channel: None) -> str:
        return f"{int(current or '0') + 1:08}"

    @override
    def put(self, config: Any, checkpoint: Any, metadata: Any, new_versions: Any) -> Any:
        put = super().put(config, checkpoint, metadata, new_versions)
        self._puts += 1
        if self._puts % _KEPT == 0:
            place = config["configurable"]
            with self.cursor() as cursor:
                for table in ("checkpoints", "writes"):
                    cursor.execute(
                        f"DELETE FROM {table} WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id < ?",
                        (place["thread_id"], place["checkpoint_ns"], place.get("checkpoint_id", "")),
                    )
        return put


@contextmanager
def checkpointer(project: Project) -> Generator[SqliteSaver]:
    """Give the saver of checkpoints, in a file of its own so that it does not contend with the journal."""
    connection = sqlite3.connect(project.checkpoints_path, timeout=30, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous=FULL")
        yield _Saver(connection)
    finally:
        connection.close()


def execute(project: Project, name: str, request: BaseModel, *, parent: str | None = None) -> WorkflowRun:
    """Open a run of the workflow and take its steps; one that its caller began before it was cut short goes on."""
    workflow = load_workflow(name)
    asked = request.model_dump(mode="json", exclude_unset=True)
    if is_repeating() and (before := _begun_before(project, name, asked, parent=parent or active_run())):
        return before
    workflow.check(project, request)
    run_id = Runs(project).start("workflow", name, asked, parent=parent)
    return _go(project, workflow, run_id=run_id, first={"request": request.model_dump(mode="json")})


def _begun_before(project: Project, name: str, asked: dict[str, Any], *, parent: str | None) -> WorkflowRun | None:
    same = [each for each in Runs(project).children(parent or "") if each.name == name and each.request == asked]
    if not same or same[-1].status == "abandoned":
        return None
    if same[-1].status == "completed":
        return as_run(name, same[-1].run_id, Outcome.model_validate(same[-1].result), seconds=0.0)
    return resume(project, same[-1].run_id)


def resume(project: Project, run_id: str) -> WorkflowRun:
    """Take the steps that an earlier process did not finish."""
    runs = Runs(project)
    run = runs.get(run_id)
    run.check_resumable("workflow")
    workflow = load_workflow(run.name)
    request = workflow.request.model_validate(run.request)
    runs.take_over(run)
    return _go(project, workflow, run_id=run.run_id, first={"request": request.model_dump(mode="json")})


def _go(project: Project, workflow: Workflow, *, run_id: str, first: dict[str, Any]) -> WorkflowRun:
    runs = Runs(project)
    began = time.perf_counter()
    try:
        with within_run(run_id), runs.told_if_cut(run_id), _traced(project, workflow.name, run_id) as told:
            outcome = _invoke(project, workflow, run_id=run_id, first=first)
            told.tell({"axagents.verdict": outcome.verdict})
        runs.finish(run_id, "completed", verdict=outcome.verdict, result=outcome.model_dump(mode="json"))
    except AxError as error:
        runs.fail(run_id, error, status="waiting" if isinstance(error, Waiting) else "failed")
        error.run_id = run_id
        raise
    return as_run(workflow.name, run_id, outcome, seconds=time.perf_counter() - began)


def _traced(project: Project, name: str, run_id: str) -> AbstractContextManager[Span]:
    # OpenTelemetry's conventions take a workflow as an agent of its kind (release 0.1.0).
    attributes = {"gen_ai.operation.name": "invoke_workflow", "gen_ai.agent.name": name}
    return traced_run(project, run_id, f"invoke_workflow {name}", attributes=attributes)


def as_run(name: str, run_id: str, outcome: Outcome, *, seconds: float) -> WorkflowRun:
    """Return the finished run in the shape that programs rely on."""
    return WorkflowRun(
        workflow=name,
        run_id=run_id,
        status="completed",
        verdict=outcome.verdict,
        result=outcome.result,
        decisions=outcome.decisions,
        artifacts=outcome.artifacts,
        duration_s=round(seconds, 3),
        report=outcome.report,
    )


def _invoke(project: Project, workflow: Workflow, *, run_id: str, first: dict[str, Any]) -> Outcome:
    context = StepContext(project, run_id, project.run_folder(run_id), workflow.name)
    config: Any = {"configurable": {"thread_id": run_id}, "recursion_limit": len(workflow.steps) + 5}
    with checkpointer(project) as saver:
        graph = workflow.build_graph().compile(checkpointer=saver)
        begun = bool(graph.get_state(config).next)
        if begun:
            _tell_finished(project, workflow, run_id)
        state = graph.invoke(None if begun else first, config, context=context, durability="sync")
        return Outcome.model_validate(_final(graph, config, state)["outcome"])


def _final(graph: Graph, config: Any, state: Any) -> dict[str, Any]:
    # A run whose process died after its last step has nothing left to do, and invoke then gives None.
    return state if state and "outcome" in state else graph.get_state(config).values


def _tell_finished(project: Project, workflow: Workflow, run_id: str) -> None:
    for step in Runs(project).steps(run_id):
        if step.seconds is not None:
            emit(StepDone(workflow.name, step.step, step.seconds, skipped=True))
