"""The rows that a registered model reads, computed for one entity at a time by the feature set it was trained on."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import pandas as pd

from axagents.clock import utc_now
from axagents.errors import Failed, UserError
from axagents.project import Project
from axagents.stores.features.lookup import OnDemand, on_demand
from axagents.stores.features.record import FeatureReference, FeatureSet
from axagents.stores.features.store import find_set
from axagents.stores.registry.state import RegisteredVersion


@dataclass(frozen=True)
class ModelRows:
    """What gives a version of a model its rows; for one thread at a time."""

    columns: tuple[str, ...]
    features: OnDemand

    def row(self, entity: str, *, at: datetime | None = None, given: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return the row of an entity as of a moment (now), as the training table holds it, in the model's order.

        Raises:
            UserError: the set reads a column of its spine that was not given, or the entity cannot be one.
        """
        row = self.features.row(entity, at=at or utc_now(), given=given)
        return cast("pd.DataFrame", row[list(self.columns)])


@contextmanager
def open_model_rows(project: Project, version: RegisteredVersion) -> Generator[ModelRows]:
    """Open the events behind the feature set of a version, to compute the rows that the model reads.

    Raises:
        UserError: the version was not trained on a feature set, or reads what the set does not make.
        NotFound, Failed: the feature set is gone, or is not the one that the version was trained on.
    """
    found = _feature_set(project, version)
    columns = [str(each["name"]) for each in version.metadata.get("inputs", [])]
    _check_columns(version, found, columns)
    with on_demand(project, found) as features:
        yield ModelRows(tuple(columns), features)


def _feature_set(project: Project, version: RegisteredVersion) -> FeatureSet:
    told = version.metadata.get("lineage", {}).get("feature_set")
    if told is None:
        raise UserError(
            f"{version.name} was not trained on a feature set; send it the rows themselves",
            field="model_id",
            hint='ax run ml-train --input \'{"dataset": "FEATURE_SET"}\' trains on one',
        )
    wanted = FeatureReference.model_validate(told)
    found = find_set(project, str(wanted))
    if found.spec_sha256 != wanted.sha256:
        raise Failed(
            f"{wanted} is not the feature set that {version.name} was trained on: its definition has another SHA-256",
            hint="restore it from a backup: ax restore BACKUP",
        )
    return found


def _check_columns(version: RegisteredVersion, found: FeatureSet, columns: Sequence[str]) -> None:
    strange = [name for name in columns if name not in found.spec.names]
    if strange or not columns:
        told = ", ".join(strange) or "nothing"
        raise UserError(f"{version.name} reads {told}, which {found.reference} does not make", field="model_id")
