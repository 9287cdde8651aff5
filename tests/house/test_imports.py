"""The faces and a tool's metadata load nothing heavy; the core needs only what the core declares."""

import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest

from tests.house.source import CHECKOUT, FACES, GROUND, excepted, load_closure, modules, unit

HEAVY = set(
    """
    anthropic chromadb deltalake duckdb evidently google ibis jinja2 kubernetes langchain_core langgraph matplotlib mcp
    mlflow numpy onnx onnxruntime openai optuna pandas plotly polars pyarrow scipy skl2onnx sklearn skops sqlalchemy
    xgboost
    """.split()
)
LIGHT = FACES | GROUND | {"catalog", "overlay", "toolkit", "tools"}
ALLOWED = {"mcp": {"mcp"}}  # the face for MCP clients is made of its SDK; the command line loads it when it serves
LIGHT_MODULES = {"request", "names", "kinds"}


def is_light(name: str) -> bool:
    return unit(name) in LIGHT or name.split(".")[-1] in LIGHT_MODULES


@pytest.mark.parametrize("name", sorted(name for name in modules() if is_light(name)))
def test_nothing_heavy_is_loaded_with(name: str) -> None:
    ways = load_closure(name)
    found = [" > ".join(ways[each]) for each in ways if each in HEAVY - ALLOWED.get(unit(name), set())]
    assert found == []


def test_help_imports_nothing_heavy() -> None:
    assert loaded_by("--help") & HEAVY == set()


@pytest.mark.parametrize(
    "command",
    [
        ("--version",),
        ("list",),
        ("config", "show"),
        ("trust",),
        ("memory", "retrieve", "--key", "k", "--namespace", "notes"),
    ],
)
def test_light_commands_import_nothing_heavy(
    command: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("project")
    (folder / "ax.toml").write_text("")
    assert loaded_by(*command, "--project", str(folder)) & HEAVY == set()


def loaded_by(*arguments: str) -> set[str]:
    """Return the top-level packages that a fresh process imports to run `ax` with these arguments."""
    code = "import sys; sys.argv[0] = 'ax'; from axagents.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr[-2000:]
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    names = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in lines}
    assert "typer" in names or arguments[0] == "--version"
    return names


def test_the_core_imports_only_what_it_declares() -> None:
    """What only an extra brings is no part of the import graph."""
    declared = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["dependencies"]
    extras = {
        "axagents/serving/engine/converting.py",
        "axagents/stores/datasets/fetching.py",
        "axagents/stores/features/spark.py",
        "axagents/stores/models/onnx_model.py",
    }
    core = {requirement.split(">")[0].split("=")[0].split("[")[0].strip().lower() for requirement in declared}
    brings = {**packages_distributions(), "pydantic_core": ["pydantic"]}
    wrong: set[str] = set()
    for module in modules().values():
        for each in module.imports:
            top = each.name.split(".")[0]
            if top in sys.stdlib_module_names or top == "axagents" or (module.shown in extras and not each.at_load):
                continue
            if not {one.lower().replace("_", "-") for one in brings.get(top, [])} & core:
                wrong.add(f"{module.shown}:{each.line} imports {top}")
    assert {line for line in wrong if line.split(":")[0] not in excepted("dependency")} == set()
