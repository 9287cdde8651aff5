"""What durability costs: the journal for each effect, and going on with a run of a hundred steps."""

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, TypedDict

from pydantic import BaseModel

from axagents.effects import Effect, Probe, perform
from axagents.errors import Failed
from axagents.project import Project, create_project
from axagents.stores.runs import Runs
from axagents.workflows import execution
from axagents.workflows.graphs import StepContext, Workflow
from axagents.workflows.outcome import Outcome
from evals.benchmarks.row import Row, at_most

STEPS = 100
BREAK_AT = 50
EFFECTS = 300


class Nothing(BaseModel):
    """A request without fields."""


class Counted(TypedDict, total=False):
    request: dict[str, Any]
    count: int
    outcome: dict[str, Any]


def _workflow(broken: set[str]) -> Workflow:
    def step(state: Counted, _context: StepContext) -> dict[str, Any]:
        count = state.get("count", 0)
        if count == BREAK_AT and broken:
            raise Failed("broken off on purpose")
        return {"count": count + 1, "outcome": Outcome(verdict="COUNTED", result={"count": count + 1}).model_dump()}

    return Workflow(
        name="bench-count",
        summary="Count to a hundred.",
        request=Nothing,
        result=Nothing,
        state=Counted,
        steps={f"step_{number:03d}": step for number in range(STEPS)},
    )


def measure() -> list[Row]:
    """Measure both in a fresh project; times are wall seconds, the disk's syncs among them."""
    with tempfile.TemporaryDirectory() as folder:
        project = create_project(Path(folder))
        return [
            at_most("journal, for each effect (median)", "ms", ours=1000 * _journal(project), limit=5),
            at_most("resume of a 100-step run at its middle, beyond imports", "s", ours=_resume(project), limit=2),
        ]


def _journal(project: Project) -> float:
    seconds: list[float] = []
    for number in range(EFFECTS):
        effect = Effect("bench", {"n": number}, probe=Probe.absent, act=lambda: 1, irreversible="it only counts")
        began = time.perf_counter()
        perform(project, effect, run_id="bench", step="bench")
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def _resume(project: Project) -> float:
    broken = {"yes"}
    workflow = _workflow(broken)
    execution.load_workflow = lambda _name: workflow
    try:
        execution.execute(project, workflow.name, Nothing())
    except Failed:
        broken.clear()
    run_id = Runs(project).newest(limit=1)[0].run_id
    began = time.perf_counter()
    done = execution.resume(project, run_id)
    seconds = time.perf_counter() - began
    if done.result != {"count": STEPS}:
        raise RuntimeError(f"the resumed run counted {done.result}")
    return seconds
