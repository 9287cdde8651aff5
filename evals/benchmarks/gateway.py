"""The gateway before a real model server, on loopback: what it adds, mirrored and logged; and a change under load."""

import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from axagents.project import Project, create_project
from axagents.serving.routing import SLOTS, Routing, Variant, change_routing, read_routing, write_first
from axagents.serving.routing.dealing import deal_canary
from axagents.serving.routing.state import Role
from axagents.stores.models.digest import digest
from axagents.stores.models.save import save_model
from evals.benchmarks.loadgen import Load, joined, load
from evals.benchmarks.row import Row, at_least, at_most
from evals.benchmarks.served import Serving, served
from evals.benchmarks.serving import models, requests_of

ROUNDS, SECONDS = 5, 1.5
CHANGING_SECONDS = 8.0


@dataclass(frozen=True)
class World:
    """A project with one version, its server, and requests for it."""

    project: Project
    sha256: str
    server: Serving
    requests: list[bytes]

    def routing(self, name: str, *, canary: float = 0, mirrored: bool = False) -> Routing:
        """Return a routing of which every variant is the one server."""
        slots = deal_canary(canary) | {"warm": (SLOTS, SLOTS)}
        roles: tuple[Role, ...] = ("stable", "canary", "baseline", "warm")
        address = f"127.0.0.1:{self.server.port}"
        variants = tuple(
            Variant(
                name=role,
                role=role,
                model="xgboost",
                version="1.0.0",
                sha256=self.sha256,
                address=address,
                slots=slots[role],
                mirrored=mirrored and role == "warm",
            )
            for role in roles
        )
        return Routing(deployment=name, salt="of the benchmark", variants=variants)


def measure() -> list[Row]:
    """Measure one row a request: direct, through the gateway, with a mirror, with the log; then changes under load."""
    with _world() as world:
        plain, mirrored, logged = (
            _gateway(world, name, mirrored=name == "mirrored", logged=name == "logged")
            for name in ("plain", "mirrored", "logged")
        )
        with plain as before, mirrored as copying, logged as logging:
            found = _in_turns(world, {"direct": world.server, "plain": before, "mirrored": copying, "logged": logging})
            busy = _busy(world, before)
            changed = _changing(world, before)
    added = {name: each.p50 - found["plain"].p50 for name, each in found.items()}
    errors = sum(each.errors for each in found.values())
    return [
        Row("one row, direct: p50", "ms", round(found["direct"].p50, 3), None, "", None),
        at_most("through the gateway: p50 above the direct server's", "ms", ours=-added["direct"], limit=0.5),
        at_most("with every request mirrored: more", "ms", ours=added["mirrored"], limit=0.5),
        at_most("with every request logged: more", "ms", ours=added["logged"], limit=0.1),
        at_least("requests a second of gateway CPU, one core", "/s", ours=busy, limit=3000),
        at_most(f"failed of {changed.requests:,} while shares changed all the time", "", ours=changed.errors, limit=0),
        at_most(f"failed of {sum(each.requests for each in found.values()):,} else", "", ours=errors, limit=0),
    ]


@contextmanager
def _world() -> Generator[World]:
    with tempfile.TemporaryDirectory(prefix="ax-gateway-") as name:
        fitted, frame = models()["xgboost"]
        folder = Path(name) / "xgboost"
        save_model(folder, fitted, input_example=frame, training={})
        command = ["-m", "axagents.serving.server", "--folder", str(folder), "--name", "xgboost", "--version", "1.0.0"]
        with served([*command, "--prepared", str(Path(name) / "prepared"), "--port"]) as server:
            project = create_project(Path(name) / "project")
            yield World(project, digest(folder), server, requests_of(frame, 1))


@contextmanager
def _gateway(world: World, name: str, *, mirrored: bool, logged: bool) -> Generator[Serving]:
    folder = world.project.deployments_path / name
    write_first(folder, world.routing(name, mirrored=mirrored))
    log = ["--project", str(world.project.root)] if logged else []
    with served(["-m", "axagents.serving.gateway", "--folder", str(folder), *log, "--port"]) as gateway:
        yield gateway


def _in_turns(world: World, servers: dict[str, Serving]) -> dict[str, Load]:
    loads: dict[str, list[Load]] = {name: [] for name in servers}
    for _ in range(ROUNDS):
        for name, each in servers.items():
            loads[name].append(load(each.port, world.requests, seconds=SECONDS, connections=1))
    return {name: joined(each) for name, each in loads.items()}


def _busy(world: World, gateway: Serving) -> float:
    """Return how many requests a second of the gateway's own CPU time answers, with many connections."""
    before = gateway.cpu()
    done = load(gateway.port, world.requests, seconds=2 * SECONDS, connections=16)
    return done.requests / (gateway.cpu() - before)


def _changing(world: World, gateway: Serving) -> Load:
    folder, done = world.project.deployments_path / "plain", threading.Event()

    def change() -> None:
        percent = 0
        while not done.is_set():
            percent = (percent + 7) % 100
            dealt = world.routing("plain", canary=percent).variants
            seen = read_routing(folder).revision
            change_routing(folder, seen=seen, change=lambda old, to=dealt: old.model_copy(update={"variants": to}))
            time.sleep(0.15)

    changing = threading.Thread(target=change)
    changing.start()
    try:
        return load(gateway.port, world.requests, seconds=CHANGING_SECONDS, connections=8)
    finally:
        done.set()
        changing.join()
