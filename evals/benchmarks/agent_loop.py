"""What a step of an agent costs, a model call and a tool call, beside others on the same fake server and script.

Ours walks with durable checkpoints, journal, receipts and traces on; LangGraph's prebuilt agent without checkpoints.
"""

import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from evals.benchmarks.loop.own import open_own
from evals.benchmarks.loop.server import messages_size, serving
from evals.benchmarks.loop.walk import Walk
from evals.benchmarks.row import Row, at_most, beside

PEERS = ("langgraph_prebuilt", "pydantic_ai", "openai_agents")
TURNS = 3
AT_ONCE, STEPS_AT_ONCE = 100, 10
LONG = 200


def measure() -> list[Row]:
    """Measure all in turns, and take each one's least: the rest is what else the machine did."""
    with serving() as address, tempfile.TemporaryDirectory(prefix="ax-loop-") as folder:
        found: dict[str, list[float]] = {}
        for _ in range(TURNS):
            for name in ("raw", "ours", *PEERS):
                found.setdefault(name, []).append(_walked(name, address))
        cpu = {name: min(each) for name, each in found.items()}
        walk = open_own(address, Path(folder))
        alone, together = _at_once(walk)
        size = _left_behind(walk, Path(folder))
    return [
        beside("agent step / LangGraph prebuilt", "ms CPU", ours=cpu["ours"], peer=cpu["langgraph_prebuilt"], most=0.5),
        beside("agent step / pydantic-ai", "ms CPU", ours=cpu["ours"], peer=cpu["pydantic_ai"], most=1),
        beside("agent step / openai-agents", "ms CPU", ours=cpu["ours"], peer=cpu["openai_agents"], most=1),
        at_most("agent step above the raw SDK call", "ms CPU", ours=cpu["ours"] - cpu["raw"], limit=2.5),
        beside("agent step, 100 at once / alone", "ms CPU", ours=together, peer=alone, most=1.3),
        at_most("bytes left by a step of a 200-step run", "B", ours=size / LONG, limit=4000 + 3 * messages_size(LONG)),
    ]


def _walked(name: str, address: str) -> float:
    command = [sys.executable, "-W", "ignore", "-m", "evals.benchmarks.loop.walkers", name, address]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{name} exited {done.returncode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def _at_once(walk: Walk) -> tuple[float, float]:
    """Return CPU milliseconds a step, of runs one after the other and of a hundred at once."""
    walk(STEPS_AT_ONCE)
    times = AT_ONCE * STEPS_AT_ONCE
    began = time.process_time()
    for _ in range(AT_ONCE):
        walk(STEPS_AT_ONCE)
    alone = time.process_time() - began
    with ThreadPoolExecutor(AT_ONCE) as pool:
        began = time.process_time()
        list(pool.map(walk, [STEPS_AT_ONCE] * AT_ONCE))
        together = time.process_time() - began
    return 1000 * alone / times, 1000 * together / times


def _left_behind(walk: Walk, folder: Path) -> int:
    before = _size(folder)
    walk(LONG)
    return _size(folder) - before


def _size(folder: Path) -> int:
    for name in ("ax.db", "checkpoints.db"):
        connection = sqlite3.connect(folder / ".ax" / name)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("VACUUM")
        connection.close()
    return sum(path.stat().st_size for path in (folder / ".ax").rglob("*") if path.is_file())
