"""Which labelled rows a model is evaluated on: those that were named, else those that its training held out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from axagents.actor import may_name
from axagents.errors import NotFound, Waiting
from axagents.project import Project
from axagents.stores.datasets.catalog import find_dataset, find_state, list_datasets
from axagents.stores.datasets.record import Dataset
from axagents.stores.tracking.predictions import OutOfFold, fetch_predictions
from axagents.workflows.evaluation.subject import Subject

_MOST_NAMED = 8


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of a dataset that a model is evaluated on.

    Attributes:
        named: what the dataset is called by whoever asked.
        numbers: which rows of the file, from 0; None for all.
        held_out: whether the training says that it never saw them.
        learned: the out-of-fold predictions of the training, where they are of other rows; thresholds are chosen there.
    """

    named: str
    dataset: Dataset
    numbers: np.ndarray | None
    held_out: bool
    learned: OutOfFold | None

    @property
    def label(self) -> str:
        """The dataset, and which rows of it."""
        if self.numbers is None:
            return self.dataset.name
        return f"{self.dataset.name} (the {len(self.numbers):,} rows that the training held out)"


def choose_rows(project: Project, subject: Subject, asked: str | None) -> Rows:
    """Return the rows that were asked for, else those that the training held out.

    Raises:
        NotFound: no such dataset.
        Waiting: none was named, and the training held none out that can still be read.
    """
    kept = fetch_predictions(project, subject.run_id) if subject.run_id else None
    if asked is not None:
        dataset = find_dataset(project, asked, allow_paths=may_name(asked))
        return Rows(asked, dataset, None, held_out=False, learned=kept)
    held = _held_out(project, kept)
    if held is None:
        raise _dataset_wanted(project, subject)
    return held


def _held_out(project: Project, kept: OutOfFold | None) -> Rows | None:
    # A holdout is scored once, by the final model; out-of-fold predictions come from several folds.
    if kept is None or len(np.unique(kept.fold)) > 1 or len(np.unique(kept.repeat)) > 1:
        return None
    try:
        dataset = find_dataset(project, kept.facts.dataset)
    except NotFound:
        return None
    if dataset.fingerprint.sha256 != kept.facts.fingerprint or find_state(project, dataset) != "same":
        return None
    return Rows(dataset.name, dataset, np.sort(kept.row), held_out=True, learned=None)


def _dataset_wanted(project: Project, subject: Subject) -> Waiting:
    choices = _likely(list_datasets(project), subject)
    return Waiting(
        f"on which dataset? The training of {subject.label} left no rows aside that can still be read",
        needs=[
            {
                "kind": "answer",
                "field": "evaluation_dataset",
                "text": f"On which labelled dataset is {subject.label} to be judged?",
                "choices": choices,
            }
        ],
        hint="ax run ml-model-evaluation --input "
        f'\'{{"model_id": "{subject.asked}", "evaluation_dataset": "{(choices or ["NAME"])[0]}"}}\'',
    )


def _likely(datasets: Sequence[Dataset], subject: Subject) -> list[str]:
    """Return the datasets that hold what the model reads and predicts, holdouts first, its training data left out."""
    wanted = {spec.name for spec in subject.model.columns}
    fitting = [
        each
        for each in datasets
        if wanted <= {column.name for column in each.columns}
        and (subject.model.target or each.target) in {column.name for column in each.columns}
        and each.fingerprint.sha256 != subject.training.get("fingerprint")
    ]
    return [each.name for each in sorted(fitting, key=lambda each: (each.role != "holdout", each.name))][:_MOST_NAMED]
