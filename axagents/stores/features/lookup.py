"""The features of one entity on demand, by the same compiled query that made the table."""

from datetime import datetime
from typing import Any

import pandas as pd

from axagents.errors import UserError
from axagents.ml.features.computing import (
    EventColumns,
    compute_frame,
    lay_out_events,
    lay_out_spine,
    microseconds,
)
from axagents.project import Project
from axagents.stores.datasets.catalog import find_dataset
from axagents.stores.datasets.loading import open_dataset
from axagents.stores.features.record import FeatureSet


def values_at(project: Project, found: FeatureSet, entity: str, *, at: datetime) -> dict[str, Any]:
    """Compute the features of an entity as of a moment, from the events that the dataset holds now.

    Raises:
        UserError: the set reads columns of its spine, which only the spine knows.
    """
    if found.spec.spine_columns:
        raise UserError(
            f"{found.name} reads {', '.join(found.spec.spine_columns)} of its spine; give those with the request",
            field="entity",
        )
    dataset = find_dataset(project, found.spec.dataset)
    events = EventColumns.of(dataset.columns)
    texts = frozenset(found.texts)
    wanted: Any = int(entity) if found.entity_type == "int64" else entity
    with open_dataset(project, dataset) as table:
        lay_out_events(table, found.spec, events, entity=found.entity_type)
        spine = pd.DataFrame({"row": [0], "entity": [wanted], "as_of": [microseconds(at)]})
        lay_out_spine(table.connection, found.spec, spine, entity=found.entity_type)
        frame = compute_frame(table.connection, found.spec, texts=texts, entity=found.entity_type)
    row: dict[str, Any] = frame.iloc[0].to_dict()
    return {name: None if pd.isna(row[name]) else row[name] for name in found.spec.names}
