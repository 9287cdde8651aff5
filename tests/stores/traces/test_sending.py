"""Spans are sent by OTLP to a real server, which decodes them; one that is not there costs a note and no time."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from mlflow import MlflowClient
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from axagents.progress import Event, Note, listen
from axagents.project import Project, open_project
from axagents.settings import Settings, TracingSettings, TrackingSettings
from axagents.stores.runs import Runs
from axagents.stores.traces.recording import trace_of, traced_run
from axagents.stores.traces.spans import Spans
from axagents.stores.traces.targets import find_targets
from axagents.tracing import span
from tests.stores.registry.test_server import server as server


@dataclass
class Collector:
    """A collector, and what it was sent."""

    address: str
    requests: list[tuple[str, dict[str, str], ExportTraceServiceRequest]] = field(default_factory=list[Any])

    @property
    def spans(self) -> list[Any]:
        return [
            each
            for _, _, request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for each in scope.spans
        ]


@contextmanager
def collecting(status: int = 200, wait: float = 0.0) -> Iterator[Collector]:
    """Serve a collector on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            collector.requests.append((self.path, headers, ExportTraceServiceRequest.FromString(body)))
            time.sleep(wait)
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector = Collector(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()


def do_a_run(project: Project) -> tuple[str, list[str], float]:
    """Record a run of two spans; return its identifier, the notes and the seconds it took."""
    run = Runs(project).start("workflow", "ml-train", {})
    heard: list[Event] = []
    began = time.monotonic()
    with (
        listen(heard.append),
        traced_run(project, run, "invoke_workflow ml-train", attributes={"gen_ai.agent.name": "ml-train"}),
        span("chat m", kind="client", attributes={"n": 3, "share": 0.5, "on": True, "many": ("a", "b")}) as inner,
    ):
        inner.happened("axagents.retry", {"error.type": "529"})
        inner.error = "provider"
    return run, [each.text for each in heard if isinstance(each, Note)], time.monotonic() - began


def configured(project: Project, text: str) -> Project:
    (project.root / "ax.toml").write_text(text)
    return open_project(project.root)


def test_spans_arrive_as_they_were_recorded(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20token,x-team=a")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    with collecting() as collector:
        run, notes, _ = do_a_run(configured(project, f'[tracing]\notlp = "{collector.address}/"\n'))
    assert notes == []
    path, headers, request = collector.requests[0]
    assert (path, headers["content-type"]) == ("/v1/traces", "application/x-protobuf")
    assert (headers["authorization"], headers["x-team"]) == ("Bearer token", "a")
    resource = {each.key: each.value.string_value for each in request.resource_spans[0].resource.attributes}
    assert (resource["service.name"], resource["deployment.environment.name"]) == ("axagents", "test")
    inner, outer = collector.spans
    kept = {each.span_id: each for each in Spans(project).of_run(run)}
    assert {each.span_id.hex() for each in collector.spans} == set(kept)
    assert inner.trace_id.hex() == outer.trace_id.hex() == trace_of(project, run)
    assert (inner.parent_span_id, outer.parent_span_id) == (outer.span_id, b"")
    assert (inner.name, inner.kind, inner.status.code) == ("chat m", 3, 2)  # SPAN_KIND_CLIENT, STATUS_CODE_ERROR
    assert inner.end_time_unix_nano == kept[inner.span_id.hex()].ended
    told = {each.key: each.value for each in inner.attributes}
    assert (told["n"].int_value, told["share"].double_value, told["on"].bool_value) == (3, 0.5, True)
    assert [each.string_value for each in told["many"].array_value.values] == ["a", "b"]
    assert told["error.type"].string_value == "provider"
    assert inner.events[0].attributes[0].value.string_value == "529"


def test_opentelemetrys_own_variables_are_honoured(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    with collecting() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.address)
        do_a_run(project)
        assert [path for path, _, _ in collector.requests] == ["/v1/traces"]
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", f"{collector.address}/own/way")
        do_a_run(project)
        assert collector.requests[1][0] == "/own/way"
        monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
        do_a_run(project)
        assert len(collector.requests) == 2


def test_a_server_of_mlflow_takes_them_at_its_own_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    """The path and the header as MLflow's own client for traces has them (its store/tracking/rest_store.py)."""
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t")
    settings = Settings(tracing=TracingSettings(mlflow=True), tracking=TrackingSettings(uri="http://127.0.0.1:5000/"))
    (target,) = find_targets(settings)
    assert target.url == "http://127.0.0.1:5000/v1/traces"
    assert target.headers == {"x-mlflow-experiment-id": "0", "Authorization": "Bearer t"}
    assert "Bearer" not in repr(target)
    assert find_targets(Settings()) == []


def test_nobody_there_costs_one_note_and_no_time(project: Project) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    there = configured(project, f'[tracing]\notlp = "http://user:secret@127.0.0.1:{port}"\n')
    run, notes, _ = do_a_run(there)
    assert len(notes) == 1
    assert f"http://127.0.0.1:{port}/v1/traces: it cannot be reached (ConnectError)" in notes[0]
    assert "secret" not in notes[0]
    assert len(Spans(project).of_run(run)) == 2
    _, again, seconds = do_a_run(there)
    assert again == []
    assert seconds < 0.5


def test_a_server_that_refuses_is_told(project: Project) -> None:
    with collecting(status=401) as collector:
        _, notes, _ = do_a_run(configured(project, f'[tracing]\notlp = "{collector.address}"\n'))
    assert ["HTTP 401" in each for each in notes] == [True]


def test_a_server_that_hangs_holds_a_run_for_three_seconds_once(project: Project) -> None:
    with collecting(wait=20) as collector:
        there = configured(project, f'[tracing]\notlp = "{collector.address}"\n')
        _, notes, seconds = do_a_run(there)
        assert ["has not answered" in each for each in notes] == [True]
        assert seconds < 4.5
        _, notes, seconds = do_a_run(there)
        assert (notes, seconds < 1.5) == ([], True)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_real_server_of_mlflow_shows_them(project: Project, server: str) -> None:
    MlflowClient(server).search_experiments()  # a fresh server's first answer takes seconds
    run, notes, _ = do_a_run(configured(project, f'[tracking]\nuri = "{server}"\n[tracing]\nmlflow = true\n'))
    assert notes == []
    trace = MlflowClient(server).get_trace(f"tr-{trace_of(project, run)}")
    assert [each.name for each in trace.data.spans] == ["invoke_workflow ml-train", "chat m"]
