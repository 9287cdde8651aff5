"""Different values and repeated rows of a long table, counted by 64-bit hashes in one pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from axagents.ml.table import Table

# Row hashes held in memory at once, eight bytes each; of a longer table an equal share of all hashes is taken.
MAX_ROW_HASHES = 12_000_000
_BATCH_ROWS = 250_000
_COMPACT_AT = 1_000_000


@dataclass
class _Distinct:
    """The different hashes seen so far, compacted now and then."""

    parts: list[np.ndarray] = field(default_factory=list)
    pending: int = 0

    def add(self, hashes: np.ndarray) -> None:
        self.parts.append(_unique(hashes))
        self.pending += self.parts[-1].size
        if self.pending > _COMPACT_AT:
            self.parts = [_unique(np.concatenate(self.parts))]
            self.pending = 0

    def count(self) -> int:
        return int(_unique(np.concatenate(self.parts)).size) if self.parts else 0


@dataclass(frozen=True)
class Value:
    """A value whose different forms are counted: its SQL, and the share of them that is looked at.

    `sliced_by` is cheaper SQL that is the same for equal values; it chooses the share.
    """

    sql: str
    share: int = 1
    sliced_by: str | None = None


@dataclass(frozen=True)
class HashCounts:
    """Repeats of whole rows, by the name of the row; different values, by the name of the value.

    `row_share` is the number of equal shares the row hashes were cut into; only one was counted.
    """

    repeats: dict[str, int]
    distinct: dict[str, int]
    row_share: int


def count_hashes(
    table: Table,
    *,
    rows: int,
    row_columns: Mapping[str, Sequence[str]],
    values: Mapping[str, Value],
) -> HashCounts:
    """Count repeated rows and different values.

    `row_columns` names the SQL columns of each kind of row. Where one share of s is counted, the error for D
    values is about sqrt(s / D).
    Two different rows share a hash once in 2^64 pairs: at ten million rows the count is off by one with
    probability 3e-6.
    """
    share = -(-rows // MAX_ROW_HASHES)
    selected = [_hash_rows(columns, share) for columns in row_columns.values()] + [
        _hash(each) for each in values.values()
    ]
    query = "SELECT " + ", ".join(f"{sql} AS h{place}" for place, sql in enumerate(selected)) + f" FROM {table.view}"
    whole = {name: np.empty(-(-rows // share) * (1 if share == 1 else 2), dtype="uint64") for name in row_columns}
    filled = dict.fromkeys(row_columns, 0)
    distinct = {name: _Distinct() for name in values}
    for batch in table.connection.sql(query).to_arrow_reader(_BATCH_ROWS):
        columns = [column.drop_null().to_numpy() for column in batch.columns]
        for name, hashes in zip([*row_columns, *values], columns, strict=True):
            if name in whole:
                end = min(filled[name] + hashes.size, whole[name].size)
                whole[name][filled[name] : end] = hashes[: end - filled[name]]
                filled[name] = end
            else:
                distinct[name].add(hashes)
    return HashCounts(
        repeats={name: _count_repeats(whole[name][: filled[name]]) * share for name in row_columns},
        distinct={name: distinct[name].count() * values[name].share for name in values},
        row_share=share,
    )


def _unique(hashes: np.ndarray) -> np.ndarray:
    # By a hash table, which is several times faster than numpy's sort.
    return np.asarray(pd.unique(hashes))


def _hash_rows(columns: Sequence[str], share: int) -> str:
    digest = f"hash({', '.join(columns)})"
    return f"CASE WHEN {digest} % {share} = 0 THEN {digest} END" if share > 1 else digest


def _hash(value: Value) -> str:
    chosen = f"hash({value.sliced_by or value.sql}) % {value.share} = 0 AND " if value.share > 1 else ""
    return f"CASE WHEN {chosen}{value.sql} IS NOT NULL THEN hash({value.sql}) END"


def _count_repeats(hashes: np.ndarray) -> int:
    hashes.sort()
    return int((hashes[1:] == hashes[:-1]).sum())
