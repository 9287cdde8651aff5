"""One process that is kept running: started, asked whether it answers, started again when it died or hangs."""

import http.client
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from axagents.processes import identity, is_alive

State = Literal["starting", "ready", "waiting", "blocked", "stopped"]

DRAIN_SECONDS = 35
_FIRST_WAIT = 0.2
_LONGEST_WAIT = 30.0
_SOUND_AFTER = 60.0
_ASK_EVERY = 5.0
_HUNG_AFTER = 3
_ANSWER_WITHIN = 5.0


@dataclass
class Unit:
    """A process of a deployment; its listening socket is held here too, so that a new one takes up its connections.

    Attributes:
        command: gives the command line for the number of the inherited socket.
        restarts: how often it was started again.
        note: why it is not ready.
    """

    name: str
    host: str
    port: int
    command: Callable[[int], Sequence[str]]
    log: Path
    told: str = ""
    state: State = "stopped"
    restarts: int = 0
    note: str = ""
    _listening: socket.socket | None = None
    _process: "subprocess.Popen[bytes] | None" = None
    _begun: float = 0.0
    _failures: int = 0
    _next_start: float = 0.0
    _next_question: float = 0.0
    _unanswered: int = 0

    def adopt(self, told: str) -> None:
        """Take over a process that an earlier supervisor started, if it still runs."""
        if is_alive(told):
            self.told, self.state, self._begun = told, "starting", time.monotonic()

    @property
    def runs(self) -> bool:
        if self._process is not None:
            return self._process.poll() is None
        return bool(self.told) and is_alive(self.told)

    def keep(self) -> None:
        """Look at it once: start what does not run, ask what does, end what hangs."""
        now = time.monotonic()
        if not self.runs:
            self._come_back(now)
        elif now >= self._next_question:
            self._question(now)

    def _come_back(self, now: float) -> None:
        if self.told:
            self.note = self._how_it_ended()
            self._failures = 0 if self.state == "ready" and now - self._begun > _SOUND_AFTER else self._failures + 1
            self._next_start = now + min(_FIRST_WAIT * 2 ** (self._failures - 1), _LONGEST_WAIT) * (self._failures > 1)
            self.told, self._process, self.state = "", None, "waiting"
            self.restarts += 1
        if now >= self._next_start:
            self._start(now)

    def _how_it_ended(self) -> str:
        code = self._process.returncode if self._process is not None else None
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log.is_file() else []
        how = "ended" if code is None else f"died of {signal.Signals(-code).name}" if code < 0 else f"exit {code}"
        return f"{how}: {lines[-1][:300]}" if lines and code else how

    def _start(self, now: float) -> None:
        if self._listening is None and not self._listen():
            self._next_start = now + 1
            return
        assert self._listening is not None
        handle = self._listening.fileno()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(handle),
                pass_fds=[handle],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.told = identity(self._process.pid)
        self.state, self._begun, self._unanswered = "starting", now, 0
        self._next_question = now + 0.05

    def _listen(self) -> bool:
        try:
            self._listening = socket.create_server((self.host, self.port), backlog=2048)
        except OSError as error:
            self.state, self.note = "blocked", f"port {self.port} cannot be had: {error.strerror}"
            return False
        return True

    def _question(self, now: float) -> None:
        if answers(self.host, self.port):
            if self.state != "ready":
                self.state, self.note = "ready", ""
            self._unanswered = 0
            self._next_question = now + _ASK_EVERY
            return
        self._next_question = now + (0.1 if self.state == "starting" else 1.0)
        self._unanswered += self.state == "ready"
        if self._unanswered >= _HUNG_AFTER:
            self.note = f"it did not answer {_HUNG_AFTER} times"
            self.end(signal.SIGKILL, seconds=5)

    def end(self, by: int = signal.SIGTERM, *, seconds: float = DRAIN_SECONDS) -> None:
        """End it, after what is under way was answered; whatever is left after `seconds` is killed."""
        if not self.runs:
            return
        process = psutil.Process(int(self.told.partition(":")[0]))
        process.send_signal(by)
        try:
            process.wait(seconds)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(5)

    def stop(self) -> None:
        """End it for good, and let go of its socket."""
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        self.end()
        self.told, self._process, self.state = "", None, "stopped"


def answers(host: str, port: int) -> bool:
    """Tell whether `/ping` is answered with 200."""
    asking = http.client.HTTPConnection(host, port, timeout=_ANSWER_WITHIN)
    try:
        asking.request("GET", "/ping")
        return asking.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asking.close()


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that nobody listens on now."""
    with socket.create_server((host, 0)) as found:
        return found.getsockname()[1]
