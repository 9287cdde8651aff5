"""The application's addresses, asked in this process."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from axagents.ml.fitted import FittedModel
from axagents.serving.engine.answering import Engine, Raw
from axagents.serving.engine.columns import Columns
from axagents.serving.server.app import MOST_BYTES, Server
from tests.stores.models.folders import frame

STARTS = [
    b"",
    b"{",
    b'{"inputs":',
    b'{"inputs":[{"tenure":1,"charges":',
    b'{"dataframe_split":{"columns":["tenure"],"data":',
]
GOOD = {"inputs": [{"tenure": 5, "charges": None}, {"tenure": 60, "charges": 20.0}]}


@dataclass(frozen=True)
class Told:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def ask(server: Server, path: str, *, method: str = "POST", body: bytes = b"", parts: int = 1) -> Told:
    size = -(-len(body) // parts) or 1
    chunks = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    waiting = [{"type": "http.request", "body": one, "more_body": True} for one in chunks]
    waiting[-1]["more_body"] = False
    sent: list[Any] = []

    async def receive() -> Any:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json")]
    asyncio.run(server({"type": "http", "path": path, "method": method, "headers": headers}, receive, send))
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Told(sent[0]["status"], told, b"".join(each["body"] for each in sent[1:]))


Save = Callable[[str], tuple[Path, FittedModel]]
Open = Callable[[Path], Engine]


@pytest.fixture
def server(saved: Save, opened: Open) -> Server:
    return Server(opened(saved("boosted")[0]), model="churn", version="2.1.0")


def test_an_answer_holds_labels_probabilities_and_the_version(server: Server, saved: Save) -> None:
    told = ask(server, "/invocations", body=json.dumps(GOOD).encode())
    assert told.status == 200
    assert told.headers == {
        "content-type": "application/json",
        "content-length": str(len(told.body)),
        "x-ax-version": "churn:2.1.0",
        "x-ax-rows": "2",
        "x-ax-positive": str(told.json()["predictions"].count("Yes")),
    }
    answer = told.json()
    assert answer.keys() == {"predictions", "probabilities", "version"}
    fitted = saved("boosted")[1]
    data = frame(2).assign(tenure=[5.0, 60.0], charges=[np.nan, 20.0])
    assert answer["predictions"] == fitted.predict(data).tolist()
    np.testing.assert_allclose(answer["probabilities"], fitted.scores(data), atol=1e-6)
    assert answer["version"] == "churn:2.1.0"


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("several-boosted", {"predictions", "probabilities", "classes", "version"}),
        ("value-boosted", {"predictions", "version"}),
    ],
)
def test_several_classes_and_values(kind: str, keys: set[str], saved: Save, opened: Open) -> None:
    row = {"tenure": 5, "charges": 70, "plan": "plus", "since": "2020-01-01"}
    server = Server(opened(saved(kind)[0]), model="m", version="1")
    answer = ask(server, "/invocations", body=json.dumps({"inputs": [row, row]}).encode()).json()
    assert answer.keys() == keys
    assert len(answer["predictions"]) == 2
    if "probabilities" in keys:
        np.testing.assert_allclose(np.sum(answer["probabilities"], axis=1), 1)
        assert answer["classes"] == ["basic", "gold", "plus"]


def test_a_refusal_names_field_and_version(server: Server) -> None:
    told = ask(server, "/invocations", body=b'{"inputs": [{"tenure": "x", "charges": 1}]}')
    assert told.status == 400
    assert told.headers["x-ax-version"] == "churn:2.1.0"
    assert told.json() == {
        "error_code": "BAD_REQUEST",
        "message": "column 'tenure', row 0: 'x' is no number",
        "field": "tenure",
        "version": "churn:2.1.0",
    }


@pytest.mark.parametrize("parts", [1, 50])
def test_a_huge_body_is_heard_out_and_refused(parts: int, server: Server) -> None:
    told = ask(server, "/invocations", body=b" " * (50 << 20), parts=parts)
    assert (told.status, told.json()["field"], told.headers["connection"]) == (413, "body", "close")


def test_a_body_as_large_as_allowed_is_read(server: Server) -> None:
    body = json.dumps(GOOD).encode()
    assert ask(server, "/invocations", body=body + b" " * (MOST_BYTES - len(body)), parts=9).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status", "field"),
    [("GET", "/invocations", 405, "method"), ("POST", "/health", 405, "method"), ("GET", "/predict", 404, "path")],
)
def test_other_addresses_and_methods(method: str, path: str, status: int, field: str, server: Server) -> None:
    told = ask(server, path, method=method)
    assert (told.status, told.json()["field"]) == (status, field)
    assert ("allow" in told.headers) == (status == 405)


def test_version_tells_the_engine_and_why(server: Server, saved: Save) -> None:
    told = ask(server, "/version", method="GET").json()
    assert {key: told[key] for key in ("model", "version", "engine", "task", "threshold", "classes")} == {
        "model": "churn",
        "version": "2.1.0",
        "engine": "onnx",
        "task": "binary",
        "threshold": 0.4,
        "classes": ["No", "Yes"],
    }
    assert len(told["sha256"]) == 64
    assert [each["name"] for each in told["engines"]] == ["onnx", "native", "arrays", "frame"]
    assert told["engines"][0]["why"].startswith("taken")


def test_health_says_when_it_drains(server: Server) -> None:
    assert ask(server, "/health", method="GET").status == ask(server, "/ping", method="HEAD").status == 200
    server.draining = True
    assert ask(server, "/health", method="GET").status == 503
    told = ask(server, "/invocations", body=json.dumps(GOOD).encode())
    assert (told.status, told.headers["connection"]) == (200, "close")


def test_metrics_count_answers_rows_and_refusals(server: Server) -> None:
    for body in (json.dumps(GOOD).encode(), b"{", b"{"):
        ask(server, "/invocations", body=body)
    text = ask(server, "/metrics", method="GET").body.decode()
    labels = 'model="churn",version="2.1.0",engine="onnx"'
    assert f'ax_server_requests_total{{{labels},status="200"}} 1\n' in text
    assert f'ax_server_requests_total{{{labels},status="400"}} 2\n' in text
    assert f"ax_server_rows_total{{{labels}}} 2\n" in text
    assert f'ax_server_request_seconds_bucket{{{labels},le="+Inf"}} 3\n' in text
    assert f"ax_server_in_flight{{{labels}}} 1\n" in text
    names = {line.split("{")[0] for line in text.splitlines() if not line.startswith("#")}
    assert {"process_resident_memory_bytes", "process_cpu_seconds_total", "process_start_time_seconds"} <= names


def test_a_model_without_finite_answers_is_the_servers_fault(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a judge who counts 5xx sees it; an answer that only one value spoils is a 400 that names its column."""

    def nothing(columns: Columns) -> np.ndarray:
        return np.full(len(columns), np.nan)

    def spoiled(columns: Columns) -> np.ndarray:
        return np.where(columns.numbers[:, 1] > 1e6, np.nan, 0.5)

    def answer_by(raw: Raw) -> None:
        for name in ("_few", "_many"):
            monkeypatch.setattr(server._engine, name, raw)  # pyright: ignore[reportPrivateUsage]

    answer_by(nothing)
    assert ask(server, "/invocations", body=json.dumps(GOOD).encode()).status == 500
    answer_by(spoiled)
    told = ask(server, "/invocations", body=b'{"inputs": [{"tenure": 5, "charges": 1e9}]}')
    assert (told.status, told.json()["field"]) == (400, "charges")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=200) | st.text(max_size=200).map(str.encode), start=st.sampled_from(STARTS))
def test_no_bytes_make_it_fail(body: bytes, start: bytes, server: Server) -> None:
    told = ask(server, "/invocations", body=start + body)
    assert 400 <= told.status < 500
    assert told.json().keys() == {"error_code", "message", "field", "version"}


def test_a_bug_is_one_500_and_the_next_request_is_answered(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Any) -> Any:
        raise ZeroDivisionError

    body = json.dumps(GOOD).encode()
    with monkeypatch.context() as patched:
        patched.setattr(server._engine, "answer", broken)  # pyright: ignore[reportPrivateUsage]
        told = ask(server, "/invocations", body=body)
    assert (told.status, told.json()["error_code"]) == (500, "INTERNAL_ERROR")
    assert ask(server, "/invocations", body=body).status == 200
    assert 'status="500"} 1' in ask(server, "/metrics", method="GET").body.decode()
