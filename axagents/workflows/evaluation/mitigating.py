"""What could be done where groups are not treated alike, with what it would cost."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from axagents.errors import UserError
from axagents.ml.columns import prepare_frame
from axagents.ml.evaluation.answers import Answers
from axagents.ml.evaluation.fairness import FairnessRule, Groups, sensitive_groups
from axagents.ml.evaluation.labelled import pick_rows, read_labelled
from axagents.ml.evaluation.mitigation import Option, reweighing_option, threshold_options
from axagents.ml.evaluation.refitting import refit
from axagents.project import Project
from axagents.workflows.evaluation.material import Material
from axagents.workflows.evaluation.overlap import find_training_data, load_taught
from axagents.workflows.evaluation.sections import MitigationReport

MOST_ROWS = 50_000


def mitigation_options(
    project: Project, material: Material, groups: Sequence[Groups], *, rule: FairnessRule, seed: int
) -> tuple[list[MitigationReport], list[str]]:
    """Return a threshold for each group, and reweighing, for each of these columns; and what could not be tried."""
    options: list[Option] = []
    notes: list[str] = []
    for each in groups:
        if material.answers.task == "binary":
            options += threshold_options(material.answers, each, rule=rule, seed=seed)
        if material.answers.task != "regression":
            try:
                options.append(_reweighing(project, material, each, rule=rule, seed=seed))
            except UserError as error:
                notes.append(f"reweighing by {each.name} was not tried: {error.message}")
    return [MitigationReport.model_validate(each) for each in options], notes


def _reweighing(project: Project, material: Material, groups: Groups, *, rule: FairnessRule, seed: int) -> Option:
    subject, model = material.subject, material.model
    training = find_training_data(project, subject.training.get("fingerprint"))
    column = groups.columns[0]
    names = [*(spec.name for spec in model.columns), material.target, column]
    if training is None:
        raise UserError("its training data are no longer as they were, or not known")
    if not {*names} <= {each.name for each in training.columns}:
        raise UserError(f"its training data have no column {column!r}")
    frame = load_taught(project, subject, training, names=names)
    sampled = len(frame) > MOST_ROWS
    if sampled:
        frame = pick_rows(frame, np.sort(np.random.default_rng(seed).choice(len(frame), MOST_ROWS, replace=False)))
    labelled = read_labelled(frame, training.columns, model, target=material.target)
    (known,) = sensitive_groups(prepare_frame(labelled.frame, [training.column(column)]), [column])

    def answer(weights: np.ndarray) -> Answers:
        anew = refit(model, labelled.features, labelled.y, weights=weights)
        return replace(material.answers, scores=anew.scores(material.features))

    found = reweighing_option(material.answers, groups, taught=(known.codes, labelled.y), refit=answer, rule=rule)
    if not sampled:
        return found
    return replace(found, catch=f"{found.catch}; made anew of {MOST_ROWS:,} of its training rows only, which costs too")
