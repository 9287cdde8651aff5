"""One evaluation, every choice made, and what it works on."""

from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from axagents.errors import UserError, Waiting
from axagents.ml.metrics import find_metric, metrics_for
from axagents.project import Project
from axagents.workflows.evaluation.material import Material, gather, sensitive_columns
from axagents.workflows.evaluation.measuring import fairness_rule
from axagents.workflows.evaluation.request import EvaluationRequest
from axagents.workflows.evaluation.rivals import check_baseline
from axagents.workflows.experiments.criteria import read_conditions

_MOST_CHOICES = 8


class Setup(BaseModel):
    """One evaluation: what the steps after the first go by.

    `pinned` names the version, or the folder, that the request meant; `sha256` and `fingerprint` are of model and data.
    """

    model_config = ConfigDict(frozen=True)

    request: EvaluationRequest
    pinned: str
    sha256: str
    fingerprint: str
    metrics: list[str]
    primary: str
    sensitive: list[str]


def complete_request(project: Project, request: EvaluationRequest, *, anew: bool = False) -> tuple[Setup, Material]:
    """Find the model and the rows, let the model answer, and choose what the request leaves open.

    Args:
        anew: read everything again: the same request may be made after model, data or catalog have changed.

    Raises:
        UserError, Waiting: whatever keeps the rows from being judged.
    """
    if anew:
        release_material()
    material = _hold(_key(project, request), lambda: _gather(project, request))
    task = material.model.task
    asked = [find_metric(each, task).name for each in request.metrics]
    read_conditions(request.success_criteria)
    check_baseline(project, request.baseline)
    fairness_rule(material, request)
    setup = Setup(
        request=request,
        pinned=material.subject.label,
        sha256=material.subject.sha256,
        fingerprint=material.dataset.fingerprint.sha256,
        metrics=list(dict.fromkeys(asked)) or list(metrics_for(task)),
        primary=_primary(request, material),
        sensitive=_groups(request, material),
    )
    return setup, material


# What the one evaluation that this process works on has read; another process reads it again.
_held: dict[tuple[Path, str], Material] = {}


def load_material(project: Project, setup: Setup) -> Material:
    """Return what an evaluation that has begun works on.

    Raises:
        UserError: model or rows changed since.
    """
    pinned = setup.request.model_copy(update={"model_id": setup.pinned})
    material = _hold(_key(project, setup.request), lambda: _gather(project, pinned))
    if material.subject.sha256 != setup.sha256:
        raise UserError(f"{setup.request.model_id} is another model since this evaluation began; begin a new one")
    if material.dataset.fingerprint.sha256 != setup.fingerprint:
        raise UserError(f"dataset {material.dataset.name!r} changed since this evaluation began; begin a new one")
    return material


def release_material() -> None:
    """Let go of what the last evaluation has read."""
    _held.clear()


def _hold(key: tuple[Path, str], read: Callable[[], Material]) -> Material:
    """Return what is held under a key, else read it and hold that alone; another thread may let go of it meanwhile."""
    found = _held.get(key)
    if found is None:
        found = read()
        _held.clear()
        _held[key] = found
    return found


def _gather(project: Project, request: EvaluationRequest) -> Material:
    return gather(
        project,
        request.model_id,
        request.evaluation_dataset,
        sensitive=request.sensitive,
        allow_pickle=request.allow_pickle,
    )


def _key(project: Project, request: EvaluationRequest) -> tuple[Path, str]:
    return project.root, request.model_dump_json()


def _primary(request: EvaluationRequest, material: Material) -> str:
    task = material.model.task
    if request.primary_metric:
        return find_metric(request.primary_metric, task).name
    return material.primary


def _groups(request: EvaluationRequest, material: Material) -> list[str]:
    """Return the columns whose groups are compared; none where that was not asked for."""
    found = sensitive_columns(material.dataset, request.sensitive)
    if request.include_fairness is False or (request.include_fairness is None and not found):
        return []
    if not found:
        raise sensitive_wanted(material)
    return list(found)


def sensitive_wanted(material: Material) -> Waiting:
    """Return the question for the columns of groups, which nobody may guess."""
    few = [each.name for each in material.dataset.columns if each.kind in ("category", "boolean") and each.distinct > 1]
    dataset = material.dataset
    choices = [name for name in few if name != material.target][:_MOST_CHOICES]
    return Waiting(
        f"by which columns are people to be compared? {dataset.name!r} declares none sensitive, and none is guessed",
        needs=[
            {
                "kind": "answer",
                "field": "sensitive",
                "text": f"Which columns of {dataset.name} hold the groups to compare?",
                "choices": choices,
            }
        ],
        hint=f"ax data add {dataset.name} {dataset.location} --sensitive COLUMN,...",
    )
