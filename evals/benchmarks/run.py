"""Run the benchmarks: `python -m evals.benchmarks.run [NAME ...]`; exit 1 when a figure is not what was asked.

Every module here with a function `measure() -> list[Row]` is one; each runs in a process of its own.
"""

import argparse
import ast
import json
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from axagents.layout import table

HERE = Path(__file__).parent
HEADERS = ("what", "unit", "ours", "peer", "ratio", "asked", "met")


def names() -> list[str]:
    """List the benchmarks."""
    return [path.stem for path in sorted(HERE.glob("*.py")) if "measure" in _functions(path)]


def _functions(path: Path) -> set[str]:
    return {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}


def run_one(name: str) -> list[dict[str, Any]]:
    """Run one benchmark in a process of its own and return its rows."""
    command = [sys.executable, "-m", "evals.benchmarks.run", "--rows-of", name]
    done = subprocess.run(command, cwd=HERE.parents[1], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        return [{"name": f"{name}: failed, exit {done.returncode}", "unit": "", "ours": None, "met": False}]
    return json.loads(done.stdout.strip().splitlines()[-1])


def show(rows: list[dict[str, Any]]) -> str:
    """Lay the rows out as a table."""
    keys = ("name", "unit", "ours", "peer", "ratio", "asked", "met")
    return table(HEADERS, [[row.get(key) for key in keys] for row in rows])


def main() -> int:
    """Run what was asked for and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"by default all: {', '.join(names())}")
    parser.add_argument("--rows-of", metavar="NAME", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="print the rows as JSON")
    asked = parser.parse_args()
    if asked.rows_of:
        print(json.dumps([row.as_dict() for row in import_module(f"evals.benchmarks.{asked.rows_of}").measure()]))
        return 0
    unknown = sorted(set(asked.names) - set(names()))
    if unknown:
        parser.error(f"no benchmark called {unknown[0]!r}; there is {', '.join(names())}")
    rows: list[dict[str, Any]] = []
    for name in asked.names or names():
        began = time.monotonic()
        rows += run_one(name)
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print(json.dumps(rows, indent=2) if asked.json else show(rows))
    return 1 if any(row.get("met") is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
