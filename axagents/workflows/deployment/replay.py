"""The last logged rows, answered by the new version and by the one that serves."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from axagents.errors import Failed
from axagents.project import Project
from axagents.serving.local.wanted import Server
from axagents.stores.inference.places import predictions_log
from axagents.stores.inference.reading import read_latest
from axagents.workflows.deployment.readiness import open_held, read_columns
from axagents.workflows.deployment.request import ShadowFacts
from axagents.workflows.deployment.staging import ask_rows, scores_of

ROWS = 1000


def replay(project: Project, deployment: str, /, *, new: Server, old: Server) -> ShadowFacts:
    """Return how far the answers of two versions to the newest logged rows lie apart.

    Raises:
        Failed: the new version does not answer rows that the old one answers.
    """
    if not predictions_log(project, deployment).folder.is_dir():
        return ShadowFacts(note="nothing was logged yet, so that no row could be replayed")
    logged: Any = read_latest(project, deployment, count=ROWS)
    columns = list(read_columns(open_held(project, old.folder)))
    features: Any = logged.features()
    missing = [each for each in columns if each not in features.column_names]
    if logged.rows.num_rows == 0 or missing:
        why = (
            f"the log does not keep {', '.join(missing)}" if missing and logged.rows.num_rows else "nothing was logged"
        )
        return ShadowFacts(note=f"{why}, so that no row could be replayed")
    told: list[dict[str, Any]] = features.select(columns).to_pylist()
    rows = [[_plain(row[name]) for name in columns] for row in told]
    try:
        before = ask_rows(old.address, columns, rows)
    except Failed as error:
        return ShadowFacts(note=f"the logged rows cannot be replayed: {error.message}")
    after = ask_rows(new.address, columns, rows)
    return _told(before, after)


def _told(before: dict[str, Any], after: dict[str, Any]) -> ShadowFacts:
    first, second = scores_of(before), scores_of(after)
    differed = _differed(before["predictions"], after["predictions"])
    if first.shape != second.shape:
        return ShadowFacts(rows=len(before["predictions"]), differed=differed, note="they answer in other shapes")
    farthest = float(np.abs(first - second).max()) if first.size else None
    return ShadowFacts(rows=len(before["predictions"]), differed=differed, farthest=farthest)


def _differed(before: Sequence[Any], after: Sequence[Any]) -> int:
    return sum(one != other for one, other in zip(before, after, strict=True))


def _plain(value: Any) -> Any:
    """Return a cell as JSON has it."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
