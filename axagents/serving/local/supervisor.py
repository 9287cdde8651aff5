"""Keep what is wanted running: gateways and servers of all local deployments of one project."""

import contextlib
import json
import signal
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

from filelock import FileLock, Timeout

from axagents.errors import AxError, Failed
from axagents.filesystem import write_whole
from axagents.processes import identity, is_alive
from axagents.serving.local.unit import State, Unit
from axagents.serving.local.wanted import WANTED, Server, Wanted
from axagents.serving.routing import routing_path

PROCESSES = "processes.json"
SUPERVISOR = "supervisor.json"
GATEWAY = "gateway"
_LOOK_EVERY = 0.1


@dataclass(frozen=True)
class Seen:
    """How a process of a deployment stood when the supervisor last looked."""

    name: str
    process: str
    state: State
    address: str
    restarts: int
    note: str


class Supervisor:
    """Looks ten times a second at what is wanted on disk and makes it so; one for a project.

    Args:
        folder: `.ax/deployments` of the project.
        again: the command line that starts a supervisor like this one; gateways call it when theirs has died.
        chores: what else is done at each look; one that fails with an AxError is told on standard error.
    """

    def __init__(self, folder: Path, *, again: Sequence[str] = (), chores: Sequence[Callable[[], None]] = ()) -> None:
        self._folder = folder
        self._again = list(again)
        self._chores = chores
        self._units: dict[str, dict[str, Unit]] = {}
        self._written: dict[str, str] = {}
        self._ended = threading.Event()
        self._stopping = ThreadPoolExecutor(8, thread_name_prefix="stopping")

    def run(self) -> None:
        """Keep at it until SIGTERM or SIGINT, then end all processes, each after it has answered what is under way.

        Raises:
            Failed: another supervisor is at work.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._folder / ".supervisor.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise Failed("another ax serve keeps this project's deployments already", hint="ax deploy list") from None
        with lock, _signals(self._end):
            write_whole(self._folder / SUPERVISOR, json.dumps({"process": identity()}))
            while not self._ended.wait(_LOOK_EVERY):
                self.look()
            self._stop_all()
            (self._folder / SUPERVISOR).unlink(missing_ok=True)

    def look(self) -> None:
        """Look once at everything."""
        for folder in sorted(each.parent for each in self._folder.glob(f"*/{WANTED.file}")):
            with _told():
                wanted = WANTED.read(folder)
                if wanted is not None:
                    self._keep(folder, wanted)
        for chore in self._chores:
            with _told():
                chore()

    def _end(self, _signal: int, _frame: FrameType | None) -> None:
        self._ended.set()

    def _keep(self, folder: Path, wanted: Wanted) -> None:
        units = self._units.setdefault(folder.name, {})
        asked = _units(folder, wanted, again=self._again) if wanted.running else {}
        if not units:
            for told in seen(folder):
                if told.name in asked:
                    asked[told.name].adopt(told.process)
        gone = [units.pop(name) for name in list(units) if name not in asked or _moved(units[name], asked[name])]
        for name, unit in asked.items():
            units.setdefault(name, unit)
        for unit in gone:
            self._stopping.submit(unit.stop)
        for unit in units.values():
            unit.keep()
        self._write(folder, units)

    def _write(self, folder: Path, units: dict[str, Unit]) -> None:
        text = json.dumps([asdict(_seen(each)) for each in units.values()], indent=1)
        if self._written.get(folder.name) != text:
            write_whole(folder / PROCESSES, text)
            self._written[folder.name] = text

    def _stop_all(self) -> None:
        gateways = [units.pop(GATEWAY) for units in self._units.values() if GATEWAY in units]
        _stop(gateways)
        _stop([unit for units in self._units.values() for unit in units.values()])
        self._stopping.shutdown()
        for name in self._units:
            self._write(self._folder / name, {})


def seen(folder: Path) -> list[Seen]:
    """Return how the processes of a deployment stood at the supervisor's last look, none where it never looked."""
    try:
        return [Seen(**each) for each in json.loads((folder / PROCESSES).read_text())]
    except FileNotFoundError:
        return []


def supervisor_of(folder: Path) -> str | None:
    """Return the identity of the supervisor that keeps `.ax/deployments`, None when none runs."""
    try:
        told: str = json.loads((folder / SUPERVISOR).read_text())["process"]
    except FileNotFoundError:
        return None
    return told if is_alive(told) else None


def _units(folder: Path, wanted: Wanted, *, again: Sequence[str]) -> dict[str, Unit]:
    logs = folder / "logs"
    found = {
        each.name: Unit(each.name, "127.0.0.1", each.port, _serving(each, folder), logs / f"{each.name}.log")
        for each in wanted.servers
    }
    if routing_path(folder).exists():
        found[GATEWAY] = Unit(GATEWAY, wanted.host, wanted.port, _gateway(folder, again), logs / f"{GATEWAY}.log")
    return found


def _serving(server: Server, folder: Path) -> Callable[[int], list[str]]:
    def command(handle: int) -> list[str]:
        told = {
            "--folder": server.folder,
            "--name": server.model,
            "--version": server.version,
            "--sha256": server.sha256,
        }
        named = [part for name, value in told.items() for part in (name, str(value))]
        ignored = [part for column in server.ignored for part in ("--ignore", column)]
        prepared = ["--prepared", str(folder.parent / ".prepared")]
        return [sys.executable, "-m", "axagents.serving.server", *named, "--fd", str(handle), *prepared, *ignored]

    return command


def _gateway(folder: Path, again: Sequence[str]) -> Callable[[int], list[str]]:
    def command(handle: int) -> list[str]:
        told = ["--folder", str(folder), "--fd", str(handle), "--project", str(folder.parents[2])]
        keeper = ["--keeper", json.dumps(list(again))] if again else []
        return [sys.executable, "-m", "axagents.serving.gateway", *told, *keeper]

    return command


def _moved(unit: Unit, asked: Unit) -> bool:
    return unit.command(0) != asked.command(0) or (unit.host, unit.port) != (asked.host, asked.port)


def _stop(units: Sequence[Unit]) -> None:
    if units:
        with ThreadPoolExecutor(len(units)) as pool:
            list(pool.map(Unit.stop, units))


def _seen(unit: Unit) -> Seen:
    return Seen(unit.name, unit.told, unit.state, f"{unit.host}:{unit.port}", unit.restarts, unit.note)


@contextlib.contextmanager
def _told() -> Generator[None]:
    try:
        yield
    except AxError as error:
        sys.stderr.write(f"{error.message}\n")


@contextlib.contextmanager
def _signals(handler: Callable[[int, FrameType | None], None]) -> Generator[None]:
    before = {each: signal.signal(each, handler) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        yield
    finally:
        for each, old in before.items():
            signal.signal(each, old)
