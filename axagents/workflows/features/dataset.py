"""What features are asked for of which data; light, so that a wrong name or a missing cutoff is told at once."""

import json
import shlex
from typing import Any

from axagents.actor import may_name
from axagents.errors import NotFound, UserError, Waiting
from axagents.project import Project
from axagents.stores.datasets.catalog import find_dataset
from axagents.stores.datasets.record import Dataset
from axagents.stores.features.plan import Mode, Plan
from axagents.stores.features.record import name_set
from axagents.stores.features.spark import check_spark
from axagents.workflows.features.request import FeaturesRequest

MOST_COLUMNS = 1_000


def make_plan(project: Project, request: FeaturesRequest) -> Plan:
    """Complete the request from the catalog.

    Raises:
        NotFound: no such dataset or column.
        UserError: what computes them is not installed, or the table is too wide to make features of.
        Waiting: the cutoff, the horizon, the entity or the time can be taken from nowhere.
    """
    dataset = find_dataset(project, request.dataset, allow_paths=may_name(request.dataset))
    names = [column.name for column in dataset.columns]
    entity, time = request.entity or dataset.entity, request.time or dataset.time
    for field, name in (("entity", entity), ("time", time), ("available", request.available)):
        if name is not None and name not in names:
            raise NotFound("column", name, names, field=field)
    _refuse_width(dataset, request)
    plan = Plan(
        mode=_mode(dataset, request),
        feature_set=request.feature_set or name_set(dataset.name, request.target),
        dataset=request.dataset,
        target=request.target,
        entity=entity or "",
        time=time,
        available=request.available,
        cutoff=request.cutoff or dataset.cutoff,
        horizon=request.horizon or dataset.label_window,
        spine=request.spine,
        engine=request.engine or project.settings.features.engine,
    )
    if plan.engine == "spark":
        check_spark()
    if plan.mode == "rows":
        plan = plan.model_copy(update={"cutoff": dataset.cutoff, "horizon": dataset.label_window})
    _ask_for_missing(dataset, request, plan)
    return _with_spine(project, request, plan) if request.spine else plan


def _refuse_width(dataset: Dataset, request: FeaturesRequest) -> None:
    count = len(dataset.columns)
    if count > MOST_COLUMNS and request.features is None:
        raise UserError(
            f"{dataset.name!r} has {count:,} columns; features are made of tables of at most {MOST_COLUMNS:,}, since"
            " chance alone finds some among more that seem to tell",
            field="dataset",
            hint="name your own in `features`, or add the columns that may matter as a dataset of their own",
        )


def _mode(dataset: Dataset, request: FeaturesRequest) -> Mode:
    columns = [column.name for column in dataset.columns]
    if request.spine:
        return "spine"
    if request.target not in columns:
        if request.target != dataset.target and request.horizon is None:
            known = [*columns, *([dataset.target] if dataset.target else [])]
            raise NotFound("column", request.target, known, field="target")
        return "events"
    return "labelled events" if request.cutoff or request.horizon else "rows"


def _with_spine(project: Project, request: FeaturesRequest, plan: Plan) -> Plan:
    assert request.spine is not None
    spine = find_dataset(project, request.spine, allow_paths=may_name(request.spine))
    _refuse_width(spine, request)
    names = [column.name for column in spine.columns]
    entity = spine.entity or (plan.entity if plan.entity in names else None)
    time = spine.time or ("as_of" if "as_of" in names else None)
    if request.target not in names:
        raise NotFound("column", request.target, names, field="target")
    if entity is None or time is None:
        missing = "entity" if entity is None else "time"
        raise UserError(
            f"the spine {spine.name!r} does not say which column is its {missing}",
            field="spine",
            hint=f"ax data add {shlex.quote(spine.name)} {shlex.quote(spine.location)} --{missing} COLUMN",
        )
    return plan.model_copy(update={"spine_entity": entity, "spine_time": time, "cutoff": None, "horizon": None})


_QUESTIONS = {
    "entity": "Which column says whom a row is about?",
    "time": "Which column says when an event happened?",
    "cutoff": "Up to which moment may features look? The target begins there.",
    "horizon": "How long after the cutoff is the target watched for, such as 90d?",
}


def _ask_for_missing(dataset: Dataset, request: FeaturesRequest, plan: Plan) -> None:
    wanted = {
        "events": ("entity", "time", "cutoff", "horizon"),
        "labelled events": ("entity", "time", "cutoff"),
        "spine": ("entity", "time"),
        "rows": ("entity",),
    }[plan.mode]
    missing = [field for field in wanted if not getattr(plan, field)]
    if not missing:
        return
    choices = {
        "entity": [each.name for each in dataset.columns if each.kind in ("identifier", "category")],
        "time": [each.name for each in dataset.columns if each.dtype == "date"],
        "horizon": ["30d", "90d", "180d"],
    }
    example: dict[str, Any] = request.model_dump(exclude_unset=True) | {
        field: (choices.get(field) or ["2026-01-31"])[0] for field in missing
    }
    needs = [
        {"kind": "answer", "field": field, "text": _QUESTIONS[field], "choices": choices.get(field, [])}
        for field in missing
    ]
    told = " and ".join(missing)
    raise Waiting(
        f"nothing says which {told} the features of {dataset.name!r} for {request.target!r} go by",
        needs=needs,
        hint=f"ax run ml-feature-engineering --input {shlex.quote(json.dumps(example))}",
    )


EARLY_CHECK = make_plan
