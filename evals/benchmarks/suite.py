"""How long the evals take that need no network, the building of their worlds included."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from evals.benchmarks.row import Row, at_least, at_most

SECONDS = 300


def measure() -> list[Row]:
    """Run them all with an empty cache of worlds, and tell the time and what the graders caught."""
    with tempfile.TemporaryDirectory(prefix="ax-evals-") as folder:
        path = Path(folder) / "report.json"
        command = [sys.executable, "-m", "axagents", "eval", "run", "--json", str(path), "--cache", f"{folder}/worlds"]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        if not path.exists():
            raise RuntimeError(f"ax eval run exited {done.returncode}; nothing was measured")
        report = json.loads(path.read_text(encoding="utf-8"))
    played = {row["model"]: row for row in report["models"]}
    caught = 100 * report["graders_caught"] / report["graders_tested"]
    return [
        at_most("evals offline and by script, worlds built", "s", ours=report["seconds"], limit=SECONDS),
        at_least("bad runs caught by the grader that must", "%", ours=caught, limit=100),
        Row("tasks and attacks done offline", "%", round(100 * played["offline"]["pass_1"], 1), None, "", None),
    ]
