"""What a training works on: the request completed from catalog and settings, and the problem it defines."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from axagents.actor import may_name
from axagents.errors import UserError
from axagents.fields import parse_moment, parse_window
from axagents.ml.leakage import LeakageContext
from axagents.ml.metrics import find_metric, primary_metric
from axagents.ml.problem import Problem, define_problem
from axagents.ml.splits import SplitPlan, plan_splits
from axagents.project import Project
from axagents.stores.datasets.loading import load_frame
from axagents.stores.datasets.record import Dataset
from axagents.stores.features.record import FeatureReference
from axagents.stores.features.store import set_of_table
from axagents.stores.tracking.predictions import hash_entities
from axagents.workflows.train.dataset import find_training_dataset
from axagents.workflows.train.request import TrainRequest

EXAMPLE_ROWS = 5


class Setup(BaseModel):
    """One training, every choice made: what the steps after `profile` go by."""

    model_config = ConfigDict(frozen=True)

    request: TrainRequest
    dataset: str
    location: str
    fingerprint: str
    target: str
    primary: str
    search_seconds: float
    folds: int
    seed: int
    margin: float | None
    experiment: str
    features: FeatureReference | None = None


@dataclass(frozen=True, eq=False)
class Material:
    """The data of a training: the problem they define, some rows as they were read, and what ties rows together.

    `keys` (n,) are hashes of the entity, the same in every dataset that holds the entity.
    """

    dataset: Dataset
    problem: Problem
    example: pd.DataFrame
    keys: np.ndarray | None


def complete_request(project: Project, request: TrainRequest) -> tuple[Setup, Material]:
    """Choose what the request leaves open, and load the data."""
    dataset, target = find_training_dataset(project, request)
    material = _load(project, dataset, target=target, request=request)
    task = material.problem.task
    train = project.settings.train
    setup = Setup(
        request=request,
        dataset=dataset.name,
        location=dataset.location,
        fingerprint=dataset.fingerprint.sha256,
        target=target,
        primary=find_metric(request.primary_metric, task).name if request.primary_metric else primary_metric(task),
        search_seconds=request.search_seconds or train.search_seconds,
        folds=request.folds or train.folds,
        seed=train.seed if request.seed is None else request.seed,
        margin=train.selection_margin,
        experiment=request.experiment or f"{dataset.name.partition(':')[0]}-{target}",
        features=_feature_set(project, dataset),
    )
    _held.clear()
    _held[_key(project, setup)] = material
    return setup, material


def _feature_set(project: Project, dataset: Dataset) -> FeatureReference | None:
    found = set_of_table(project, project.root / dataset.location, sha256=dataset.fingerprint.sha256)
    return found.reference if found else None


# The data of the one training that this process works on; another process reads them again.
_held: dict[tuple[Path, str], Material] = {}


def _key(project: Project, setup: Setup) -> tuple[Path, str]:
    return project.root, setup.model_dump_json()


def load_material(project: Project, setup: Setup) -> Material:
    """Return the data of a training that has begun.

    Raises:
        UserError: they changed since.
    """
    key = _key(project, setup)
    if key not in _held:
        dataset, target = find_training_dataset(project, setup.request)
        if dataset.fingerprint.sha256 != setup.fingerprint:
            raise UserError(f"dataset {setup.dataset!r} changed since this training began; begin a new one")
        _held.clear()
        _held[key] = _load(project, dataset, target=target, request=setup.request)
    return _held[key]


def _load(project: Project, dataset: Dataset, *, target: str, request: TrainRequest) -> Material:
    loaded = load_frame(project, request.dataset, allow_paths=may_name(request.dataset), raw=True)
    # One moment for all gives no order to split by.
    time = dataset.time if dataset.time and dataset.column(dataset.time).distinct > 1 else None
    problem = define_problem(
        loaded.frame,
        loaded.columns,
        target=target,
        task=request.task,
        positive=request.positive,
        features=request.features,
        exclude=request.exclude,
        entity=dataset.entity,
        time=time,
    )
    keys = None if dataset.entity is None else hash_entities(cast("pd.Series", loaded.frame[dataset.entity]))
    rows = cast("pd.DataFrame", loaded.frame[[spec.name for spec in problem.columns]])
    return Material(dataset, problem, rows.head(EXAMPLE_ROWS), keys)


def make_plan(problem: Problem, setup: Setup) -> SplitPlan:
    """Divide the rows; the same setup gives the same plan."""
    return plan_splits(problem, folds=setup.folds, repeats=setup.request.repeats, seed=setup.seed)


def leakage_context(dataset: Dataset) -> LeakageContext:
    """Return what the catalog says of when things are known."""
    cutoff = parse_moment(dataset.cutoff) if dataset.cutoff else None
    window = None
    if cutoff is not None and dataset.label_window is not None:
        window = (cutoff, cutoff + parse_window(dataset.label_window))
    return LeakageContext(
        unknown_at_prediction=dataset.unknown_at_prediction,
        has_events=dataset.time is not None or any(column.dtype == "date" for column in dataset.columns),
        cutoff_enforced=cutoff is not None,
        cutoff=cutoff,
        label_window=window,
    )
