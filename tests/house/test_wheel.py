"""The wheel holds the content and nothing that git ignores, and works outside the checkout."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.house.source import CHECKOUT

KINDS = ("personas", "tools", "prompts", "memory")
PACKED = ("axagents", *KINDS, "pyproject.toml", "README.md", ".gitignore")
PLANTED = (
    "axagents/secrets/.env",
    "tools/.env",
    "personas/__pycache__/x.yaml",
    "memory/dist/x.yaml",
    "prompts/.ax/x.j2",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of the checkout in which files that git ignores were planted."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in PACKED:
        origin = CHECKOUT / name
        if origin.is_dir():
            shutil.copytree(origin, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(origin, source / name)
    for name in PLANTED:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("planted")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=source)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel alone into a fresh environment that sees this one's packages; return its `bin`."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
    python = Path(paths["scripts"]) / "python"
    shared = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(paths["purelib"]) / "shared.pth").write_text("\n".join(shared))
    run(sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index", str(wheel))
    return Path(paths["scripts"])


def run(*command: str, cwd: Path | None = None) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_nothing_that_git_ignores_is_in_it(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert [name for name in names if name.endswith((".env", "/x.yaml", "/x.j2"))] == []
    assert [name for name in names if "__pycache__" in name or name.endswith(".pyc")] == []


def test_it_holds_the_package_and_the_content_and_nothing_else(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert {name.split("/")[0] for name in names} == {"axagents"}
    for kind in KINDS:
        shipped = {f"axagents/content/{kind}/{path.name}" for path in (CHECKOUT / kind).glob("*.*") if path.is_file()}
        assert shipped <= names
    data = {path.relative_to(CHECKOUT).as_posix() for path in (CHECKOUT / "axagents").rglob("*.yaml")}
    assert data <= names
    assert {"axagents/stores/migrations/0001_runs.sql", "axagents/cli/main.py"} <= names


def test_it_runs_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    assert run(str(installed / "ax"), "--version", cwd=tmp_path).startswith("axagents ")
    assert "ml-train" in run(str(installed / "ax"), "list", cwd=tmp_path)


def test_its_content_is_found_inside_the_package(installed: Path, tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; import axagents; from axagents.catalog import open_catalog\n"
        "package = Path(axagents.__file__).parent\n"
        f"assert not package.is_relative_to({str(CHECKOUT)!r})\n"
        "catalog = open_catalog(None)\n"
        "for kind in ('personas', 'tools', 'prompts', 'memory'):\n"
        "    assert all(file.path.is_relative_to(package) for file in catalog.files(kind).values())\n"
        "    print(kind, len(catalog.files(kind)))\n"
        "for name in catalog.files('tools'):\n"
        "    assert catalog.tool(name).name == name\n"
    )
    found = run(str(installed / "python"), "-c", code, cwd=tmp_path)
    suffixes = {"personas": "yaml", "tools": "py", "prompts": "j2", "memory": "yaml"}
    expected = [f"{kind} {len(list((CHECKOUT / kind).glob(f'*.{suffix}')))}" for kind, suffix in suffixes.items()]
    assert found.splitlines() == expected
