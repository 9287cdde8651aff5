"""What a model is compared with, on the very rows it is judged on: the baseline, and the version before it."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from axagents.errors import AxError
from axagents.ml.evaluation.answers import Answers
from axagents.project import Project
from axagents.stores.registry.resolution import resolve
from axagents.workflows.evaluation.material import Material, answer_rows
from axagents.workflows.evaluation.overlap import find_learned
from axagents.workflows.evaluation.subject import Subject, find_previous, find_subject, open_version

Role = Literal["baseline", "previous"]


@dataclass(frozen=True, eq=False)
class Rival:
    """One side to compare with; without `answers` it could not answer these rows, and `because` says why.

    `learned` says how much of these rows it may have learned from, which flatters it; empty for none.
    """

    role: Role
    name: str
    answers: Answers | None
    because: str = ""
    learned: str = ""


def check_baseline(project: Project, baseline: str | None) -> None:
    """Raise NotFound when the baseline that was named is no model."""
    if baseline is not None:
        resolve(project, baseline)


def find_rivals(
    project: Project, material: Material, baseline: str | None, *, allow_pickle: bool = False
) -> list[Rival]:
    """Return the baseline, and the version before the subject's where there is one."""
    rivals: list[Rival] = []
    if baseline is None:
        name = "guessing the mean" if material.model.task == "regression" else "guessing by the base rate"
        rivals.append(Rival("baseline", name, _guess(material.answers)))
    else:
        named = find_subject(project, baseline, allow_pickle=allow_pickle)
        rivals.append(_rival(project, material, named, role="baseline"))
    previous = find_previous(project, material.subject)
    if previous is not None:
        try:
            before = open_version(project, previous, allow_pickle=allow_pickle)
            rivals.append(_rival(project, material, before, role="previous"))
        except AxError as error:
            rivals.append(Rival("previous", previous.name, None, error.message))
    return rivals


def _guess(answers: Answers) -> Answers:
    """Return the answers of who knows how often each class comes, or the mean, and nothing else."""
    if answers.task == "regression":
        return replace(answers, scores=np.full(answers.rows, answers.y.mean()))
    shares = np.bincount(answers.y, minlength=len(answers.classes)) / answers.rows
    if answers.task == "multiclass":
        return replace(answers, scores=np.tile(shares, (answers.rows, 1)))
    return replace(answers, scores=np.full(answers.rows, shares[1]), threshold=0.5)


def _rival(project: Project, material: Material, subject: Subject, *, role: Role) -> Rival:
    if subject.sha256 == material.subject.sha256:
        return Rival(role, subject.label, None, "it is the same model, file for file")
    try:
        found = answer_rows(project, subject, rows=material.rows)
        seen = find_learned(project, subject, rows=material.rows, numbers=material.numbers, frame=found.frame)
    except AxError as error:
        return Rival(role, subject.label, None, error.message)
    ours, theirs = material.answers, found.answers
    if found.target != material.target or theirs.task != ours.task or len(theirs.y) != len(ours.y):
        return Rival(role, subject.label, None, f"it predicts something else ({theirs.task}, {found.target})")
    if theirs.classes == ours.classes:
        answers = replace(ours, scores=theirs.scores, threshold=theirs.threshold)
        learned = "" if seen.amount == "none" else seen.warning
        return Rival(role, subject.label, answers, learned=learned)
    return Rival(role, subject.label, None, f"its classes are {', '.join(theirs.classes)}, in this order")
