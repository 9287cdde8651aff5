"""Which dataset and target a training is about; light, so that a wrong name is told at once."""

from collections.abc import Sequence

from axagents.actor import may_name
from axagents.errors import NotFound, UserError, Waiting
from axagents.ml.columns.tokens import split_name
from axagents.project import Project
from axagents.stores.datasets.catalog import find_dataset
from axagents.stores.datasets.record import Dataset
from axagents.workflows.train.request import TrainRequest


def find_training_dataset(project: Project, request: TrainRequest) -> tuple[Dataset, str]:
    """Return the dataset and the target column of a request.

    Raises:
        NotFound: no such dataset or column.
        UserError: the target is made from events, so that there is no column to learn yet; it is among the features.
        Waiting: neither the request nor the catalog names a target.
    """
    dataset = find_dataset(project, request.dataset, allow_paths=may_name(request.dataset))
    target = request.target or dataset.target
    names = [column.name for column in dataset.columns]
    if target is None:
        raise _target_wanted(dataset)
    if target not in names and dataset.target_is_derived and target == dataset.target:
        raise UserError(
            f"the target {target!r} of {dataset.name!r} is made from its events; make the features first",
            field="target",
            hint=f'ax run ml-feature-engineering --input \'{{"dataset": "{dataset.name}", "target": "{target}"}}\'',
        )
    for field, asked in [
        ("target", [target]),
        ("features", request.features or []),
        ("exclude", request.exclude or []),
    ]:
        _check_columns(names, asked, field=field)
    if target in (request.features or []):
        raise UserError(f"the target {target!r} is among the features: leave it out of them", field="features")
    return dataset, target


def _check_columns(known: Sequence[str], asked: Sequence[str], *, field: str) -> None:
    for name in asked:
        if name not in known:
            raise NotFound("column", name, known, field=field)


# Words that names of targets are made of.
_TARGET_WORDS = frozenset(
    "target label class outcome result response churn churned default defaulted fraud converted bought subscribed "
    "survived diagnosis y".split()
)


def _likely_targets(dataset: Dataset) -> list[str]:
    """Columns of few values, those first whose name says target; then the last ones, where targets often stand."""
    few = [column for column in dataset.columns if column.kind == "boolean" or 2 <= column.distinct <= 10]
    names = [column.name for column in reversed(few)]
    return sorted(names, key=lambda name: not _TARGET_WORDS.intersection(split_name(name)))[:8]


def _target_wanted(dataset: Dataset) -> Waiting:
    likely = _likely_targets(dataset)
    return Waiting(
        f"which column of {dataset.name!r} is the target? Likely: {', '.join(likely) or 'none'}",
        needs=[
            {
                "kind": "answer",
                "field": "target",
                "text": f"Which column of {dataset.name} is to be predicted?",
                "choices": likely or [column.name for column in dataset.columns],
            }
        ],
        hint=f'ax run ml-train --input \'{{"dataset": "{dataset.name}", "target": "{(likely or ["COLUMN"])[0]}"}}\'',
    )


EARLY_CHECK = find_training_dataset
