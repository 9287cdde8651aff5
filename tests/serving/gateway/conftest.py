"""A gateway process before servers of their own, all on loopback."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from axagents.serving.routing import Routing, Unit, Variant, change_routing, read_routing, write_first
from axagents.serving.routing.dealing import deal_canary
from axagents.serving.routing.state import Role

BACKEND = Path(__file__).with_name("backend.py")


@dataclass
class Backend:
    """A server whose socket outlives its process, so that it can die and come back."""

    version: str
    score: float = 0.25
    listening: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0), backlog=256))
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def address(self) -> str:
        return "{}:{}".format(*self.listening.getsockname())

    def start(self) -> None:
        handle = self.listening.fileno()
        command = [sys.executable, str(BACKEND), "--fd", str(handle), "--version", self.version]
        self.process = subprocess.Popen([*command, "--score", str(self.score)], pass_fds=[handle])

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def close(self) -> None:
        self.kill()
        self.listening.close()


@dataclass
class Deployment:
    """One deployment: its folder, its servers and its gateway."""

    folder: Path
    stable: Backend
    canary: Backend
    listening: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0), backlog=256))
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return "http://{}:{}".format(*self.listening.getsockname())

    def routing(self, percent: float, *, unit: Unit | None = None, mirrored: bool = False) -> Routing:
        dealt = deal_canary(percent)
        servers: dict[Role, Backend] = {"stable": self.stable, "baseline": self.stable, "canary": self.canary}
        variants = tuple(
            Variant(
                name=role,
                role=role,
                model="churn",
                version=server.version,
                sha256="a" * 64,
                address=server.address,
                slots=dealt[role],
                mirrored=mirrored and role == "canary",
            )
            for role, server in servers.items()
        )
        return Routing(deployment="churn-prod", revision=1, salt="some salt", unit=unit, variants=variants)

    def begin(self, percent: float, *, unit: Unit | None = None, mirrored: bool = False) -> None:
        write_first(self.folder, self.routing(percent, unit=unit, mirrored=mirrored))
        self.stable.start()
        self.canary.start()
        self.start()

    def start(self) -> None:
        handle = self.listening.fileno()
        command = [sys.executable, "-m", "axagents.serving.gateway", "--folder", str(self.folder), "--fd", str(handle)]
        self.process = subprocess.Popen(command, pass_fds=[handle])
        wait_for(lambda: httpx2.get(f"{self.url}/ping", timeout=30).status_code == 200)

    def shift(self, percent: float) -> int:
        """Change the share and tell the gateway; return the revision in force."""
        now = read_routing(self.folder)
        dealt = self.routing(percent, unit=now.unit).variants
        change_routing(self.folder, seen=now.revision, change=lambda old: old.model_copy(update={"variants": dealt}))
        return self.admin("POST", "/reload")["revision"]

    def admin(self, method: str, path: str) -> dict[str, Any]:
        told = json.loads((self.folder / "gateway.json").read_text())
        headers = {"authorization": f"Bearer {told['token']}"}
        return httpx2.request(method, f"http://{told['address']}{path}", headers=headers).json()

    def ask(self, unit: str | None = None, **body: Any) -> httpx2.Response:
        headers = {} if unit is None else {"x-unit": unit}
        return httpx2.post(f"{self.url}/invocations", json=body, headers=headers, timeout=60)

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.stable.close()
        self.canary.close()
        self.listening.close()


def wait_for(condition: Any, *, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            if condition():
                return
        except httpx2.TransportError:
            pass
        assert time.monotonic() < until, "it did not come about"
        time.sleep(0.05)


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    made = Deployment(tmp_path / "churn-prod", Backend("2.0.0"), Backend("2.1.0", score=0.75))
    yield made
    made.close()
