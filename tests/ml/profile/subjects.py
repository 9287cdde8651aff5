"""Profiles of small frames, as the tests need them."""

from datetime import UTC, datetime
from typing import Any

import pandas as pd

from axagents.ml.columns import choose_task, infer_columns
from axagents.ml.profile.frame import Subject, profile_frame
from axagents.ml.profile.model import DataProfile

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def subject_of(frame: pd.DataFrame, target: str | None = None, **known: Any) -> Subject:
    columns = infer_columns(frame, target=target)
    spec = next((column for column in columns if column.name == target), None)
    choice = choose_task(frame[target], spec) if target and spec else None
    return Subject(name="small", columns=columns, now=NOW, target=target, choice=choice, **known)


def profile_of(frame: pd.DataFrame, target: str | None = None, **known: Any) -> DataProfile:
    return profile_frame(frame, subject_of(frame, target, **known))


def rules_of(profile: DataProfile, column: str | None = None) -> set[str]:
    return {each.rule for each in profile.suspicions if each.column == column}
