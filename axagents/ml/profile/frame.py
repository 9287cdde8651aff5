"""The profile of a frame in memory, every figure from every row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from axagents.ml.columns import ColumnSpec, TargetChoice, label_target, prepare_frame
from axagents.ml.columns.tokens import is_missing_token, is_weak_missing_token
from axagents.ml.profile.associations import associate_target, correlate_numbers, find_strong_pairs
from axagents.ml.profile.distributions import describe_dates, describe_numbers, find_top_values
from axagents.ml.profile.model import ColumnProfile, DataProfile, Duplicates, TargetAssociation, TargetFacts
from axagents.ml.profile.suspicions import Evidence, find_suspicions

_SENSITIVE = "declared sensitive"
_PERSONAL = {"identifier": "an identifier", "text": "free text"}


@dataclass(frozen=True)
class Subject:
    """What is profiled, and what is known of it beforehand."""

    name: str
    columns: tuple[ColumnSpec, ...]
    now: datetime
    target: str | None = None
    choice: TargetChoice | None = None
    sensitive: frozenset[str] = frozenset()
    unknown_at_prediction: tuple[str, ...] = ()
    location: str | None = None
    sha256: str | None = None
    notices: tuple[str, ...] = ()


def profile_frame(frame: pd.DataFrame, subject: Subject) -> DataProfile:
    """Profile a frame whose values are as they are stored (or parsed before), of which no row is empty."""
    raw: Any = frame
    prepared: Any = prepare_frame(frame, subject.columns)
    profiles = tuple(
        profile_column(raw[spec.name], prepared[spec.name], spec=spec, subject=subject) for spec in subject.columns
    )
    return complete_profile(
        frame, prepared, subject=subject, profiles=profiles, duplicates=count_duplicates(prepared, subject.columns)
    )


def profile_column(raw: pd.Series, parsed: pd.Series, *, spec: ColumnSpec, subject: Subject) -> ColumnProfile:
    """Profile one column from its stored and its parsed values."""
    withheld = why_withheld(spec, subject)
    shown = withheld is None
    return ColumnProfile(
        name=spec.name,
        kind=spec.kind,
        dtype=spec.dtype,
        because=spec.because,
        missing=int(parsed.isna().sum()),
        unreadable=_count_unreadable(raw, parsed, spec),
        distinct=int(parsed.nunique()),
        withheld=withheld,
        numbers=describe_numbers(parsed) if shown and spec.dtype == "number" else None,
        dates=describe_dates(parsed) if shown and spec.dtype == "date" else None,
        top=find_top_values(_count_values(raw, parsed, spec)) if shown and spec.dtype in ("string", "boolean") else (),
    )


def complete_profile(
    frame: pd.DataFrame,
    prepared: pd.DataFrame,
    *,
    subject: Subject,
    profiles: tuple[ColumnProfile, ...],
    duplicates: Duplicates,
    rows: int | None = None,
) -> DataProfile:
    """Add to the columns' profiles what concerns several columns: correlations, target, suspicions."""
    open_columns = tuple(column for column in subject.columns if column.name not in subject.sensitive)
    matrix = correlate_numbers(prepared, open_columns)
    spec = next((column for column in subject.columns if column.name == subject.target), None)
    associations: tuple[TargetAssociation, ...] = ()
    raw: Any = frame
    choice = subject.choice
    if spec is not None and choice is not None:
        associations = associate_target(prepared, open_columns, raw[spec.name], spec=spec, choice=choice)
    evidence = Evidence(
        rows=rows or len(frame),
        columns=subject.columns,
        profiles={profile.name: profile for profile in profiles},
        prepared=prepared,
        duplicates=duplicates,
        now=subject.now,
        target=subject.target,
        choice=choice,
        associations=associations,
        matrix=matrix,
        unknown_at_prediction=subject.unknown_at_prediction,
        withheld=subject.sensitive,
    )
    return DataProfile(
        dataset=subject.name,
        location=subject.location,
        sha256=subject.sha256,
        rows=rows or len(frame),
        target=subject.target,
        target_facts=TargetFacts(**choice.model_dump(exclude={"target"})) if choice else None,
        duplicates=duplicates,
        columns=profiles,
        target_associations=associations,
        associations=find_strong_pairs(prepared, open_columns, matrix),
        correlation=matrix,
        suspicions=find_suspicions(evidence),
        notices=subject.notices,
        profiled_at=subject.now.isoformat(timespec="seconds"),
    )


def count_duplicates(prepared: pd.DataFrame, columns: Sequence[ColumnSpec]) -> Duplicates:
    """Count the rows that repeat an earlier one: whole, and apart from identifiers."""
    others = [column.name for column in columns if column.kind != "identifier"]
    apart = int(prepared[others].duplicated().sum()) if 0 < len(others) < len(columns) else None
    return Duplicates(rows=int(prepared.duplicated().sum()), rows_without_identifiers=apart)


def why_withheld(spec: ColumnSpec, subject: Subject) -> str | None:
    """Return why no value of a column may be shown; None when it may."""
    if spec.name in subject.sensitive:
        return _SENSITIVE
    return _PERSONAL.get(spec.kind)


def _count_values(raw: pd.Series, parsed: pd.Series, spec: ColumnSpec) -> dict[str, int]:
    labels = label_target(raw, spec) if spec.dtype == "boolean" else parsed
    return {str(value): int(count) for value, count in labels.value_counts().items()}


def _count_unreadable(raw: pd.Series, parsed: pd.Series, spec: ColumnSpec) -> int:
    """Count the values that are there, are no mark for missing, and could not be read as the column's type."""
    if spec.dtype == "string":
        return 0
    lost: Any = raw[(parsed.isna() & raw.notna()).to_numpy(dtype=bool)]
    if lost.empty or pd.api.types.is_numeric_dtype(lost.dtype):
        return 0
    marked = lost.astype(str).str.strip().map(lambda token: is_missing_token(token) or is_weak_missing_token(token))
    return int(np.count_nonzero(~marked.to_numpy(dtype=bool)))
