"""The gateway's process: sockets that somebody else may hold, signals, and an eye on the routing."""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import socket
from collections.abc import Generator, Sequence
from pathlib import Path

import uvicorn

from axagents.errors import AxError
from axagents.filesystem import write_whole
from axagents.project import Project
from axagents.serving.gateway import ANNOUNCED
from axagents.serving.gateway.answering import Answered, Answerer
from axagents.serving.gateway.app import Admin, Gateway
from axagents.serving.gateway.counters import Counters
from axagents.serving.gateway.recorder import Recorder
from axagents.serving.gateway.traffic import Traffic

_LOOK_EVERY = 0.1
_MIND_EVERY = 0.5
_KEEP_ALIVE = 75
_DRAIN = 30


class _Server(uvicorn.Server):
    """A server that leaves the signals to the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Do nothing."""
        yield


async def serve(
    folder: Path,
    public: socket.socket,
    *,
    project: Project | None = None,
    keeper: Sequence[str] = (),
) -> None:
    """Serve the deployment of `folder` until SIGTERM or SIGINT; what is under way is answered first.

    Args:
        project: where the inference log is kept; None keeps none.
        keeper: the command line of a new supervisor, should the one that started this process die.
    """
    traffic, counters = Traffic(folder), Counters()
    recorder = Recorder(project, traffic, counters) if project else None
    answerer = Answerer(traffic, counters, record=recorder or _forget)
    take_outcomes = recorder.take_outcomes if recorder else None
    front = _server(Gateway(traffic, counters, answerer, take_outcomes=take_outcomes))
    token = secrets.token_urlsafe(24)
    admin = _server(Admin(traffic, counters, token=token))
    ended = _stop_at_signals()
    answerer.mirror.start()
    looking = [asyncio.create_task(_follow(traffic)), asyncio.create_task(_mind(keeper))]
    with _announced(folder, token) as private:
        serving = [
            asyncio.create_task(front.serve(sockets=[public])),
            asyncio.create_task(admin.serve(sockets=[private])),
        ]
        await ended.wait()
        front.should_exit = admin.should_exit = True
        await asyncio.gather(*serving)
    for each in looking:
        each.cancel()
    await answerer.mirror.stop()
    traffic.close()
    if recorder:
        await asyncio.to_thread(recorder.close)


def _forget(_answered: Answered) -> None: ...


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


async def _mind(keeper: Sequence[str]) -> None:
    """Start a new supervisor when the one that started this process is gone; of several that are started one stays."""
    parent = os.getppid()
    while keeper and os.getppid() == parent:
        await asyncio.sleep(_MIND_EVERY)
    if keeper:
        await asyncio.create_subprocess_exec(*keeper, start_new_session=True, stdin=asyncio.subprocess.DEVNULL)


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
