"""A model is checked where it can reach nobody, take no more than its share, and must answer as it did."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from axagents.errors import Failed, Refused
from axagents.stores.models.check import Limits, check_model

CELL = "from axagents.stores.models.cell import leave_network, limit_memory, shut_doors; import socket, subprocess\n"


def in_a_cell(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", CELL + code], capture_output=True, text=True, check=False)


def test_a_model_answers_its_example_as_when_it_was_saved(
    copied_pipeline: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = copied_pipeline.parent / "here"
    trap.mkdir()
    (trap / "yaml.py").write_text("raise SystemExit('imported from the working folder')")
    monkeypatch.chdir(trap)
    before = sorted(os.listdir(copied_pipeline))
    found = check_model(copied_pipeline)
    assert (found.rows, found.compared) == (5, True)
    assert found.network in {"none", "blocked"}
    assert sorted(os.listdir(copied_pipeline)) == before


def test_a_model_that_answers_otherwise_fails(copied: Path) -> None:
    path = copied / "axagents.json"
    card = json.loads(path.read_text())
    card["calibrator"]["intercept"] = 0.5
    path.write_text(json.dumps(card))
    with pytest.raises(Failed, match=r"answers its input example with .*; saved, it said"):
        check_model(copied)


@pytest.mark.slow
def test_what_is_refused_is_refused_in_the_cell_too(copied: Path) -> None:
    (copied / "extra.py").write_text("")
    with pytest.raises(Refused, match="holds code"):
        check_model(copied)


def test_time_is_bounded(copied: Path) -> None:
    with pytest.raises(Failed, match=r"within 0\.2 s"):
        check_model(copied, limits=Limits(seconds=0.2))


def test_no_key_reaches_the_cell(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from axagents.stores.models.check import _environment  # pyright: ignore[reportPrivateUsage]

    monkeypatch.setenv("ANTHROPIC_API_KEY", "secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert "secret" not in _environment().values()


def test_without_the_network_loopback_is_gone_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = in_a_cell(f"print(leave_network())\nsocket.create_connection(('127.0.0.1', {port}), timeout=2)")
    if done.stdout.strip() == "False":
        pytest.skip("this system lets nobody make a network namespace")
    assert "OSError" in done.stderr or "unreachable" in done.stderr, done.stderr


@pytest.mark.parametrize(
    "code",
    [
        "socket.socket()",
        "socket.getaddrinfo('localhost', 80)",
        "subprocess.run(['true'])",
        "import os; os.system('true')",
        "import os; os.fork()",
        "import os; os.execv('/bin/true', ['true'])",
    ],
)
def test_behind_shut_doors_there_is_neither_socket_nor_process(code: str) -> None:
    done = in_a_cell(f"shut_doors()\n{code}\nprint('it went through')")
    assert "it went through" not in done.stdout
    assert "PermissionError: a model under check may not use" in done.stderr


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux bounds the address space")
def test_memory_is_bounded() -> None:
    done = in_a_cell("limit_memory(64)\nbytearray(1 << 30)")
    assert "MemoryError" in done.stderr


def test_a_process_that_dies_is_told(copied: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nkill -SEGV $$\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(Failed, match="it died of SIGSEGV"):
        check_model(copied)


@pytest.mark.slow
def test_a_model_without_example_is_loaded_and_says_so(copied: Path) -> None:
    for name in ("axagents.json", "input_example.json"):
        (copied / name).unlink()
    found = check_model(copied)
    assert (found.rows, found.compared) == (0, False)
