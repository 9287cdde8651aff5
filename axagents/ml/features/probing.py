"""A look at whether features move when what happened, or became known, at or after each row's moment is changed."""

import duckdb
import numpy as np
import pandas as pd

from axagents.ml.features.computing import EVENTS, SPINE, compute_frame
from axagents.ml.features.spec import EntityType, FeatureSpec
from axagents.ml.leakage.findings import Finding, name_columns
from axagents.ml.problem import column_of

_ABSURD = 1e6


def find_moving(
    connection: duckdb.DuckDBPyConnection, spec: FeatureSpec, *, texts: frozenset[str], entity: EntityType
) -> Finding | None:
    """Return the features that change when the later events of every entity of the spine are changed.

    The spine holds one row an entity. Later events get absurd values and some are added; the view `events` is put back.
    """
    before = compute_frame(connection, spec, texts=texts, entity=entity)
    late = "(e.t >= s.as_of OR e.known >= s.as_of)"
    values = [
        f"CASE WHEN {late} THEN {'NULL' if name in texts else f'coalesce(e.v{place}, 0) + {_ABSURD}'}"
        f" ELSE e.v{place} END AS v{place}"
        for place, name in enumerate(spec.event_columns)
    ]
    columns = ", ".join(["e.entity", "e.t", "e.known", *values])
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE changed AS WITH moved AS (SELECT {columns} FROM {EVENTS} e JOIN {SPINE} s"
        f" USING (entity)) SELECT * FROM moved UNION ALL"
        f" SELECT e.* FROM moved e JOIN {SPINE} s USING (entity) WHERE {late}"
    )
    ((kept,),) = connection.execute(
        "SELECT sql FROM duckdb_views() WHERE view_name = ? AND temporary", [EVENTS]
    ).fetchall()
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {EVENTS} AS SELECT * FROM changed")
    try:
        after = compute_frame(connection, spec, texts=texts, entity=entity)
    finally:
        connection.execute(str(kept).replace("CREATE ", "CREATE OR REPLACE ", 1))
    moving = tuple(name for name in spec.names if not _equal(column_of(before, name), column_of(after, name)))
    if not moving:
        return None
    return Finding(
        rule="changes_with_later_events",
        severity="DANGEROUS",
        columns=moving,
        text=f"{name_columns(moving)} changes when events from the row's own moment on are changed",
        removed=moving,
    )


def _equal(one: pd.Series, other: pd.Series) -> bool:
    if one.dtype == object:
        return bool((one.fillna("") == other.fillna("")).all())
    return bool(np.allclose(one.to_numpy(np.float64), other.to_numpy(np.float64), rtol=1e-9, equal_nan=True))
