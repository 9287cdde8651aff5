"""The first model call is on its way before the libraries load that walk the graph."""

import subprocess
import sys
import textwrap
from pathlib import Path

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
