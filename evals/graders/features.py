"""What the feature store holds of a set: its versions, the values of the newest table, what the leakage check said.

The table is read with pyarrow from its file; `table` is the truth it must equal, a dotted path to {row: {column:
value}}, a row being the entity, or entity and day where an entity has several.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet

from axagents.evaluation.evidence import Evidence
from axagents.evaluation.task import Part

STORE = ".ax/features"
TOLERANCE = 1e-9


class Expected(Part):
    """What must be kept under a name; no versions mean that nothing is."""

    set: str
    versions: tuple[str, ...] = ()
    table: str | None = None
    lacks: tuple[str, ...] = ()
    leakage: str | None = None


def observe(root: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for path in sorted((root / STORE).glob("*/*/definition.json")):
        table = parquet.read_table(path.with_name("table.parquet")).to_pylist()
        record = {"definition": json.loads(path.read_text(encoding="utf-8")), "rows": table}
        found.setdefault(path.parts[-3], {})[path.parts[-2]] = record
    return found


def judge(expected: Expected, evidence: Evidence) -> list[str]:
    before = evidence.before["features"].get(expected.set, {})
    kept = evidence.after["features"].get(expected.set, {})
    wrong = [f"version {version} changed" for version, each in before.items() if kept.get(version) != each]
    if tuple(kept) != expected.versions:
        wrong.append(f"the versions of {expected.set} are {list(kept)}, not {list(expected.versions)}")
    if not kept:
        return wrong
    newest = kept[max(kept)]
    columns = newest["rows"][0].keys()
    wrong += [f"{name} was kept" for name in expected.lacks if name in columns]
    leakage = newest["definition"].get("leakage")
    if expected.leakage is not None and leakage != expected.leakage:
        wrong.append(f"the leakage is {leakage}, not {expected.leakage}")
    if expected.table is not None:
        wrong += differences(find(evidence.truth, expected.table), newest)
    return wrong


def differences(truth: Mapping[str, Mapping[str, float]], kept: Mapping[str, Any]) -> list[str]:
    rows = by_row(kept)
    if rows.keys() != truth.keys():
        return [f"{len(rows)} rows are kept, not the {len(truth)} that are meant"]
    wrong = [
        f"{column} of {row} is {rows[row].get(column)}, not {value}"
        for row, wanted in truth.items()
        for column, value in wanted.items()
        if not math.isclose(float(rows[row].get(column, math.nan)), value, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    ]
    return wrong[:3]


def by_row(kept: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    entity = kept["definition"]["entity"]
    several = len({row[entity] for row in kept["rows"]}) < len(kept["rows"])
    return {f"{row[entity]} {row['as_of']:%Y-%m-%d}" if several else str(row[entity]): row for row in kept["rows"]}


def find(truth: Mapping[str, Any], path: str) -> Any:
    place: Any = truth
    for part in path.split("."):
        place = place[part]
    return place
