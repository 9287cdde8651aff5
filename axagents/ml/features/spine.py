"""The spine: which entities, as of when, with which label."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from axagents.errors import UserError
from axagents.ml.features.computing import EVENTS, microseconds, moment_of

# Of the label's window: what the events may fall short of, since nothing says that something happens every moment, and
# what they may not, since a label would then be a guess.
_SHORT, _MISSING = 0.05, 0.5


@dataclass(frozen=True)
class Span:
    """What the events of a data set reach over, in microseconds since 1970, and how many have no entity or time."""

    events: int
    entities: int
    first: int
    last: int
    unusable: int


def measure_span(connection: duckdb.DuckDBPyConnection) -> Span:
    """Return what the view `events` reaches over; UserError when it holds no event with an entity and a time."""
    rows = connection.execute(
        f"SELECT count(*), count(*) FILTER (t IS NOT NULL AND entity IS NOT NULL), count(DISTINCT entity), min(t), "
        f"max(t) FROM {EVENTS}"
    ).fetchall()
    every, usable, entities, first, last = rows[0]
    if not usable or first is None or last is None:
        raise UserError(f"none of the {every:,} events has both an entity and a time", field="time")
    return Span(int(usable), int(entities), int(first), int(last), int(every - usable))


@dataclass(frozen=True)
class EventTarget:
    """A target that the events define: none of an entity's events lies within the horizon, from as_of on."""

    cutoff: datetime
    horizon: timedelta


def spine_of_events(connection: duckdb.DuckDBPyConnection, target: EventTarget) -> pd.DataFrame:
    """Return row, entity, as_of and label of every entity that was known before the cutoff, by entity.

    The label is 1 when no event lies in [cutoff, cutoff + horizon).
    """
    cut, end = microseconds(target.cutoff), microseconds(target.cutoff + target.horizon)
    query = (
        f"SELECT entity, CAST({cut} AS BIGINT) AS as_of,"
        f" CAST(count(*) FILTER (t >= {cut} AND t < {end}) = 0 AS INTEGER) AS label FROM {EVENTS}"
        " WHERE entity IS NOT NULL GROUP BY entity"
        f" HAVING count(*) FILTER (t < {cut} AND known < {cut}) > 0 ORDER BY entity"
    )
    return _numbered(connection.sql(query).df())


def check_cutoff(span: Span, cutoff: datetime, *, of: str = "cutoff", field: str = "cutoff") -> None:
    """Raise UserError when nothing happened before the cutoff, or what else is the latest moment looked from."""
    if microseconds(cutoff) <= span.first:
        raise UserError(
            f"the {of} {_shown(cutoff)} lies before all events; the first is of {moment_of(span.first):%Y-%m-%d}",
            field=field,
        )


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}".removesuffix(" 00:00")


def check_target(span: Span, target: EventTarget, *, now: datetime) -> list[str]:
    """Return what should be told of a cutoff and horizon; UserError where the label cannot be known."""
    check_cutoff(span, target.cutoff)
    cut, end = microseconds(target.cutoff), microseconds(target.cutoff + target.horizon)
    if end > microseconds(now):
        raise UserError(
            f"the label's window ends on {moment_of(end):%Y-%m-%d}, which has not passed yet", field="cutoff"
        )
    short = (end - span.last) / (end - cut)
    if short > _MISSING:
        raise UserError(
            f"the label's window runs from {_shown(target.cutoff)} to {moment_of(end):%Y-%m-%d}, and the last event is"
            f" of {moment_of(span.last):%Y-%m-%d}: who bought in it cannot be told",
            field="cutoff",
            hint="an earlier cutoff, or a shorter horizon",
        )
    if short > _SHORT:
        return [
            f"the last event is of {moment_of(span.last):%Y-%m-%d}, {short:.0%} of the label's window before its end:"
            " are the data complete up to then?"
        ]
    return []


def check_spine(spine: pd.DataFrame, *, now: datetime) -> None:
    """Raise UserError when a spine has no rows, rows without an entity or moment, of the future, or the same twice."""
    if spine.empty:
        raise UserError("the spine has no rows", field="spine")
    for name in ("entity", "as_of"):
        missing = int(spine[name].isna().sum())
        if missing:
            raise UserError(f"{missing:,} of {len(spine):,} rows of the spine have no {name}", field="spine")
    # In no time zone is it a day later than in another.
    ahead = spine.loc[spine["as_of"] > microseconds(now + timedelta(days=1)), "as_of"]
    if len(ahead):
        raise UserError(
            f"{len(ahead):,} of {len(spine):,} rows of the spine lie in the future, the last as of"
            f" {moment_of(ahead.max()):%Y-%m-%d}: nobody can know their target",
            field="spine",
        )
    twice = spine.duplicated(["entity", "as_of"])
    if twice.any():
        first: Any = spine.loc[twice].iloc[0]
        raise UserError(
            f"the spine holds {int(twice.sum()):,} rows twice, such as {first['entity']!r} as of"
            f" {moment_of(first['as_of']):%Y-%m-%d}",
            field="spine",
            hint="one row for each entity and moment",
        )


def _numbered(frame: pd.DataFrame) -> pd.DataFrame:
    frame.insert(0, "row", np.arange(len(frame)))
    return frame
