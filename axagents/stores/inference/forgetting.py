"""Remove what the logs hold of one unit, so that its bytes are gone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import pyarrow as pa

from axagents.errors import Failed
from axagents.faults import fault_point
from axagents.ml.columns.sql import quote_text
from axagents.project import Project
from axagents.stores.inference.delta import open_delta, remove_rows, stale_files, sweep
from axagents.stores.inference.fold import fold_closed
from axagents.stores.inference.holding import alone
from axagents.stores.inference.places import LogPlace, every_log
from axagents.stores.inference.reading import View, with_views
from axagents.stores.inference.segments import ask_to_let_go

_LET_GO = 10.0
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Held:
    """How many rows of a unit there are: what it was answered, and what became of it."""

    predictions: int
    outcomes: int

    @property
    def is_nothing(self) -> bool:
        return not self.predictions and not self.outcomes


def count_unit(project: Project, unit: str) -> Held:
    """Count the rows of a unit, given by its hash, folded or not."""
    asked, outcomes = _requests(project, unit), 0
    for place in every_log(project):
        if place.kind == "outcomes":
            outcomes += _read(place, lambda view: _count_outcomes(view, unit, asked))
    return Held(asked.num_rows, outcomes)


def is_forgotten(project: Project, unit: str) -> bool:
    """Tell whether no row of a unit is left, nor a file that may have held one."""
    leftovers = any(any(stale_files(place)) for place in every_log(project))
    return not leftovers and count_unit(project, unit).is_nothing


def remove_unit(project: Project, unit: str) -> Held:
    """Remove a unit, given by its hash, from every log; return how many rows went.

    What the unit asks from now on is logged as before.

    Raises:
        Failed: a gateway did not let go of its segment, or a log is being folded for too long; try again.
    """
    places = list(every_log(project))
    for place in places:
        _fold_all(place)
    asked, gone = _requests(project, unit), 0
    for place in places:
        if place.kind == "outcomes":
            gone += _remove(place, pa.table({"unit": [unit]})) + _remove(place, asked)
    fault_point("inference.forget.outcomes")
    # Last, since the requests are known from here.
    answered = sum(_remove(place, pa.table({"unit": [unit]})) for place in places if place.kind == "predictions")
    fault_point("inference.forget.predictions")
    for place in places:
        with alone(place):
            sweep(place)
    return Held(answered, gone)


def _fold_all(place: LogPlace) -> None:
    left = ask_to_let_go(place.segments, seconds=_LET_GO)
    if left:
        process = left[0].writer.split("-")[1]
        raise Failed(
            f"process {process} did not let go of its part of the log of {place.name} for {_LET_GO:g} s",
            hint="try again; if it stays so, restart ax serve",
        )
    with alone(place):
        fold_closed(place)


def _remove(place: LogPlace, named: pa.Table) -> int:
    with alone(place):
        table = open_delta(place)
        return remove_rows(table, named) if table and named.num_rows else 0


def _requests(project: Project, unit: str) -> pa.Table:
    """Return the requests and rows that a unit was answered in, one for each row of the logs."""
    query = f'SELECT request, "row" FROM log WHERE unit = {quote_text(unit)}'
    found = [
        _read(place, lambda view: view.connection.sql(query).to_arrow_table())
        for place in every_log(project)
        if place.kind == "predictions"
    ]
    empty = pa.table({"request": pa.array([], pa.string()), "row": pa.array([], pa.int64())})
    return pa.concat_tables([empty, *found])


def _count_outcomes(view: View, unit: str, asked: pa.Table) -> int:
    view.connection.register("asked", asked)
    named = '(request, coalesce("row", 0)) IN (SELECT (request, coalesce("row", 0)) FROM asked)'
    found = view.connection.execute(f"SELECT count(*) FROM log WHERE unit = {quote_text(unit)} OR {named}").fetchone()
    return found[0] if found else 0


def _read(place: LogPlace, read: Callable[[View], _Found]) -> _Found:
    return with_views({"log": (place, None)}, lambda views: read(views["log"]))
