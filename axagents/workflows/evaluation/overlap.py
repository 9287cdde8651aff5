"""Whether a model may have learned from the rows that it is judged on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from axagents.ml.evaluation.labelled import pick_rows
from axagents.ml.evaluation.overlap import is_later, share_of_keys, share_of_rows
from axagents.ml.problem import column_of
from axagents.project import Project
from axagents.stores.datasets.catalog import find_state, list_datasets
from axagents.stores.datasets.loading import load_frame
from axagents.stores.datasets.record import Dataset
from axagents.stores.tracking.predictions import fetch_predictions, hash_entities
from axagents.workflows.evaluation.dataset import Rows
from axagents.workflows.evaluation.subject import Subject

# Rows of few columns repeat by chance; a holdout of which this share is in the training data was not held out.
_SOME, _ALL = 0.01, 0.9
_MOST_CELLS = 60_000_000


@dataclass(frozen=True)
class Seen:
    """How much of the evaluation data the model may have learned from.

    Attributes:
        amount: none up to 1 % of the rows, all from 90 %; later rows of the same entities count as new.
        share: of the rows; None where it cannot be told.
        warning: what a person should know; empty when there is nothing to tell.
    """

    amount: Literal["none", "some", "all"]
    share: float | None
    warning: str = ""


def find_seen(project: Project, subject: Subject, *, rows: Rows, frame: pd.DataFrame) -> Seen:
    """Compare the evaluation rows with the training data, by fingerprint, by entity, else by their content.

    Args:
        frame: the evaluation rows, with what the model reads, and entity, time and target where there are any.
    """
    if rows.held_out:
        return Seen("none", 0.0)
    fingerprint = subject.training.get("fingerprint")
    if fingerprint == rows.dataset.fingerprint.sha256:
        told = f"{rows.dataset.name} is the very data that {subject.label} was trained on: these figures say nothing"
        return Seen("all", 1.0, f"{told} of new rows. Leave evaluation_dataset out to take rows that were held out.")
    training = find_training_data(project, fingerprint)
    if training is None:
        named = subject.training.get("dataset")
        what = f"its training data {named!r} is no longer as it was" if named else "its training data is not known"
        return Seen("none", None, f"Whether {subject.label} learned from these rows cannot be told: {what}.")
    return _compare(project, subject, rows, frame=frame, training=training)


def find_learned(project: Project, rival: Subject, *, rows: Rows, numbers: np.ndarray, frame: pd.DataFrame) -> Seen:
    """Compare what another model learned from with rows that were chosen with no regard to it.

    Args:
        numbers: which rows of the dataset's file they are; `frame` as for `find_seen`, of what the rival reads.
    """
    if rival.training.get("fingerprint") != rows.dataset.fingerprint.sha256:
        return find_seen(project, rival, rows=replace(rows, held_out=False), frame=frame)
    held_out = _find_held_out(project, rival, rows.dataset)
    share = 1.0 if held_out is None else 1 - share_of_keys(numbers, held_out)
    return _judge(share, "are rows", subject=rival, training=rows.dataset)


def find_training_data(project: Project, fingerprint: str | None) -> Dataset | None:
    """Return the dataset of the catalog that holds the very content that a model was trained on."""
    found = [each for each in list_datasets(project) if each.fingerprint.sha256 == fingerprint]
    return next((each for each in found if find_state(project, each) != "missing"), None)


def _compare(project: Project, subject: Subject, rows: Rows, *, frame: pd.DataFrame, training: Dataset) -> Seen:
    entity, there = rows.dataset.entity, training.entity
    if entity and there:
        known = load_taught(project, subject, training, names=[there, training.time])
        # A row of an unknown entity is nobody else's.
        share = share_of_keys(hash_entities(column_of(frame, entity)), hash_entities(column_of(known, there).dropna()))
        if share and _is_later(rows.dataset, training, frame=frame, known=known):
            return Seen("none", 0.0)
        return _judge(share, "are about entities", subject=subject, training=training)
    names = {column.name for column in training.columns}
    specs = [spec for spec in subject.model.columns if spec.name in names]
    if (training.rows + len(frame)) * len(specs) > _MOST_CELLS:
        told = "the data are too large to compare row by row, and declare no entity"
        return Seen("none", None, f"Whether {subject.label} learned from these rows was not checked: {told}.")
    target = training.target if training.target in names and training.target in frame.columns else None
    known = load_taught(project, subject, training, names=[*(spec.name for spec in specs), target])
    share = share_of_rows(frame, known, specs, target=target)
    return _judge(share, "are, value for value, rows", subject=subject, training=training)


def _judge(share: float, what: str, *, subject: Subject, training: Dataset) -> Seen:
    if share == 0:
        return Seen("none", 0.0)
    told = f"{share:.1%} of the rows {what} of {training.name}, which {subject.label} was trained on"
    if share < _SOME:
        return Seen("none", share, f"{told}.")
    return Seen("all" if share >= _ALL else "some", share, f"{told}: these figures say little of new rows.")


def load_taught(project: Project, subject: Subject, training: Dataset, *, names: Sequence[str | None]) -> pd.DataFrame:
    """Load columns of those rows of the training data that taught; those that were held out did not."""
    wanted = list(dict.fromkeys(name for name in names if name))
    frame = load_frame(project, training.name, columns=wanted, raw=True).frame
    held_out = _find_held_out(project, subject, training)
    return frame if held_out is None else pick_rows(frame, ~np.isin(np.arange(len(frame)), held_out))


def _find_held_out(project: Project, subject: Subject, training: Dataset) -> np.ndarray | None:
    """Return the numbers of the rows that a training held out; None where each taught some fold."""
    kept = fetch_predictions(project, subject.run_id) if subject.run_id else None
    if kept and kept.facts.fingerprint == training.fingerprint.sha256 and len(np.unique(kept.fold)) == 1:
        return kept.row
    return None


def _is_later(dataset: Dataset, training: Dataset, *, frame: pd.DataFrame, known: pd.DataFrame) -> bool:
    here, there = dataset.time, training.time
    if here is None or there is None:
        return False
    return is_later((column_of(frame, here), dataset.column(here)), (column_of(known, there), training.column(there)))
