"""How long `ax` takes to start, beside bare Typer programs and mlflow's own command."""

import json
import sys
import tempfile
from pathlib import Path

from evals.benchmarks.row import Row, beside, cpu_seconds, median_cpu

BARE = """
import typer
app = typer.Typer(rich_markup_mode=None, add_completion=False)
@app.command()
def store(): ...
@app.command()
def retrieve(key: str = typer.Option(...), namespace: str = typer.Option(...)): print(key)
app()
"""


def measure() -> list[Row]:
    """Measure `ax --help`, `ax memory retrieve` and `ax --version`: medians of nine, in turns."""
    scripts = Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "bare.py").write_text(BARE)
        ax, bare = [str(scripts / "ax")], [sys.executable, str(folder / "bare.py")]
        asked = ["--key", "k", "--namespace", "notes"]
        cpu_seconds([*ax, "init"], cwd=folder)
        cpu_seconds([*ax, "memory", "store", *asked, "--value", json.dumps({"n": 1})], cwd=folder)
        commands = {
            "help": [*ax, "--help"],
            "bare help": [*bare, "--help"],
            "retrieve": [*ax, "memory", "retrieve", *asked],
            "bare command": [*bare, "retrieve", *asked],
            "version": [*ax, "--version"],
        }
        spent = median_cpu(commands, cwd=folder)
        mlflow = median_cpu({"version": [str(scripts / "mlflow"), "--version"]}, cwd=folder, times=7)["version"]
    return [
        beside(
            "ax --help, beside a bare Typer program's", "CPU ms", ours=spent["help"], peer=spent["bare help"], most=1.3
        ),
        beside(
            "ax memory retrieve, beside a bare Typer command",
            "CPU ms",
            ours=spent["retrieve"],
            peer=spent["bare command"],
            most=2,
        ),
        beside("ax --version, beside mlflow --version", "CPU ms", ours=spent["version"], peer=mlflow, most=1 / 20),
    ]
