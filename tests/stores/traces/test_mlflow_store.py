"""Spans become traces in the project's own MLflow store, as `mlflow ui` reads them."""

import mlflow.tracking
import pytest

from axagents.progress import Event, Note, listen
from axagents.project import Project, open_project
from axagents.stores.runs import Runs
from axagents.stores.traces.recording import trace_of, traced_run
from axagents.stores.tracking.client import tracking_uri
from axagents.stores.tracking.experiments import list_experiments
from axagents.tracing import span


@pytest.fixture
def traced(tracked: Project) -> Project:
    (tracked.root / "ax.toml").write_text("[tracing]\nmlflow = true\n")
    return open_project(tracked.root)


def do_a_run(project: Project) -> str:
    run = Runs(project).start("agent", "tester", {})
    attributes = {"gen_ai.operation.name": "invoke_agent", "gen_ai.conversation.id": "s1"}
    chat = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "m",
        "gen_ai.usage.input_tokens": 20,
        "gen_ai.usage.output_tokens": 7,
    }
    with (
        traced_run(project, run, "invoke_agent tester", attributes=attributes),
        span("chat m", kind="client", attributes=chat),
    ):
        pass
    return run


def test_a_run_is_a_trace_with_its_tokens(traced: Project) -> None:
    run = do_a_run(traced)
    client = mlflow.tracking.MlflowClient(tracking_uri(traced))
    trace = client.get_trace(f"tr-{trace_of(traced, run)}")
    root, chat = sorted(trace.data.spans, key=lambda each: each.start_time_ns)
    assert (root.name, root.parent_id, chat.name, chat.parent_id) == (
        "invoke_agent tester",
        None,
        "chat m",
        root.span_id,
    )
    assert (root.span_type, chat.span_type) == ("AGENT", "CHAT_MODEL")
    assert trace.info.state == "OK"
    assert trace.info.token_usage == {"input_tokens": 20, "output_tokens": 7, "total_tokens": 27}
    assert list_experiments(traced) == []  # no experiment of its own stands in the way


def test_a_store_that_is_broken_costs_a_note(traced: Project) -> None:
    traced.mlflow_path.write_bytes(b"no database")
    heard: list[Event] = []
    with listen(heard.append):
        do_a_run(traced)
    assert ["the trace is not in MLflow" in each.text for each in heard if isinstance(each, Note)] == [True]
