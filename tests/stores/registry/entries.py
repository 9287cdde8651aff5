"""Versions put into a registry without a model behind them: what is looked up is the log, MLflow and memory."""

from pathlib import Path
from typing import Any

from axagents.effects import perform
from axagents.effects.registry import change_stage, register_version
from axagents.project import Project
from axagents.stores.models.digest import digest
from axagents.stores.registry.state import read_model


def make_folder(project: Project, name: str) -> Path:
    folder = project.root / "models" / name
    folder.mkdir(parents=True)
    (folder / "MLmodel").write_text("flavors: {}\n")
    (folder / "model.ubj").write_text(name)
    return folder


def register(project: Project, model: str, version: str, **more: Any) -> None:
    """Register a folder of its own as a version."""
    folder = make_folder(project, f"{model}-{version}")
    arguments = {
        "model": model,
        "version": version,
        "sha256": digest(folder),
        "folder": folder.relative_to(project.root).as_posix(),
        "who": "somebody",
        "why": "a test",
        "run_id": None,
        "description": "",
        "tags": {},
        "metadata": {"framework": "xgboost"},
        **more,
    }
    perform(project, register_version(project, arguments), run_id=f"r-{model}-{version}", step="register")


def stage(project: Project, model: str, version: str, to: str) -> None:
    """Move a version to a stage."""
    revision = read_model(project, model).revision
    arguments = {"model": model, "version": version, "stage": to, "revision": revision, "who": "me", "why": "test"}
    perform(project, change_stage(project, arguments), run_id=f"s-{revision}", step="command")
