"""What an MCP client meets: the same tools and schemas, honest errors, progress, cancellation."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest
from mcp import Client, MCPError

from axagents.catalog import open_catalog
from axagents.project import Project
from axagents.stores.runs import Runs
from axagents.workflows.engine import resume_workflow
from tests.effects.test_registry import make_folder, register
from tests.mcp.conftest import talk, told
from tests.workflows.conftest import AddFrame
from tests.workflows.conftest import add_frame as add_frame


async def list_tools(client: Client) -> dict[str, Any]:
    return {each.name: each for each in (await client.list_tools()).tools}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_tools_are_the_same_by_name_and_schema(lab: Project, mode: str) -> None:
    offered = talk(lab, list_tools, mode=mode)
    ours = open_catalog(lab).tools
    assert {name for name in offered if not name.startswith("ask-")} == set(ours)
    assert {"ask-tester", "ask-mlops-engineer"} < set(offered)
    for name, facts in ours.items():
        tool = offered[name]
        assert tool.input_schema == facts.parameters
        assert tool.annotations.read_only_hint is (facts.touches == "read")
        assert tool.annotations.destructive_hint is (facts.touches == "effect")
        assert tool.description.startswith(facts.description)
        assert tool.output_schema["type"] == "object"


def test_a_result_is_structured_as_its_schema_says(tracked: Project) -> None:
    make_folder(tracked)
    register(tracked)

    async def look(client: Client) -> Any:
        return await client.call_tool("registry-list-versions", {"model_name": "churn"})  # the client validates it

    result = talk(tracked, look)
    assert not result.is_error
    assert [each["version"] for each in result.structured_content["versions"]] == ["1.0.0"]
    assert json.loads(told(result)) == result.structured_content


def test_what_is_wrong_is_told_and_the_server_goes_on(bench: Project) -> None:
    async def err(client: Client) -> list[Any]:
        found: list[Any] = []
        for tool, arguments in (
            ("lab-count", {"txet": "abc"}),
            ("lab-break", {"how": "told"}),
            ("lab-break", {"how": "bug"}),
            ("lab-die", {"code": 7}),
            ("data-profile", {"dataset": str(bench.root / "ax.toml")}),
            ("lab-count", {"text": "abc"}),
        ):
            found.append(await client.call_tool(tool, arguments))
        with pytest.raises(MCPError, match="did you mean lab-count"):
            await client.call_tool("lab-cuont", {})
        return found

    wrong, stuck, bug, died, path, good = talk(bench, err)
    assert wrong.is_error
    assert "txet: there is no such field; did you mean text?" in told(wrong)
    assert wrong.structured_content["error"]["legal"] == ["text"]
    assert told(stuck) == "it is stuck\nnext: oil it"
    assert "the tool lab-break broke: RuntimeError: a wheel came off" in told(bug)
    assert "the process that made the call of lab-die ended (exit 7)" in told(died)
    assert path.is_error  # an agent reads datasets of the catalog only
    assert good.structured_content["letters"] == 3
    assert [each.is_error for each in (stuck, bug, died, good)] == [True, True, True, False]


def test_broken_settings_are_told_until_they_are_mended(lab: Project) -> None:
    settings = lab.root / "ax.toml"

    async def talk_on(client: Client) -> Any:
        before = settings.read_text()
        settings.write_text("[train]\nfolds = 1\n")
        for asking in (client.list_tools(), client.call_tool("lab-count", {"text": "abc"})):
            with pytest.raises(MCPError, match=r"setting train\.folds"):
                await asking
        settings.write_text(before)
        return await client.call_tool("lab-count", {"text": "abc"})

    assert talk(lab, talk_on).structured_content["letters"] == 3


def test_several_calls_are_made_at_once(bench: Project) -> None:
    async def at_once(client: Client) -> float:
        await asyncio.gather(*(client.call_tool("lab-sleep", {"seconds": 0.01}) for _ in range(2)))  # workers start
        began = time.monotonic()
        results = await asyncio.gather(*(client.call_tool("lab-sleep", {"seconds": 2.0}) for _ in range(2)))
        assert all(not each.is_error for each in results)
        return time.monotonic() - began

    assert talk(bench, at_once) < 3.8


def test_what_a_tool_prints_is_no_protocol(bench: Project) -> None:
    async def printing(client: Client) -> Any:
        return await client.call_tool("lab-print", {"text": '{"jsonrpc": "2.0"} in the middle'})

    assert talk(bench, printing).structured_content == {"printed": "it"}
    assert "in the middle" in (bench.root / "server.log").read_text()


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_progress_grows_and_notes_are_told(tracked: Project, mode: str) -> None:
    progress: list[tuple[float, float, str]] = []
    notes: list[Any] = []

    async def heard(now: float, total: float | None, message: str | None) -> None:
        progress.append((now, total or 0.0, message or ""))

    async def logged(params: Any) -> None:
        notes.append(params.data)

    async def track(client: Client) -> Any:
        arguments = {"experiment_name": "tea", "metrics": {"f1": 0.5}}
        return await client.call_tool("ml-experiment-tracker", arguments, progress_callback=heard)

    result = talk(tracked, track, mode=mode, logging_callback=logged, log_level="info")
    assert not result.is_error, told(result)
    assert [now for now, *_ in progress] == sorted({now for now, *_ in progress})
    assert progress[0][2] == "ml-experiment-tracker: initialize_experiment"
    assert progress[-1][0] == progress[-1][1] == 6  # the steps of ml-experiment-tracker, as the guide has them
    assert notes


def test_a_cancelled_call_is_broken_off_at_once(bench: Project) -> None:
    async def cancelled(client: Client) -> float:
        with anyio.move_on_after(1.5):
            await client.call_tool("lab-sleep", {"seconds": 60.0})
        began = time.monotonic()
        while workers(bench):
            await anyio.sleep(0.05)
        took = time.monotonic() - began
        assert not (await client.call_tool("lab-count", {"text": "abc"})).is_error
        return took

    assert talk(bench, cancelled) < 3


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_cancelled_training_stops_and_can_be_resumed(add_frame: AddFrame, tracked: Project, mode: str) -> None:
    from sklearn.datasets import load_iris

    add_frame("iris", load_iris(as_frame=True).frame, target="target")
    searching = anyio.Event()

    async def heard(_now: float, _total: float | None, message: str | None) -> None:
        if message == "ml-train: search":
            searching.set()

    async def cancelled(client: Client) -> float:
        async with anyio.create_task_group() as group:
            group.start_soon(_train, client, heard)
            await searching.wait()
            began = time.monotonic()
            group.cancel_scope.cancel()
        while not (failed := Runs(tracked).newest(status="failed")):
            await anyio.sleep(0.05)
        assert failed[0].error
        assert failed[0].error["message"] == "interrupted"
        took = time.monotonic() - began
        assert not (await client.call_tool("memory-search", {"query": "x", "namespace": "notes"})).is_error
        return took

    assert talk(tracked, cancelled, mode=mode) < 4
    assert workers(tracked) == []
    run = Runs(tracked).newest(name="ml-train")[0]
    done = resume_workflow(tracked, run.run_id)
    assert done.status == "completed"


async def _train(client: Client, heard: Any) -> None:
    arguments = {"dataset": "iris", "search_seconds": 12, "model": "auto"}
    await client.call_tool("ml-train", arguments, progress_callback=heard)


def test_a_call_is_broken_off_when_the_client_is_gone(bench: Project) -> None:
    async def leave(client: Client) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "lab-sleep", {"seconds": 60.0})
            await anyio.sleep(1.5)
            assert workers(bench)
            raise ConnectionAbortedError

    began = time.monotonic()
    with pytest.raises(ExceptionGroup):
        talk(bench, leave)
    while workers(bench) and time.monotonic() - began < 30:
        time.sleep(0.1)
    assert workers(bench) == []


def test_it_ends_by_ctrl_c_though_its_client_says_nothing(project: Project) -> None:
    command = [sys.executable, "-m", "axagents", "mcp", "serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin
        assert server.stdout
        server.stdin.write(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"}).encode() + b"\n")
        server.stdin.flush()
        assert json.loads(server.stdout.readline())["id"] == 1  # it is serving, and goes on reading
        server.send_signal(signal.SIGINT)
        assert server.wait(10) == -signal.SIGINT


def test_outside_a_project_it_says_so_and_serves_nothing(ax: Callable[..., Any], tmp_path: Path) -> None:
    done = ax("mcp", "serve", cwd=tmp_path)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "ax init" in done.stderr


def workers(project: Project) -> list[int]:
    """The processes that make calls in a project, wherever they hang in the tree of processes."""
    return [
        each.info["pid"]
        for each in psutil.process_iter(["pid", "cmdline", "cwd"])
        if "axagents.mcp.worker" in (each.info["cmdline"] or []) and each.info["cwd"] == str(project.root)
    ]
