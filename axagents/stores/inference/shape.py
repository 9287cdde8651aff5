"""How a log lies in its table: fixed columns, and for every other a column of the table a type that it ever had."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, unquote

import pyarrow as pa

from axagents.stores.inference.places import Kind

FEATURE = "x."
"""What stands before the name of an input column among those of the log itself."""

TYPES = {"b": pa.bool_(), "i": pa.int64(), "n": pa.float64(), "t": pa.string(), "l": pa.list_(pa.float64())}
_SQL = {"b": "BOOLEAN", "i": "BIGINT", "n": "DOUBLE", "t": "VARCHAR", "l": "DOUBLE[]"}
_MOMENT = pa.timestamp("us", "UTC")


@dataclass(frozen=True)
class Shape:
    """What a kind of log holds.

    Attributes:
        fixed: the columns that every line has, by the type they have in the table.
        typed: those whose type is that of the model's labels.
        day: the fixed column whose day a row is filed under.
    """

    fixed: pa.Schema
    typed: tuple[str, ...]
    day: str

    @property
    def lines(self) -> pa.Schema:
        """The fixed columns as they stand in a segment: times in microseconds."""
        return pa.schema([(each.name, pa.int64() if each.type == _MOMENT else each.type) for each in self.fixed])


SHAPES: dict[Kind, Shape] = {
    "predictions": Shape(
        pa.schema([
            ("time", _MOMENT), ("request", pa.string()), ("row", pa.int64()), ("deployment", pa.string()),
            ("variant", pa.string()), ("role", pa.string()), ("model", pa.string()), ("version", pa.string()),
            ("unit", pa.string()), ("latency_ms", pa.float64()), ("status", pa.int64()), ("mirrored", pa.bool_()),
        ]),
        typed=("prediction", "probability"),
        day="time",
    ),
    "outcomes": Shape(
        pa.schema([
            ("time", _MOMENT), ("received", _MOMENT), ("request", pa.string()), ("row", pa.int64()),
            ("unit", pa.string()), ("source", pa.string()),
        ]),
        typed=("outcome",),
        day="received",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column as it is read: its name, the kinds it has in the table, and the widest of them."""

    name: str
    kinds: tuple[str, ...]

    @property
    def widest(self) -> str:
        if len(self.kinds) == 1:
            return self.kinds[0]
        if set(self.kinds) == {"i", "n"}:
            return "n"
        return "l" if set(self.kinds) <= {"i", "n", "l"} else "t"

    @property
    def sql(self) -> str:
        """Read it as one column of the widest type; of a row at most one is not null."""
        if not self.kinds:
            return f"NULL AS {quoted(self.name)}"
        ordered = sorted(self.kinds, key=lambda kind: kind != self.widest)
        return f"coalesce({', '.join(self._cast(kind) for kind in ordered)}) AS {quoted(self.name)}"

    @property
    def note(self) -> str | None:
        """Tell that its type changed, where a reader may care: not between whole numbers and others."""
        if set(self.kinds) <= {"i", "n"} or len(self.kinds) < 2:
            return None
        names = {"b": "truth values", "i": "numbers", "n": "numbers", "t": "texts", "l": "lists"}
        had = " and ".join(sorted({names[kind] for kind in self.kinds}))
        return f"{self.name.removeprefix(FEATURE)} holds {had}; it is read as {names[self.widest]}"

    def _cast(self, kind: str) -> str:
        name = quoted(physical(self.name, kind))
        if kind == self.widest:
            return name
        listed = f"CASE WHEN {name} IS NOT NULL THEN [{name}::DOUBLE] END"
        return listed if self.widest == "l" else f"{name}::{_SQL[self.widest]}"


def physical(name: str, kind: str) -> str:
    """Return the table's column for a column as it is read; Delta forbids some characters in names."""
    if not name.startswith(FEATURE):
        return f"{name}_{kind}"
    safe = quote(name.removeprefix(FEATURE), safe="")
    return f"x_{kind}_" + safe.replace(".", "%2E").replace("-", "%2D").replace("~", "%7E")


def logical(names: Iterable[str], shape: Shape) -> list[Column]:
    """Return the columns that a table of these names is read as, besides the fixed ones."""
    kinds: dict[str, list[str]] = {name: [] for name in shape.typed}
    for each in names:
        start, kind, rest = each[:2], each[2:3], each[4:]
        if start == "x_" and kind in TYPES and each[3:4] == "_":
            kinds.setdefault(FEATURE + unquote(rest), []).append(kind)
        elif each[:-2] in shape.typed and each[-1] in TYPES:
            kinds[each[:-2]].append(each[-1])
    return [Column(name, tuple(sorted(had))) for name, had in kinds.items()]


def quoted(name: str) -> str:
    """Quote a name for DuckDB."""
    return '"' + name.replace('"', '""') + '"'
