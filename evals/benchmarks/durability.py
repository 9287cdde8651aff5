"""What durability costs: the journal's part of an effect, and the resumption of a run of a hundred steps."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, TypedDict

from pydantic import BaseModel

from axagents.effects import Effect, Probe, perform
from axagents.project import create_project, open_project
from axagents.stores.runs import Runs
from axagents.workflows import execution
from axagents.workflows.graphs import StepContext, Workflow, linear_graph
from axagents.workflows.outcome import Outcome
from evals.benchmarks.row import Row, at_most

EFFECTS = 500
STEPS = tuple(f"step_{number:03}" for number in range(100))

CHILD = """
import json, sys
from evals.benchmarks.durability import run_steps
print(json.dumps(run_steps(*sys.argv[1:])))
"""


class StepsRequest(BaseModel):
    """Nothing is asked."""


class StepsState(TypedDict, total=False):
    """How far it came."""

    request: dict[str, Any]
    done: int
    outcome: dict[str, Any]


def _step(state: StepsState, context: StepContext) -> dict[str, Any]:  # noqa: ARG001
    done = state.get("done", 0) + 1
    ended = {"outcome": Outcome(verdict="DONE", result={"done": done}).model_dump(mode="json")}
    return {"done": done, **(ended if done == len(STEPS) else {})}


HUNDRED = Workflow(
    name="hundred-steps",
    summary="Take a hundred steps that do nothing.",
    request=StepsRequest,
    result=BaseModel,
    steps=STEPS,
    build_graph=lambda: linear_graph(StepsState, dict.fromkeys(STEPS, _step)),
)


def measure() -> list[Row]:
    """Measure both: the journal per effect as a median, the resumption after a kill at the last step."""
    with tempfile.TemporaryDirectory() as name:
        cpu, wall = _effects(Path(name))
        resumed = _resumption(Path(name))
    return [
        at_most("journal, per effect that costs nothing itself", "CPU ms", ours=cpu, limit=5),
        Row("journal, per effect, with the waits for the disk", "wall ms", wall, None, "", None),
        at_most("resume of a run of 100 steps, beyond imports", "CPU s", ours=resumed["cpu"], limit=2),
        Row("resume of a run of 100 steps, beyond imports, by the clock", "wall s", resumed["wall"], None, "", None),
    ]


def _effects(folder: Path) -> tuple[float, float]:
    project = create_project(folder / "effects")
    run = Runs(project).start("command", "bench", {})
    cpu, wall = list[float](), list[float]()
    for number in range(EFFECTS):
        effect = Effect(
            name="bench.nothing",
            arguments={"number": number},
            probe=Probe.absent,
            act=lambda: None,
            irreversible="there is nothing to take back",
        )
        began = time.process_time(), time.perf_counter()
        perform(project, effect, run_id=run, step="bench")
        cpu.append(time.process_time() - began[0])
        wall.append(time.perf_counter() - began[1])
    return 1000 * statistics.median(cpu), 1000 * statistics.median(wall)


def _resumption(folder: Path) -> dict[str, float]:
    project = create_project(folder / "steps")
    killed = _child("run", project.root, fault=f"{HUNDRED.name}.{STEPS[-1]}.started:1:kill")
    assert killed.returncode == -9, killed.stderr
    resumed = _child("resume", project.root)
    assert resumed.returncode == 0, resumed.stderr
    figures = json.loads(resumed.stdout)
    assert figures["done"] == len(STEPS)
    return figures


def _child(act: str, root: Path, *, fault: str | None = None) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, **({"AX_FAULT": fault} if fault else {})}
    command = [sys.executable, "-c", CHILD, act, str(root)]
    here = Path(__file__).parents[2]
    return subprocess.run(command, cwd=here, env=environment, capture_output=True, text=True, check=False)


def run_steps(act: str, root: str) -> dict[str, float]:
    """Run or resume the hundred steps in this process and return what that cost after all imports."""
    execution.load_workflow = lambda name: HUNDRED  # noqa: ARG005
    began = time.process_time(), time.perf_counter()
    project = open_project(Path(root))
    if act == "run":
        done = execution.execute(project, HUNDRED.name, StepsRequest())
    else:
        done = execution.resume(project, Runs(project).newest(limit=1)[0].run_id)
    return {
        "done": done.result["done"],
        "cpu": time.process_time() - began[0],
        "wall": time.perf_counter() - began[1],
    }
