"""`python -m axagents.serving.gateway --folder FOLDER (--port PORT | --fd N)`."""

import argparse
import asyncio
import json
import socket
from pathlib import Path

from axagents.project import open_project
from axagents.serving.gateway.process import serve
from axagents.serving.loop import new_event_loop


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description="The gateway of one deployment.")
    parser.add_argument("--folder", type=Path, required=True, help="the deployment's folder, with routing.json")
    parser.add_argument(
        "--project", type=lambda root: open_project(Path(root)), help="the project whose inference log is written"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fd", type=int, help="a listening socket that somebody else holds")
    parser.add_argument("--keeper", type=json.loads, default=[], help="the command line of a new supervisor, as JSON")
    asked = parser.parse_args()
    with _listening(asked.fd, asked.host, asked.port) as public, asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(serve(asked.folder, public, project=asked.project, keeper=asked.keeper))


def _listening(handle: int | None, host: str, port: int) -> socket.socket:
    found = socket.create_server((host, port), backlog=2048) if handle is None else socket.socket(fileno=handle)
    # What it accepts takes this over; asyncio would set it only on sockets that name their protocol.
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return found


if __name__ == "__main__":
    main()
