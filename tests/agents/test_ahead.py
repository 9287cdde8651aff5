"""The first model call is on its way before the libraries load that walk the graph."""

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from axagents.agents import ahead
from axagents.agents.context import AgentContext
from axagents.agents.conversation import recall
from axagents.agents.opening import open_context, open_desk
from axagents.agents.request import Request
from axagents.agents.thinking import take_turn
from axagents.llm.turn import Turn
from axagents.project import Project
from axagents.stores.runs import Runs

SCRIPT = """
    import json, sys, threading, time
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from pathlib import Path

    seen = []

    def loaded():
        return hasattr(sys.modules.get("axagents.agents.walking"), "walk")

    class Model(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            before = loaded()
            end = time.monotonic() + 60
            while not loaded() and time.monotonic() < end:
                time.sleep(0.01)
            seen.append((before, time.monotonic() < end))
            message = {"role": "assistant", "content": "hello"}
            body = json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    from axagents.project import create_project, open_project, use_project

    create_project(Path.cwd())
    Path("ax.toml").write_text(
        f'[providers.slow]\\nbase_url = "http://127.0.0.1:{server.server_port}/v1"\\nmodel = "m"\\n'
    )
    project = open_project(Path.cwd())
    from axagents.agents.request import Request
    from axagents.agents.run import run_agent

    with use_project(project):
        done = run_agent(project, Request("writer", "say hello", "slow"))
    print(json.dumps({"answer": done.answer, "seen": seen, "turns": done.steps}))
"""


def test_libraries_load_while_the_model_is_at_work(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    # One request, which came before LangGraph was loaded; and by the time that it was answered, it was.
    assert done.stdout.strip() == '{"answer": "hello", "seen": [[false, true]], "turns": 1}'


def run_nobody(_context: AgentContext, _request: Request) -> dict[str, Any]:
    return {}


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("a wheel came off")])
def test_what_breaks_ahead_is_met_where_the_turn_is_waited_for(
    project: Project, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    class Model:
        name = "model"
        context_window: int | None = None
        is_paid = True
        asked = 0

        def take_turn(self, system: str, messages: Any, offers: Any) -> Turn:
            self.asked += 1
            raise error

    monkeypatch.setattr(ahead, "_LIBRARY", "not.loaded.yet")
    model, request = Model(), Request("writer", "say hello")
    run_id = Runs(project).start("agent", "writer", request.as_record())
    context = open_context(open_desk(project, request, model), request, run_id, hand_on=run_nobody)
    ahead.ask_ahead(context)
    with pytest.raises(type(error)):
        take_turn(context, recall(context))
    assert model.asked == 1
