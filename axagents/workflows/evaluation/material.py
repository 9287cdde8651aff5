"""The labelled rows as a model answers them: loaded, checked, scored by the engine that serves."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from axagents.errors import NotFound, UserError
from axagents.ml.columns import ColumnSpec, prepare_frame
from axagents.ml.evaluation.answers import Answers
from axagents.ml.evaluation.checking import check_answers
from axagents.ml.evaluation.labelled import (
    check_columns,
    check_repeats,
    join_columns,
    pick_rows,
    read_labelled,
)
from axagents.ml.fitted import FittedModel
from axagents.ml.metrics import metrics_for, primary_metric
from axagents.ml.problem import column_of
from axagents.project import Project
from axagents.stores.datasets.loading import load_frame
from axagents.stores.datasets.record import Dataset
from axagents.stores.tracking.predictions import hash_entities
from axagents.workflows.evaluation.dataset import Rows, choose_rows
from axagents.workflows.evaluation.overlap import Seen, find_seen
from axagents.workflows.evaluation.subject import Subject, find_subject

MOST_COLUMNS = 100
_MOST_TOLD = 8


@dataclass(frozen=True, eq=False)
class Material:
    """A model, labelled rows, and its answers on them.

    Attributes:
        rows: which rows of which dataset.
        numbers: which rows of the dataset's file have a label and were answered.
        target: the column with the labels.
        frame: those with a label: what the model reads, and what slices and groups are made of.
        features: what the model reads, parsed.
        answers: scores, truth and entities of the same rows.
        notes: what a person should know of the rows, the worst first.
    """

    subject: Subject
    rows: Rows
    numbers: np.ndarray
    target: str
    frame: pd.DataFrame
    features: pd.DataFrame
    answers: Answers
    seen: Seen
    notes: tuple[str, ...]

    @property
    def dataset(self) -> Dataset:
        """The dataset that the rows are of."""
        return self.rows.dataset

    @property
    def model(self) -> FittedModel:
        """The model as it is served."""
        return self.subject.model

    @property
    def primary(self) -> str:
        """The metric that the training chose by, else the task's."""
        told, task = self.subject.training.get("primary_metric"), self.answers.task
        return told if told in metrics_for(task) else primary_metric(task)

    @property
    def columns(self) -> list[str]:
        """The names of the columns that were loaded."""
        return [*map(str, self.frame)]

    def described(self, names: Sequence[str]) -> pd.DataFrame:
        """Return columns of the rows parsed as the catalog describes them."""
        return prepare_frame(self.frame, [self.dataset.column(name) for name in names])


def gather(
    project: Project,
    model_id: str,
    evaluation_dataset: str | None,
    *,
    sensitive: Sequence[str] | None = None,
    allow_pickle: bool = False,
) -> Material:
    """Open the model, load the rows, check them, and let the model answer.

    Args:
        sensitive: columns of groups; by default those that the catalog declares.

    Raises:
        NotFound: no such model, dataset or column.
        Waiting: no dataset was named, and none follows from the training.
        UserError: the rows cannot be judged: columns missing or of another type, no labels, one class, no answer.
    """
    subject = find_subject(project, model_id, allow_pickle=allow_pickle)
    rows = choose_rows(project, subject, evaluation_dataset)
    material = answer_rows(project, subject, rows=rows, sensitive=sensitive)
    seen = find_seen(project, subject, rows=rows, frame=material.frame)
    warning = (seen.warning,) if seen.warning else ()
    return replace(material, seen=seen, notes=(*warning, *material.notes))


def answer_rows(project: Project, subject: Subject, *, rows: Rows, sensitive: Sequence[str] | None = None) -> Material:
    """Load the rows, check them, and let the model answer; whether it learned from them is not looked into."""
    dataset, model = rows.dataset, subject.model
    target = _find_target(dataset, model)
    groups = _find_groups(dataset, sensitive)
    check_columns([column.name for column in dataset.columns], model, source=dataset.name)
    wanted = _wanted(dataset, model, ties=[target, dataset.entity, dataset.time, *groups])
    frame = _load(project, rows, wanted, model=model, target=target)
    labelled = read_labelled(frame, dataset.columns, model, target=target)
    repeats = check_repeats(labelled, dataset.columns, entity=dataset.entity, time=dataset.time)
    answers = Answers(
        model.task,
        labelled.y,
        model.scores(labelled.features),
        classes=model.classes,
        threshold=model.threshold,
        entity=_entities(labelled.frame, dataset),
    )
    check_answers(answers)
    return Material(
        subject=subject,
        rows=rows,
        numbers=labelled.numbers if rows.numbers is None else rows.numbers[labelled.numbers],
        target=target,
        frame=labelled.frame,
        features=labelled.features,
        answers=answers,
        seen=Seen("none", None),
        notes=tuple(each for each in (*labelled.notes, repeats) if each),
    )


