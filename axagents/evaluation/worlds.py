"""Worlds: built once from their seed, kept by the hash of what builds them, and copied for every trial."""

import hashlib
import json
import runpy
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock
from platformdirs import user_cache_path

from axagents.errors import NotFound
from axagents.fields import canonical_json
from axagents.project import Project, create_project, open_project, use_project

SEED = 0
TRUTH, READY = "truth.json", "project"
_KEPT_LENGTH = 20
# What a world is made with: a change there makes another world of it.
_MAKERS = ("demo", "workflows", "ml", "stores", "effects")


@dataclass(frozen=True)
class World:
    """A built world: the folder of its project, which nobody changes, and what is true of it."""

    name: str
    folder: Path

    @property
    def truth(self) -> dict[str, Any]:
        return json.loads((self.folder / TRUTH).read_text(encoding="utf-8"))

    def copy_to(self, root: Path) -> Project:
        """Copy the world for one trial."""
        shutil.copytree(self.folder / READY, root)
        return open_project(root)


@dataclass(frozen=True)
class Shelf:
    """Where built worlds are kept, and the seed of those that are wanted."""

    folder: Path
    seed: int = SEED


def cache_folder(named: Path | None = None) -> Path:
    """Return where built worlds are kept."""
    return (named or user_cache_path("axagents", appauthor=False) / "worlds").resolve()


def build_world(evals: Path, name: str, shelf: Shelf) -> World:
    """Return a world, built when it is not kept already; two processes build it once.

    Raises:
        NotFound: there is no such world.
    """
    maker = evals / "worlds" / name / "build.py"
    if not maker.is_file():
        known = [path.parent.name for path in (evals / "worlds").glob("*/build.py")]
        raise NotFound("world", name, known, field="world")
    folder = shelf.folder / f"{name}-{world_hash(maker, shelf.seed)}"
    shelf.folder.mkdir(parents=True, exist_ok=True)
    with FileLock(shelf.folder / f"{name}.lock"):
        if not (folder / TRUTH).exists():
            _build(maker, folder, seed=shelf.seed)
    return World(name, folder)


def world_hash(maker: Path, seed: int) -> str:
    """Return the hash of what makes a world: its builder's files, the parts of this package it uses, the seed."""
    package = Path(__file__).resolve().parents[1]
    folders = [maker.parent, *(package / each for each in _MAKERS)]
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in {".py", ".yaml", ".sql"})
    told = [[path.name, hashlib.sha256(path.read_bytes()).hexdigest()] for path in files]
    return hashlib.sha256(canonical_json([seed, told]).encode()).hexdigest()[:_KEPT_LENGTH]


def _build(maker: Path, folder: Path, *, seed: int) -> None:
    part = folder.with_name(f"{folder.name}.{uuid.uuid4().hex[:6]}.part")
    project = create_project(part / READY)
    with use_project(project):
        truth = runpy.run_path(str(maker))["build"](project, seed)
    (part / TRUTH).write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


def plant(evals: Path, project: Project, attack: str) -> None:
    """Plant an attack's order in a copy of a world.

    Raises:
        NotFound: nobody knows how.
    """
    planters = runpy.run_path(str(evals / "worlds" / "attacks.py"))["PLANT"]
    if attack not in planters:
        raise NotFound("attack", attack, planters, field="attacks")
    with use_project(project):
        planters[attack](project)
