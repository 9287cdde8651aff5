"""A project with a trained, registered model and rows to judge it on, built once and copied for every test."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from axagents.project import Project, create_project, open_project, use_project
from axagents.workflows.engine import run_workflow
from axagents.workflows.evaluation.setup import release_material
from axagents.workflows.outcome import WorkflowRun
from tests.workflows.conftest import add_to

Evaluate = Callable[..., WorkflowRun]
DECLARED: dict[str, Any] = {"target": "left", "entity": "person", "sensitive": ("side",)}
TRAINING = {"dataset": "people", "model": "linear", "trials": 1, "repeats": 1, "folds": 3, "exclude": ["side"]}


def draw_people(rows: int, *, seed: int, first: int = 0) -> pd.DataFrame:
    """Draw people who leave with log-odds 1.5 a - b, of two sides that are no different."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=rows), rng.normal(size=rows)
    left = rng.random(rows) < 1 / (1 + np.exp(-(1.5 * a - b)))
    return pd.DataFrame(
        {
            "person": [f"P{number:06d}" for number in range(first, first + rows)],
            "a": a.round(4),
            "b": b.round(4),
            "plan": rng.choice(["basic", "premium"], rows),
            "side": rng.choice(["north", "south"], rows),
            "left": np.where(left, "yes", "no"),
        }
    )


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, mlflow_database: Path) -> Project:
    made = create_project(tmp_path_factory.mktemp("judged") / "project")
    shutil.copy(mlflow_database, made.mlflow_path)
    with use_project(made):
        add_to(made, "people", draw_people(1200, seed=0), **DECLARED)
        add_to(made, "later", draw_people(2000, seed=1, first=50_000), **DECLARED, role="holdout")
        trained = run_workflow(made, "ml-train", TRAINING)
        shutil.copytree(made.root / trained.result["model_path"], made.root / "model")
        register = {"model_path": "model", "model_name": "leaving", "version": "1.0.0"}
        run_workflow(made, "ml-model-registry", {**register, "model_path": str(made.root / "model")})
    return made


@pytest.fixture
def judged(built: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A copy that the test may change, current and the working directory."""
    root = tmp_path / "project"
    shutil.copytree(built.root, root)
    monkeypatch.chdir(root)
    release_material()
    with use_project(open_project(root)) as opened:
        yield opened
    release_material()


@pytest.fixture
def evaluate(judged: Project) -> Evaluate:
    """Evaluate the model of the test's project."""

    def run(**fields: Any) -> WorkflowRun:
        quick = {"model_id": "leaving", "latency": False, "robustness": False}
        return run_workflow(judged, "ml-model-evaluation", quick | fields)

    return run
