"""`python -m axagents.serving.server`: open one version and serve it until SIGTERM."""

import argparse
import asyncio
import gc
import json
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

import uvicorn
from typing_extensions import override

from axagents.errors import AxError, Refused, UserError
from axagents.serving.engine.answering import Engine
from axagents.serving.engine.opening import open_engine
from axagents.serving.server.app import Server

_BACKLOG = 2048
_IDLE_SECONDS = 300
_DRAIN_SECONDS = 30
_LAST_CALL_SECONDS = 0.2


class Draining(uvicorn.Server):
    """A server that, told to end, first lets idle connections hear of it with the answer to their next request."""

    def __init__(self, config: uvicorn.Config, app: Server) -> None:
        super().__init__(config)
        self._app = app

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.draining = True
        for server in self.servers:
            server.close()
        await asyncio.sleep(_LAST_CALL_SECONDS)
        await super().shutdown(sockets)


def main() -> None:
    """Parse the arguments, open the version, tell on standard output that it is ready, and serve."""
    asked = _arguments()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    try:
        listening = _listen(asked)
        engine = _open(asked)
    except AxError as error:
        hint = f" ({error.hint})" if error.hint else ""
        sys.stderr.write(f"{error.message}{hint}\n")
        sys.exit(error.exit_code)
    app = Server(engine, model=asked.name, version=asked.version)
    config = uvicorn.Config(
        app,  # pyright: ignore[reportArgumentType] - uvicorn's own types of ASGI are narrower than ASGI
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="warning",
        backlog=_BACKLOG,
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        server_header=False,
    )
    # uvicorn raises the signal anew when it has drained; that is then the regular end.
    signal.signal(signal.SIGTERM, _end)
    # What lives as long as the process need not be looked at again by the garbage collector.
    gc.collect()
    gc.freeze()
    listening.listen(_BACKLOG)
    told = {"ready": True, "port": _port(listening), "pid": os.getpid(), "engine": engine.name}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    Draining(config, app).run(sockets=[listening])


def _end(_signal: int, _frame: Any) -> None:
    sys.exit(0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m axagents.serving.server", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="the version's model folder")
    parser.add_argument("--name", required=True, help="the model's name")
    parser.add_argument("--version", required=True)
    parser.add_argument("--sha256", help="the digest that the registry holds; another one is refused")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--fd", type=int, help="a listening socket that was inherited, in place of host and port")
    parser.add_argument("--prepared", type=Path, help="where prepared versions are kept, by their digest")
    parser.add_argument("--allow-pickle", action="store_true", help="read a pickle whose digest is --sha256")
    parser.add_argument("--ignore", action="append", default=[], help="a column that requests may bring; repeat it")
    return parser.parse_args()


def _listen(asked: argparse.Namespace) -> socket.socket:
    if asked.fd is not None:
        try:
            return socket.socket(fileno=asked.fd)
        except OSError as error:
            raise UserError(f"the file descriptor {asked.fd} is no socket: {error}", field="fd") from None
    family = socket.AF_INET6 if ":" in asked.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((asked.host, asked.port))
    except OSError as error:
        told = f"cannot listen on {asked.host}:{asked.port}: {error.strerror or error}"
        raise UserError(told, field="port", hint="give another port, or 0 for a free one") from None
    except OverflowError:
        raise UserError(f"{asked.port} is no port; it is 0 to 65535", field="port") from None
    return made


def _port(listening: socket.socket) -> int | None:
    name: Any = listening.getsockname()
    return name[1] if isinstance(name, tuple) else None


def _open(asked: argparse.Namespace) -> Engine:
    engine = open_engine(
        asked.folder,
        allow_pickle=asked.allow_pickle,
        held={asked.sha256} if asked.sha256 else (),
        prepared=asked.prepared,
        ignored=asked.ignore,
    )
    if asked.sha256 and engine.sha256 != asked.sha256:
        raise Refused(
            f"{asked.folder} is not {asked.name} {asked.version} as it was registered: its SHA-256 is {engine.sha256}",
            field="sha256",
            hint=f"the registry holds {asked.sha256}; restore the folder from a backup",
        )
    return engine


if __name__ == "__main__":
    main()
