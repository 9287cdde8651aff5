"""The gateway's process: sockets that somebody else may hold, signals, and an eye on the routing."""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import socket
from collections.abc import Callable, Generator
from pathlib import Path

import uvicorn

from axagents.errors import AxError
from axagents.filesystem import write_whole
from axagents.serving.gateway.answering import Answered, Answerer
from axagents.serving.gateway.app import Admin, Gateway
from axagents.serving.gateway.counters import Counters
from axagents.serving.gateway.traffic import Traffic

ANNOUNCED = "gateway.json"
_LOOK_EVERY = 0.1
_KEEP_ALIVE = 75
_DRAIN = 30


class _Server(uvicorn.Server):
    """A server that leaves the signals to the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Do nothing."""
        yield


async def serve(
    folder: Path, public: socket.socket, *, record: Callable[[Traffic, Counters], Callable[[Answered], None]]
) -> None:
    """Serve the deployment of `folder` until SIGTERM or SIGINT; what is under way is answered first."""
    traffic, counters = Traffic(folder), Counters()
    answerer = Answerer(traffic, counters, record=record(traffic, counters))
    front = _server(Gateway(traffic, counters, answerer))
    token = secrets.token_urlsafe(24)
    admin = _server(Admin(traffic, counters, token=token))
    ended = _stop_at_signals()
    answerer.mirror.start()
    looking = asyncio.create_task(_follow(traffic))
    with _announced(folder, token) as private:
        serving = [
            asyncio.create_task(front.serve(sockets=[public])),
            asyncio.create_task(admin.serve(sockets=[private])),
        ]
        await ended.wait()
        front.should_exit = admin.should_exit = True
        await asyncio.gather(*serving)
    looking.cancel()
    await answerer.mirror.stop()
    traffic.close()


def _server(app: Gateway | Admin) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            http="httptools",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=False,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=_DRAIN,
        )
    )


def _stop_at_signals() -> asyncio.Event:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, ended.set)
    return ended


async def _follow(traffic: Traffic) -> None:
    """Look at the routing ten times a second, for those who change it without a word; a broken file changes nothing."""
    while True:
        await asyncio.sleep(_LOOK_EVERY)
        with contextlib.suppress(AxError):
            traffic.refresh()


@contextlib.contextmanager
def _announced(folder: Path, token: str) -> Generator[socket.socket]:
    """Listen for the owner on loopback, and say in the folder, to its owner only, where and under which token."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as private:
        address = "{}:{}".format(*private.getsockname())
        path = folder / ANNOUNCED
        path.touch(0o600)
        write_whole(path, json.dumps({"pid": os.getpid(), "address": address, "token": token}))
        path.chmod(0o600)
        yield private
