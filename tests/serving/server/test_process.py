"""The server as a process: it starts, answers, drains, and says clearly why it does not start."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from axagents.ml.fitted import FittedModel
from axagents.serving.engine.answering import Engine

Save = Callable[[str], tuple[Path, FittedModel]]
Open = Callable[[Path], Engine]
Start = Callable[..., subprocess.Popen[str]]
BODY = json.dumps({"inputs": [{"tenure": 5, "charges": 70}]})
HEADERS = {"content-type": "application/json"}


@pytest.fixture
def start(saved: Save, opened: Open, kept: Path) -> Iterator[Start]:
    """Start a server; what still runs is ended."""
    folder, _ = saved("boosted")
    opened(folder)
    begun: list[subprocess.Popen[str]] = []

    def run(*arguments: str, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "axagents.serving.server", "--folder", str(folder), "--name", "churn"]
        command += ["--version", "1.0.0", "--prepared", str(kept), *arguments]
        pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        begun.append(subprocess.Popen(command, **pipes, **options))
        return begun[-1]

    yield run
    for process in begun:
        if process.poll() is None:
            process.kill()
        process.communicate()


def ready(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    return json.loads(line)


def post(connection: http.client.HTTPConnection, body: str = BODY) -> tuple[int, Any, http.client.HTTPResponse]:
    connection.request("POST", "/invocations", body, HEADERS)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read()), answer


def test_it_starts_answers_and_holds_nothing_heavy(start: Start) -> None:
    began = time.monotonic()
    process = start()
    told = ready(process)
    assert time.monotonic() - began < 30
    connection = http.client.HTTPConnection("127.0.0.1", told["port"], timeout=20)
    status, answer, _ = post(connection)
    assert (status, answer["version"]) == (200, "churn:1.0.0")
    maps = Path(f"/proc/{process.pid}/maps")
    if maps.exists():
        loaded = maps.read_text()
        assert "/numpy/" in loaded
        assert not any(f"/{name}/" in loaded for name in ("pandas", "sklearn", "scipy", "pyarrow", "matplotlib"))


def test_sigterm_answers_what_is_in_flight_and_refuses_what_comes(start: Start) -> None:
    process = start()
    port = ready(process)["port"]
    idle = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    assert post(idle)[0] == 200
    half = socket.create_connection(("127.0.0.1", port), timeout=20)
    head = "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    half.sendall(f"{head}Content-Length: {len(BODY)}\r\n\r\n{BODY[:10]}".encode())
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.15)
    half.sendall(BODY[10:].encode())
    told = b""
    while chunk := half.recv(65536):
        told += chunk
    assert told.startswith(b"HTTP/1.1 200 OK")
    assert b"connection: close" in told
    assert process.wait(10) == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_no_request_is_lost_while_it_drains_behind_an_inherited_socket(start: Start) -> None:
    """As the supervisor holds the socket: what comes while one process ends waits for the next."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    port = listening.getsockname()[1]
    os.set_inheritable(listening.fileno(), True)
    first = start("--fd", str(listening.fileno()), close_fds=False)
    assert ready(first)["port"] == port
    statuses: list[int] = []
    stop = threading.Event()

    def client() -> None:
        while not stop.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            statuses.append(post(connection)[0])
            connection.close()

    threads = [threading.Thread(target=client) for _ in range(3)]
    for each in threads:
        each.start()
    time.sleep(0.5)
    second = start("--fd", str(listening.fileno()), close_fds=False)
    ready(second)
    first.send_signal(signal.SIGTERM)
    assert first.wait(20) == 0
    time.sleep(0.5)
    stop.set()
    for each in threads:
        each.join(30)
    listening.close()
    assert len(statuses) > 20
    assert set(statuses) == {200}


def test_a_huge_body_is_refused_to_a_client_that_sends_it_all(start: Start) -> None:
    port = ready(start())["port"]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    status, answer, _ = post(connection, " " * (50 << 20))
    assert (status, answer["field"]) == (413, "body")


def test_another_digest_is_refused(start: Start) -> None:
    process = start("--sha256", "0" * 64)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 5
    assert "is not churn 1.0.0 as it was registered" in told


def test_a_taken_port_is_told_before_anything_is_loaded(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = start("--port", str(taken.getsockname()[1]))
        _, told = process.communicate(timeout=60)
    assert process.returncode == 2
    assert told.count("\n") == 1
    assert "cannot listen on 127.0.0.1" in told
