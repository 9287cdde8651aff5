"""What a span costs, opened, described, closed and written; and a traced step of an agent: a turn and a call."""

import tempfile
import time
from pathlib import Path

from axagents.project import Project, create_project
from axagents.stores.runs import Runs
from axagents.stores.traces.recording import traced_run
from axagents.tracing import span
from evals.benchmarks.row import Row, at_most

STEPS, TIMES = 50, 9
CHAT = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "p", "gen_ai.conversation.id": "s" * 22}
USED = {"gen_ai.usage.input_tokens": 1200, "gen_ai.usage.output_tokens": 80, "axagents.turn": 7}
CALL = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "t", "gen_ai.tool.call.id": "7.1"}


def measure() -> list[Row]:
    """Record runs of fifty steps in a real project, and return the least of nine."""
    with tempfile.TemporaryDirectory(prefix="ax-traces-") as folder:
        project = create_project(Path(folder))
        spent = min(record(project) for _ in range(TIMES))
    return [
        at_most("a span, kept in the project", "CPU us", ours=round(spent / (2 * STEPS + 1) * 1e6, 1), limit=100),
        Row("tracing, of a turn and a call", "CPU ms", round(spent / STEPS * 1e3, 3), None, "", None),
    ]


def record(project: Project) -> float:
    """Record one run and return the CPU seconds it took."""
    run = Runs(project).start("agent", "tester", {})
    began = time.process_time()
    with traced_run(project, run, "invoke_agent tester", attributes={"gen_ai.agent.name": "tester"}):
        for _ in range(STEPS):
            with span("chat m", kind="client", attributes=CHAT) as made:
                made.tell(USED)
            with span("execute_tool t", attributes=CALL):
                pass
    return time.process_time() - began
