"""A look at the data that features are made of: the spine of a run, and the events behind it."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict

from axagents.actor import may_name
from axagents.clock import utc_now
from axagents.errors import UserError
from axagents.fields import parse_moment, parse_window
from axagents.ml.columns import ColumnSpec
from axagents.ml.features.compiling import DAY, EntityType
from axagents.ml.features.computing import (
    EVENTS,
    GIVEN,
    EventColumns,
    entity_expression,
    entity_type,
    lay_out_events,
    microseconds,
    moment_of,
)
from axagents.ml.features.generating import Material
from axagents.ml.features.spec import FeatureSpec
from axagents.ml.features.spine import (
    EventTarget,
    Span,
    check_cutoff,
    check_spine,
    check_target,
    measure_span,
    spine_of_events,
)
from axagents.ml.table import Table
from axagents.project import Project
from axagents.stores.datasets.catalog import find_dataset
from axagents.stores.datasets.loading import open_dataset
from axagents.stores.datasets.record import Dataset
from axagents.stores.features.computation import MEMORY_LIMIT
from axagents.stores.features.plan import Plan
from axagents.stores.features.rows import write_spine

MOST_GIVEN, MOST_NUMBERS, MOST_CATEGORIES = 200, 20, 8
MOST_TEXTS = 50


class Looked(BaseModel):
    """What a look at the data found; the spine itself lies in the run's folder."""

    model_config = ConfigDict(frozen=True)

    rows: int
    entities: int
    events: int | None
    entity_type: EntityType
    fingerprint: str
    spine_fingerprint: str | None
    numbers: tuple[str, ...]
    categories: dict[str, tuple[str, ...]]
    days: float
    given_numbers: tuple[str, ...]
    given_texts: tuple[str, ...]
    moments: int
    first_moment: int
    last_moment: int
    notices: tuple[str, ...]

    @property
    def material(self) -> Material:
        """What the generator is told."""
        return Material(
            numbers=self.numbers,
            categories=self.categories,
            days=self.days,
            has_events=self.events is not None,
            given_numbers=self.given_numbers,
            given_texts=self.given_texts,
        )

    @property
    def texts(self) -> frozenset[str]:
        """The columns, of those that generated features read, that hold texts."""
        return frozenset((*self.categories, *self.given_texts))


def look(project: Project, plan: Plan, folder: Path) -> Looked:
    """Read the data once: write the spine into the run's folder, and tell what there is to make features of."""
    dataset = find_dataset(project, plan.dataset, allow_paths=may_name(plan.dataset))
    own = find_dataset(project, plan.spine, allow_paths=may_name(plan.spine)) if plan.spine else dataset
    usable = _given_columns(own, plan) if plan.mode in ("rows", "spine") else []
    given = usable[:MOST_GIVEN]
    found = _Found(notices=_tell_skipped("columns", [each.name for each in usable], MOST_GIVEN))
    with open_dataset(project, dataset, memory_limit=MEMORY_LIMIT) as table:
        entity = entity_type(table, plan.entity)
        if plan.spine:
            with open_dataset(project, own, memory_limit=MEMORY_LIMIT) as other:
                entity = entity if entity_type(other, plan.spine_entity or "") == entity else "string"
                spine = _read_rows(other, own, plan, given=given, entity=entity)
            _look_at_events(table, dataset, plan, found=found, entity=entity)
        elif plan.mode == "rows":
            spine = _read_rows(table, dataset, plan, given=given, entity=entity)
        else:
            span = _look_at_events(table, dataset, plan, found=found, entity=entity)
            spine, told = _spine_of_events(table, dataset, plan, span=span)
            found.notices[:0] = told
    check_spine(spine, now=utc_now())
    if plan.spine and found.span:
        check_cutoff(found.span, moment_of(spine["as_of"].max()), of="last moment of the spine", field="spine")
    write_spine(folder, spine)
    first = int(spine["as_of"].min())
    return Looked(
        rows=len(spine),
        entities=int(spine["entity"].nunique()),
        events=found.span.events if found.span else None,
        entity_type=entity,
        fingerprint=dataset.fingerprint.sha256,
        spine_fingerprint=own.fingerprint.sha256 if plan.spine else None,
        numbers=tuple(found.numbers),
        categories=found.categories,
        days=(first - found.span.first) / DAY if found.span else 0.0,
        given_numbers=tuple(each.name for each in given if each.dtype != "string"),
        given_texts=tuple(each.name for each in given if each.dtype == "string"),
        moments=int(spine["as_of"].nunique()),
        first_moment=first,
        last_moment=int(spine["as_of"].max()),
        notices=tuple(found.notices),
    )


@dataclass
class _Found:
    """What a look at the events gathers."""

    span: Span | None = None
    numbers: list[str] = field(default_factory=list)
    categories: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)


def _look_at_events(table: Table, dataset: Dataset, plan: Plan, *, found: _Found, entity: EntityType) -> Span:
    lay_out_events(table, _events_of(plan), EventColumns.of(dataset.columns), entity=entity)
    found.span = measure_span(table.connection)
    found.numbers, found.categories, told = _event_columns(table, dataset, plan)
    found.notices += [*_tell_span(found.span), *told]
    return found.span


def _events_of(plan: Plan) -> FeatureSpec:
    """The plainest specification of a plan's events, which says how they are laid out."""
    return FeatureSpec.model_validate(
        {
            "dataset": plan.dataset,
            "entity": plan.entity,
            "time": plan.time,
            "available": plan.available,
            "features": [{"name": "events", "function": "count"}],
        }
    )


