"""`ax init`: make a project, or an example world."""

import subprocess
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from axagents.cli.common import Need, command, group, named_folder
from axagents.cli.output import Shown

app = group()


_QUERY = "Build a churn prediction model using the customer dataset"
_MAIN_JOB = f'ax agent run data-scientist --input \'{{"query": "{_QUERY}"}}\''


class World(StrEnum):
    """The example worlds."""

    CHURN = "churn"
    CHURN_LIVE = "churn-live"


@command(app, "init", project=Need.MAKES)
def init(
    demo: Annotated[World | None, typer.Option(help="Fill the project with an example world.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the example world.")] = 0,
) -> Shown:
    """Make a project in this folder, or in that of --project."""
    from axagents.project import create_project, use_project

    here = (named_folder() or Path.cwd()).resolve()
    existed = (here / "ax.toml").exists()
    project = create_project(here)
    lines = [f"{'found' if existed else 'made'} a project in {here}: ax.toml and .ax/"]
    if demo:
        from axagents.demo.churn import build_world

        with use_project(project):
            lines += build_world(project, demo.value, seed=seed)
    if _first_commit(here, ["ax.toml", *(["data"] if demo else [])]):
        lines.append("made a git repository with a first commit")
    lines.append(f"next: {_MAIN_JOB if demo else 'ax data add NAME FILE --target COLUMN'}")
    return Shown({"project": str(here), "demo": demo, "created": not existed}, "\n".join(lines))


def _first_commit(folder: Path, made: list[str]) -> bool:
    inside = _git(folder, "rev-parse", "--is-inside-work-tree")
    if inside is None or inside.returncode == 0:
        return False
    identity = ("-c", "user.name=axagents", "-c", "user.email=axagents@localhost")
    steps = (("init", "-q"), ("add", *made), (*identity, "commit", "-q", "-m", "Start the project"))
    return all((done := _git(folder, *step)) is not None and done.returncode == 0 for step in steps)


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes] | None:
    try:
        return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=False)
    except FileNotFoundError:
        return None
