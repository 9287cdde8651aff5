"""The features of one entity on demand, by the same compiled query that made the table."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import duckdb
import pandas as pd

from axagents.actor import may_name
from axagents.errors import NotFound, UserError
from axagents.ml.features.computing import EVENTS, GIVEN, EventColumns, compute_frame, lay_out_spine, microseconds
from axagents.project import Project
from axagents.stores.datasets.catalog import find_dataset
from axagents.stores.features.computation import open_events
from axagents.stores.features.record import FeatureSet


@dataclass(frozen=True)
class OnDemand:
    """A feature set over the events that there are now; for one thread at a time."""

    found: FeatureSet
    connection: duckdb.DuckDBPyConnection

    def row(self, entity: str, *, at: datetime, given: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return the features as one row of the set's table would hold them.

        Args:
            given: the columns of the spine that features read: numbers, texts, or a date as days since 1970.

        Raises:
            UserError: such a column was not given, or the entity is no whole number where all are.
        """
        spec, kind, known = self.found.spec, self.found.entity_type, dict(given or {})
        missing = [name for name in spec.spine_columns if name not in known]
        if missing:
            raise UserError(
                f"{self.found.name} reads {', '.join(missing)} of its spine, which only the one who asks can tell",
                field="given",
            )
        values = {GIVEN + name: [known[name]] for name in spec.spine_columns}
        spine = pd.DataFrame({"row": [0], "entity": [self._entity(entity)], "as_of": [microseconds(at)], **values})
        lay_out_spine(self.connection, spec, spine, entity=kind)
        frame = compute_frame(self.connection, spec, texts=frozenset(self.found.texts), entity=kind)
        return cast("pd.DataFrame", frame[list(spec.names)])

    def refuse_unknown(self, entity: str) -> None:
        """Refuse an entity that has no event at all; NotFound names those that are spelt most like it."""
        if not self.found.spec.reads_events:
            return
        seen = self.connection.execute(f"SELECT 1 FROM {EVENTS} WHERE entity = ? LIMIT 1", [self._entity(entity)])
        if seen.fetchall():
            return
        near = self.connection.execute(
            f"SELECT DISTINCT CAST(entity AS VARCHAR) AS name FROM {EVENTS} WHERE name IS NOT NULL "
            "ORDER BY jaro_winkler_similarity(name, ?) DESC, name LIMIT 3",
            [entity],
        )
        raise NotFound(self.found.entity, entity, [name for (name,) in near.fetchall()], field="--entity")

    def _entity(self, entity: str) -> str | int:
        if self.found.entity_type == "string":
            return entity
        try:
            return int(entity)
        except ValueError:
            raise UserError(f"a {self.found.entity} is a whole number, not {entity!r}", field="entity") from None


@contextmanager
def on_demand(project: Project, found: FeatureSet) -> Generator[OnDemand]:
    """Open the events of a feature set, to compute features of one entity after the other.

    Raises:
        UserError: the dataset of the events no longer holds what the set reads.
    """
    _check_events(project, found)
    with open_events(project, found.spec, entity=found.entity_type) as connection:
        yield OnDemand(found, connection)


def values_at(
    project: Project,
    found: FeatureSet,
    entity: str,
    *,
    at: datetime,
    given: Mapping[str, Any] | None = None,
    only_known: bool = False,
) -> dict[str, Any]:
    """Compute the features of an entity as of a moment, from the events that the dataset holds now.

    Args:
        only_known: refuse an entity without any event, whose features would all be those of an empty window.

    Raises:
        NotFound: such an entity.
    """
    with on_demand(project, found) as features:
        if only_known:
            features.refuse_unknown(entity)
        row: dict[str, Any] = features.row(entity, at=at, given=given).iloc[0].to_dict()
    return {name: None if pd.isna(value) else value for name, value in row.items()}


def _check_events(project: Project, found: FeatureSet) -> None:
    if not found.spec.reads_events:
        return
    dataset = find_dataset(project, found.spec.dataset, allow_paths=may_name(found.spec.dataset))
    events = EventColumns.of(dataset.columns)
    for name in found.spec.event_columns:
        was, now = name in found.texts, events.find(name, field="features").dtype == "string"
        if was != now:
            kinds = ("texts", "numbers") if was else ("numbers", "texts")
            raise UserError(
                f"{name!r} of {dataset.name!r} held {kinds[0]} when {found.reference} was made, and holds {kinds[1]}",
                field="features",
            )
