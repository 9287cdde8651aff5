"""Build a workflow's graph: its steps in a line, each told, timed and recorded."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from pydantic import BaseModel

from axagents.faults import fault_point
from axagents.progress import StepDone, StepStarted, emit
from axagents.project import Project
from axagents.stores.runs import Runs
from axagents.tracing import span

State = dict[str, Any]

Graph = Any
"""A LangGraph `StateGraph` over plain JSON; its own types are not fully known to a strict checker."""


@dataclass(frozen=True)
class StepContext:
    """What a step may touch: the project, its run, and the run's own folder."""

    project: Project
    run_id: str
    folder: Path
    workflow: str


class Step(Protocol):
    """A plain function of the state and its context; what it returns is written over the state."""

    @property
    def __name__(self) -> str: ...

    def __call__(self, state: Any, context: StepContext, /) -> State: ...


def _nothing_to_check(_project: Project, _request: Any) -> None:
    return None


@dataclass(frozen=True)
class Workflow:
    """One workflow: its steps in a line.

    Attributes:
        state: what the steps hand on, a TypedDict of plain JSON.
        steps: the steps by name, in their order; the last sets `outcome`.
        check: raises what can be known to be wrong before a run is opened: names that do not exist, above all.
    """

    name: str
    summary: str
    request: type[BaseModel]
    result: type[BaseModel]
    state: type
    steps: Mapping[str, Step]
    check: Callable[[Project, Any], None] = _nothing_to_check

    def build_graph(self) -> Graph:
        """Return the graph that takes the steps one after the other."""
        graph = cast(Graph, StateGraph(self.state, context_schema=StepContext))
        names = list(self.steps)
        for position, (name, step) in enumerate(self.steps.items(), start=1):
            graph.add_node(name, recorded(name, step, position=position, total=len(names)))
        for earlier, later in zip([START, *names], [*names, END], strict=True):
            graph.add_edge(earlier, later)
        return graph


def by_name(*steps: Step) -> Mapping[str, Step]:
    """Return steps under the names of their functions."""
    return {step.__name__: step for step in steps}


def recorded(name: str, step: Step, *, position: int, total: int) -> Callable[..., State]:
    """Wrap a step so that its begin, end and time are told and written down."""

    def node(state: Any, runtime: Runtime[StepContext]) -> State:
        context = runtime.context
        runs = Runs(context.project)
        emit(StepStarted(context.workflow, name, position, total))
        runs.step_started(context.run_id, name)
        fault_point(f"{context.workflow}.{name}.started")
        began = time.perf_counter()
        with span(f"step {name}", attributes={"axagents.step": name}):
            updates = step(state, context)
        seconds = time.perf_counter() - began
        fault_point(f"{context.workflow}.{name}.computed")
        runs.step_done(context.run_id, name, seconds)
        emit(StepDone(context.workflow, name, seconds))
        return updates

    return node