def _given_columns(dataset: Dataset, plan: Plan) -> list[ColumnSpec]:
    ties = {plan.entity, plan.time, plan.target, plan.spine_entity, plan.spine_time, plan.available}
    return [
        each
        for each in dataset.columns
        if each.name not in ties
        and each.name not in dataset.unknown_at_prediction
        and each.kind not in ("identifier", "text", "constant", "empty")
        and (each.dtype != "string" or each.distinct <= MOST_TEXTS)
    ]


def _read_rows(
    table: Table, dataset: Dataset, plan: Plan, *, given: list[ColumnSpec], entity: EntityType
) -> pd.DataFrame:
    columns = EventColumns.of(dataset.columns)
    who = columns.find(plan.spine_entity or plan.entity, field="entity")
    when = plan.spine_time or plan.time
    if when is None:
        moment = parse_moment(dataset.cutoff or dataset.added_at)
        as_of = f"CAST({microseconds(moment)} AS BIGINT)"
    else:
        as_of = f"epoch_us({table.expression(columns.find(when, field='time'))})"
    selected = [
        f"{entity_expression(table, who, entity)} AS entity",
        f"{as_of} AS as_of",
        f"{_label(table, columns.find(plan.target, field='target'))} AS label",
        *(f'{_value(table, each)} AS "g{place}"' for place, each in enumerate(given)),
    ]
    frame = table.connection.sql(f"SELECT {', '.join(selected)} FROM {table.view}").df()
    frame.columns = pd.Index(["entity", "as_of", "label", *(GIVEN + each.name for each in given)])
    frame.insert(0, "row", np.arange(len(frame)))
    return frame


def _label(table: Table, column: ColumnSpec) -> str:
    """The target as it is stored, so that its classes keep their names."""
    stored = table.stored[table.names.index(column.name)]
    return f"trim({table.column(column.name)})" if stored == "text" else table.expression(column)


def _value(table: Table, column: ColumnSpec) -> str:
    read = table.expression(column)
    return f"epoch_us({read}) / {float(DAY)}" if column.dtype == "date" else read


def _spine_of_events(table: Table, dataset: Dataset, plan: Plan, *, span: Span) -> tuple[pd.DataFrame, list[str]]:
    assert plan.cutoff is not None
    cutoff = parse_moment(plan.cutoff)
    if plan.mode == "events":
        assert plan.horizon is not None
        target = EventTarget(cutoff, parse_window(plan.horizon))
        notices = check_target(span, target, now=utc_now())
        return spine_of_events(table.connection, target), notices
    check_cutoff(span, cutoff)
    cut = microseconds(cutoff)
    if cut > microseconds(utc_now()):
        raise UserError(f"the cutoff {plan.cutoff} has not come yet: nobody can know the target", field="cutoff")
    column = EventColumns.of(dataset.columns).find(plan.target, field="target")
    entity = entity_expression(table, dataset.column(plan.entity), entity_type(table, plan.entity))
    frame = table.connection.sql(
        f"SELECT e.entity, CAST({cut} AS BIGINT) AS as_of, min(l.label) AS label, count(DISTINCT l.label) AS labels"
        f" FROM (SELECT entity FROM {EVENTS} WHERE entity IS NOT NULL GROUP BY entity"
        f" HAVING count(*) FILTER (t < {cut} AND known < {cut}) > 0) e"
        f" JOIN (SELECT {entity} AS entity, {_label(table, column)} AS label FROM {table.view}) l USING (entity)"
        " GROUP BY e.entity ORDER BY e.entity"
    ).df()
    several = int((frame["labels"] > 1).sum())
    if several:
        raise UserError(
            f"the target {plan.target!r} has more than one value for {several:,} of {len(frame):,} entities; which one"
            " counts cannot be told",
            field="target",
            hint="give a spine: a dataset of entity, moment and target",
        )
    frame = frame.drop(columns="labels")
    frame.insert(0, "row", np.arange(len(frame)))
    return frame, []


def _event_columns(
    table: Table, dataset: Dataset, plan: Plan
) -> tuple[list[str], dict[str, tuple[str, ...]], list[str]]:
    """Return the columns of numbers, those of texts with their commonest values, and what is told of those left out."""
    ties = {plan.entity, plan.time, plan.available, plan.target, *dataset.unknown_at_prediction}
    usable = [each for each in dataset.columns if each.name not in ties]
    numbers = [each.name for each in usable if each.dtype == "number" and each.kind == "numeric"]
    texts = [each for each in usable if each.dtype == "string" and each.kind == "category"]
    categories: dict[str, tuple[str, ...]] = {}
    for each in texts[:MOST_CATEGORIES]:
        value = table.expression(each)
        found = table.query(
            f"SELECT {value} AS v FROM {table.view} WHERE {value} IS NOT NULL GROUP BY v"
            " ORDER BY count(*) DESC, v LIMIT 4"
        )
        categories[each.name] = tuple(str(row[0]) for row in found)
    skipped = _tell_skipped("columns of numbers", numbers, MOST_NUMBERS)
    skipped += _tell_skipped("columns of texts", [each.name for each in texts], MOST_CATEGORIES)
    return numbers[:MOST_NUMBERS], categories, skipped


def _tell_skipped(what: str, names: list[str], most: int) -> list[str]:
    left = names[most:]
    if not left:
        return []
    shown = ", ".join(left[:3]) + (f", and {len(left) - 3} more" if len(left) > 3 else "")
    return [f"of {len(names)} {what} the first {most} are made features of, not {shown}; name others in `features`"]


def _tell_span(span: Span) -> list[str]:
    told: list[str] = []
    if span.unusable:
        told.append(f"{span.unusable:,} events have no entity or no time, and count for nobody")
    if span.last > microseconds(utc_now()):
        told.append("some events lie in the future: is the time in another time zone, or planned and not happened?")
    return told
