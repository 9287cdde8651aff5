"""Bring closed segments into the Delta tables; `python -m axagents.stores.inference.fold` does so for all of a project.

A commit holds the rows and, for each writer, the number of the last segment that they came from: a segment that was
not deleted after its commit is known for what it is, and never folded twice.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import orjson
import pyarrow as pa

from axagents.clock import utc_now
from axagents.faults import fault_point
from axagents.project import Project, open_project
from axagents.stores.inference.delta import (
    append_rows,
    compact_days,
    days_of,
    expire_days,
    last_folded,
    open_delta,
    sweep,
)
from axagents.stores.inference.holding import Busy, alone
from axagents.stores.inference.lines import parse_lines
from axagents.stores.inference.places import LogPlace, every_log, predictions_log
from axagents.stores.inference.segments import Segment, closed_segments
from axagents.stores.inference.shape import SHAPES

_BATCH_BYTES = 32 << 20


@dataclass(frozen=True)
class Folded:
    """What a fold did; `busy` when another was at it, and nothing was done.

    Attributes:
        damaged: lines that were no record, left out.
        expired: days removed because they are too old.
        compacted: days whose small files were made one.
    """

    kind: str
    name: str
    busy: bool = False
    segments: int = 0
    rows: int = 0
    damaged: int = 0
    expired: int = 0
    compacted: int = 0


def fold(project: Project, deployment: str) -> Folded:
    """Bring the closed segments of a deployment's log into its table, once."""
    return fold_log(project, predictions_log(project, deployment))


def fold_project(project: Project) -> Iterator[Folded]:
    """Do so for every log of a project, those of outcomes too."""
    return (fold_log(project, place) for place in every_log(project))


def fold_log(project: Project, place: LogPlace) -> Folded:
    """Do so for one log, and keep its table: old days go, many small files become one.

    Raises:
        Failed: the table refuses, as when the disk is full; the segments stay.
    """
    try:
        with alone(place, seconds=0):
            segments, rows, damaged = fold_closed(place)
            expired, compacted = _keep(project, place)
    except Busy:
        return Folded(place.kind, place.name, busy=True)
    return Folded(place.kind, place.name, False, segments, rows, damaged, expired, compacted)


def fold_closed(place: LogPlace) -> tuple[int, int, int]:
    """Fold what is closed, for who has the log for himself; return how many segments, rows and damaged lines."""
    table = open_delta(place)
    waiting: list[Segment] = []
    for each in closed_segments(place.segments):
        if each.number <= last_folded(table, each.writer):
            each.path.unlink()
        else:
            waiting.append(each)
    rows = damaged = 0
    for batch in _batches(waiting):
        added, broken = _fold_batch(place, batch)
        rows, damaged = rows + added, damaged + broken
    return len(waiting), rows, damaged


def _fold_batch(place: LogPlace, batch: list[Segment]) -> tuple[int, int]:
    parsed = [parse_lines(each.read() or b"", SHAPES[place.kind]) for each in batch]
    rows = pa.concat_tables([each.table for each in parsed], promote_options="default")
    fault_point("inference.fold.read")
    if rows.num_rows:
        append_rows(place, rows, folded={each.writer: each.number for each in batch})
    fault_point("inference.fold.committed")
    for each in batch:
        each.path.unlink()
        fault_point("inference.fold.deleted")
    return rows.num_rows, sum(each.damaged for each in parsed)


def _batches(segments: list[Segment]) -> Iterator[list[Segment]]:
    batch: list[Segment] = []
    size = 0
    for each in segments:
        batch.append(each)
        size += each.path.stat().st_size
        if size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def oldest_kept(project: Project) -> date:
    """Return the first day whose rows are kept."""
    return (utc_now() - timedelta(days=project.settings.retention.inference_days)).date()


def count_old_days(project: Project) -> int:
    """Count the days of all logs that the next fold removes."""
    tables = filter(None, map(open_delta, every_log(project)))
    return sum(day < oldest_kept(project) for table in tables for day in days_of(table))


def _keep(project: Project, place: LogPlace) -> tuple[int, int]:
    table = open_delta(place)
    if table is None:
        return 0, 0
    expired = expire_days(table, before=oldest_kept(project))
    compacted = compact_days(table)
    fault_point("inference.fold.kept")
    sweep(place)
    return expired, compacted


def main() -> int:
    """Fold, and tell of each log on a line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m axagents.stores.inference.fold", description=__doc__)
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--deployment", help="this one's log only")
    asked = parser.parse_args()
    project = open_project(asked.project)
    for done in [fold(project, asked.deployment)] if asked.deployment else fold_project(project):
        sys.stdout.write(orjson.dumps(asdict(done)).decode() + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
