"""Different values and repeated rows of a long table, counted by 64-bit hashes in one pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

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
        self.parts.append(np.unique(hashes))
        self.pending += self.parts[-1].size
        if self.pending > _COMPACT_AT:
            self.parts = [np.unique(np.concatenate(self.parts))]
            self.pending = 0

    def count(self) -> int:
        return int(np.unique(np.concatenate(self.parts)).size) if self.parts else 0


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
    values: Mapping[str, tuple[str, int]],
) -> HashCounts:
    """Count repeated rows and different values.

    `row_columns` names the SQL columns of each kind of row; `values` gives for each value its SQL expression and
    the number of shares, one of which is counted: the error for D values in s shares is about sqrt(s / D).
    Two different rows share a hash once in 2^64 pairs: at ten million rows the count is off by one with
    probability 3e-6.
    """
    share = -(-rows // MAX_ROW_HASHES)
    selected = [_sliced(f"hash({', '.join(columns)})", share) for columns in row_columns.values()]
    selected += [_sliced(f"hash({sql})", shares, null_of=sql) for sql, shares in values.values()]
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
        distinct={name: distinct[name].count() * values[name][1] for name in values},
        row_share=share,
    )


def _sliced(digest: str, share: int, null_of: str | None = None) -> str:
    conditions = [f"{digest} % {share} = 0"] if share > 1 else []
    if null_of is not None:
        conditions.append(f"{null_of} IS NOT NULL")
    return f"CASE WHEN {' AND '.join(conditions)} THEN {digest} END" if conditions else digest


def _count_repeats(hashes: np.ndarray) -> int:
    hashes.sort()
    return int((hashes[1:] == hashes[:-1]).sum())