def load_rows(project: Project, subject: Subject, rows: Rows) -> pd.DataFrame:
    """Return what a model reads of some rows, labelled or not, parsed."""
    check_columns([column.name for column in rows.dataset.columns], subject.model, source=rows.dataset.name)
    names = [spec.name for spec in subject.model.columns]
    return prepare_frame(_load(project, rows, names, model=subject.model, target=""), subject.model.columns)


def sensitive_columns(dataset: Dataset, asked: Sequence[str] | None) -> tuple[str, ...]:
    """Return the columns of groups: those asked for, else those that the catalog declares; never guessed."""
    return tuple(asked) if asked else dataset.sensitive


def _find_target(dataset: Dataset, model: FittedModel) -> str:
    names = {column.name for column in dataset.columns}
    for name in (model.target, dataset.target):
        if name and name in names:
            return name
    wanted = model.target or dataset.target
    if wanted is None:
        raise UserError(
            f"which column of {dataset.name!r} holds the labels is not known: neither the model nor the catalog says",
            field="evaluation_dataset",
            hint=f"ax data add {dataset.name} {dataset.location} --target COLUMN",
        )
    raise UserError(
        f"{dataset.name!r} holds no labels: it has no column {wanted!r}",
        field="evaluation_dataset",
        legal=sorted(names)[:_MOST_TOLD],
    )


def _find_groups(dataset: Dataset, sensitive: Sequence[str] | None) -> tuple[str, ...]:
    names = [column.name for column in dataset.columns]
    for name in sensitive or ():
        if name not in names:
            raise NotFound("column", name, names, field="sensitive")
    return sensitive_columns(dataset, sensitive)


def _wanted(dataset: Dataset, model: FittedModel, *, ties: Sequence[str | None]) -> list[str]:
    """Return what is loaded: what the model reads, what ties rows together, and of the rest what slices can use."""
    needed = [*(spec.name for spec in model.columns), *(name for name in ties if name)]
    rest = [spec.name for spec in dataset.columns if spec.kind in ("numeric", "boolean", "category")]
    spare = [name for name in rest if name not in needed and name not in dataset.unknown_at_prediction]
    return list(dict.fromkeys([*needed, *spare[: max(0, MOST_COLUMNS - len(needed))]]))


def _load(project: Project, rows: Rows, columns: Sequence[str], *, model: FittedModel, target: str) -> pd.DataFrame:
    """Load columns: parsed where catalog and model read them alike, else as they are stored."""
    dataset, read = rows.dataset, {spec.name: spec.dtype for spec in model.columns}
    alike = [name for name in columns if name != target and _is_alike(dataset.column(name), read.get(name))]
    stored = [name for name in columns if name not in alike]
    parts = [
        load_frame(project, rows.named, columns=names, allow_paths=True, raw=raw).frame
        for names, raw in ((alike, False), (stored, True))
        if names
    ]
    loaded = join_columns(parts)
    return loaded if rows.numbers is None else pick_rows(loaded, rows.numbers)


def _is_alike(spec: ColumnSpec, dtype: str | None) -> bool:
    return spec.dtype != "string" and dtype in (None, spec.dtype)


def _entities(frame: pd.DataFrame, dataset: Dataset) -> np.ndarray | None:
    """Return entity codes where some entity has several rows: only then do rows hang together."""
    if dataset.entity is None:
        return None
    values = column_of(frame, dataset.entity)
    codes = np.unique(hash_entities(values), return_inverse=True)[1]
    # A row of an unknown entity is nobody else's.
    missing = np.flatnonzero(values.isna())
    codes[missing] = len(codes) + np.arange(len(missing))
    codes = np.unique(codes, return_inverse=True)[1]
    return codes if int(codes.max()) + 1 < len(codes) else None
