"""Predictions with what became true of them, once enough time has passed to know."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pyarrow as pa

from axagents.clock import utc_now
from axagents.project import Project
from axagents.stores.inference.places import outcomes_log, predictions_log
from axagents.stores.inference.reading import CLIENTS_SAW, Filter, View, between, moment, with_views


@dataclass(frozen=True)
class Labelled:
    """The matured predictions of a window; `outcome` and `outcome_time` are null where none came.

    Attributes:
        rows: one for each matured prediction, with the columns of a `Window`.
        immature: predictions of the window whose label window is not over.
        late: outcomes of units that came more than the label window after the last prediction; they join none.
        repeated: outcomes in the place of which a later one stands, of all the model's.
        notes: what else is to be said.
    """

    rows: pa.Table
    immature: int
    late: int
    repeated: int
    notes: tuple[str, ...]

    @property
    def matured(self) -> int:
        return self.rows.num_rows

    @property
    def labelled(self) -> pa.Table:
        """Those whose outcome is known."""
        return self.rows.filter(self.rows["outcome"].is_valid())

    @property
    def coverage(self) -> float | None:
        """The share of matured predictions whose outcome is known."""
        missing = self.rows["outcome"].null_count
        return 1 - missing / self.matured if self.matured else None


@dataclass(frozen=True)
class Cohort:
    """Which predictions: made from `since` up to, and without, `until`, and known `label_window` later."""

    since: datetime
    until: datetime
    label_window: timedelta
    wanted: Filter = CLIENTS_SAW


def read_labelled(
    project: Project,
    deployment: str,
    model: str,
    *,
    cohort: Cohort,
    columns: Sequence[str] | None = None,
    now: datetime | None = None,
) -> Labelled:
    """Join a deployment's predictions of a model with the model's outcomes.

    An outcome of a request and row belongs to that row; of several the one received last counts. An outcome of a unit
    belongs to the unit's last prediction before it, if that is not more than the label window ago; of several times
    the latest counts, of one time the one received last. What names the request goes before what names the unit.

    Raises:
        UserError: one of `columns` was never logged.
    """
    predictions, outcomes = predictions_log(project, deployment), outcomes_log(project, model)
    cohort = replace(cohort, wanted=replace(cohort.wanted, model=model))
    span = (cohort.since, cohort.until + cohort.label_window)
    kept = timedelta(days=project.settings.retention.inference_days)

    def read(views: dict[str, View]) -> Labelled:
        found = _join(views["predictions"], views["outcomes"], cohort, columns=columns, now=now or utc_now())
        if cohort.label_window < kept:
            return found
        days = cohort.label_window.days
        told = f"predictions are kept for {kept.days} days and mature after {days}: raise retention.inference_days"
        return replace(found, notes=(*found.notes, told))

    return with_views({"predictions": (predictions, span), "outcomes": (outcomes, None)}, read)


_KNOWN = """
CREATE TEMP VIEW told AS SELECT request, coalesce("row", 0) AS "row", unit, time, received, {outcome} FROM outcomes;
CREATE TEMP TABLE of_request AS
    SELECT request, "row", arg_max(outcome, received) AS outcome, arg_max(time, received) AS time, count(*) AS times
    FROM told WHERE request IS NOT NULL GROUP BY request, "row";
CREATE TEMP TABLE of_unit AS
    SELECT unit, time, arg_max(outcome, received) AS outcome, count(*) AS times
    FROM told WHERE unit IS NOT NULL GROUP BY unit, time;
CREATE TEMP TABLE ids AS
    SELECT request, "row", unit, time FROM predictions WHERE {spanned} AND "row" IS NOT NULL AND {wanted};
CREATE TEMP TABLE joined AS
    SELECT ids.request, ids."row", ids.time AS predicted, of_unit.time, of_unit.outcome
    FROM of_unit ASOF JOIN ids ON of_unit.unit = ids.unit AND of_unit.time > ids.time;
CREATE TEMP TABLE in_window AS
    SELECT request, "row", arg_max(outcome, time) AS outcome, max(time) AS time
    FROM joined WHERE time <= predicted + {window} GROUP BY request, "row";
"""

_ROWS = """
SELECT {columns}, coalesce(of_request.outcome, in_window.outcome) AS outcome,
    coalesce(of_request.time, in_window.time) AS outcome_time
FROM (SELECT * FROM predictions WHERE {within} AND "row" IS NOT NULL AND {wanted} AND {matured}) AS found
LEFT JOIN of_request ON of_request.request = found.request AND of_request."row" = found."row"
LEFT JOIN in_window ON in_window.request = found.request AND in_window."row" = found."row"
"""


def _join(
    predictions: View, outcomes: View, cohort: Cohort, /, *, columns: Sequence[str] | None, now: datetime
) -> Labelled:
    connection = predictions.connection
    window = f"INTERVAL {round(cohort.label_window.total_seconds())} SECONDS"
    within, wanted = between("time", cohort.since, cohort.until), cohort.wanted.sql()
    matured = f"time + {window} <= {moment(now)}"
    (outcome,) = outcomes.choose(())
    spanned = between("time", cohort.since, cohort.until + cohort.label_window)
    connection.execute(_KNOWN.format(outcome=outcome.sql, spanned=spanned, wanted=wanted, window=window))
    chosen = predictions.choose(columns)
    rows = connection.sql(
        _ROWS.format(columns=predictions.select(chosen, "found"), within=within, wanted=wanted, matured=matured)
    ).to_arrow_table()

    def count(query: str) -> int:
        found = connection.execute(query).fetchone()
        return int(found[0] or 0) if found else 0

    inside = between("predicted", cohort.since, cohort.until)
    notes = tuple(each.note for each in [*chosen, outcome] if each.note)
    return Labelled(
        rows,
        immature=count(f"SELECT count(*) FROM ids WHERE {within} AND NOT ({matured})"),
        late=count(f"SELECT count(*) FROM joined WHERE {inside} AND time > predicted + {window}"),
        repeated=count("SELECT (SELECT sum(times - 1) FROM of_request) + (SELECT sum(times - 1) FROM of_unit)"),
        notes=notes,
    )
