"""What is declared: columns that are not known at prediction, and windows that overlap."""

from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from axagents.ml.leakage.findings import Finding, LeakageContext, Window, name_columns
from axagents.ml.problem import Problem


def find_declared_unknown(problem: Problem, context: LeakageContext) -> Iterator[Finding]:
    """Yield the features that are declared unknown at prediction time."""
    names = tuple(name for name in problem.features.columns if name in context.unknown_at_prediction)
    if names:
        yield Finding(
            rule="declared_unknown",
            severity="DANGEROUS",
            columns=names,
            text=f"{name_columns(names)} {_are(names)} declared unknown when the model predicts",
            removed=names,
        )


def find_window_overlap(problem: Problem, context: LeakageContext) -> Iterator[Finding]:
    """Yield the features whose window, or whose dates, reach into the label's window.

    A label window that begins at an unknown time overlaps every feature window; so does a feature window that ends at
    an unknown time.
    """
    start = _label_start(context)
    names = set(problem.features.columns)
    windowed = {name: window for name, window in context.feature_windows.items() if name in names}
    overlapping = tuple(name for name, window in windowed.items() if _overlaps(window, start))
    if overlapping:
        known = "begins at an unknown time" if start is None else f"begins at {start.isoformat()}"
        yield Finding(
            rule="label_window_overlap",
            severity="DANGEROUS",
            columns=overlapping,
            text=f"the label's window {known}, and {name_columns(overlapping)} may look into it",
            evidence={"label_start": None if start is None else start.isoformat()},
            question="" if start else "from when on do events count towards the target?",
            removed=overlapping,
        )
    if start is not None:
        yield from _late_dates(problem, start)


def _label_start(context: LeakageContext) -> datetime | None:
    if context.label_window is not None:
        return _as_utc(context.label_window[0])
    return _as_utc(context.cutoff)


def _overlaps(window: Window, start: datetime | None) -> bool:
    end = _as_utc(window[1])
    return start is None or end is None or end > start


def _late_dates(problem: Problem, start: datetime) -> Iterator[Finding]:
    moment = np.datetime64(start.astimezone(UTC).replace(tzinfo=None), "ns")
    for spec in problem.columns:
        if spec.dtype != "date":
            continue
        late = int((problem.features[spec.name].to_numpy(dtype="datetime64[ns]") >= moment).sum())
        if late:
            yield Finding(
                rule="label_window_overlap",
                severity="DANGEROUS",
                columns=(spec.name,),
                text=f"`{spec.name}` holds {late:,} dates at or after {pd.Timestamp(moment)}, where the label begins",
                evidence={"rows": late, "share": late / problem.rows, "label_start": start.isoformat()},
                removed=(spec.name,),
            )


def _as_utc(moment: datetime | None) -> datetime | None:
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=UTC)


def _are(names: tuple[str, ...]) -> str:
    return "is" if len(names) == 1 else "are"
