"""Segments as Arrow tables: at once where every column has one type, else line by line."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.json

from axagents.stores.inference.segments import lines_of
from axagents.stores.inference.shape import FEATURE, TYPES, Shape, physical

_BLOCK = 4 << 20
_NESTED = "columns"
_LARGEST = 2**63


@dataclass(frozen=True)
class Parsed:
    """The rows of a segment under the table's own names, and how many lines were no record."""

    table: pa.Table
    damaged: int


def parse_lines(data: bytes, shape: Shape) -> Parsed:
    """Read whole lines of JSON."""
    if not data:
        return Parsed(assemble({}, 0, shape), 0)
    try:
        return Parsed(_at_once(data, shape), 0)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return _line_by_line(data, shape)


def _at_once(data: bytes, shape: Shape) -> pa.Table:
    table = _read(data, list(shape.lines))
    while texts := _taken_for_times(table):
        table = _read(data, [*shape.lines, *texts])
    columns: dict[str, pa.ChunkedArray] = {name: table[name] for name in shape.fixed.names}
    for name in shape.typed:
        if name in table.column_names:
            columns.update(_typed(name, table[name]))
    if _NESTED in table.column_names and pa.types.is_struct(table[_NESTED].type):
        nested = table[_NESTED]
        for field, values in zip(nested.type, nested.flatten(), strict=True):
            columns.update(_typed(FEATURE + field.name, values))
    return assemble(columns, table.num_rows, shape)


def _read(data: bytes, known: list[pa.Field]) -> pa.Table:
    return pyarrow.json.read_json(
        io.BytesIO(data),
        read_options=pyarrow.json.ReadOptions(block_size=_BLOCK),
        parse_options=pyarrow.json.ParseOptions(explicit_schema=pa.schema(known), unexpected_field_behavior="infer"),
    )


def _taken_for_times(table: pa.Table) -> list[pa.Field]:
    """Return as text whatever Arrow took for a time because it looks like one."""

    def as_text(field: pa.Field) -> pa.Field | None:
        if pa.types.is_timestamp(field.type):
            return pa.field(field.name, pa.string())
        if not pa.types.is_struct(field.type):
            return None
        inner = [as_text(each) for each in field.type]
        kept = [text or each for text, each in zip(inner, field.type, strict=True) if not pa.types.is_null(each.type)]
        return pa.field(field.name, pa.struct(kept)) if any(inner) else None

    return [text for text in map(as_text, table.schema) if text is not None]


def _typed(name: str, values: pa.ChunkedArray) -> dict[str, pa.ChunkedArray]:
    kind = _kind_of_type(values.type, lists=not name.startswith(FEATURE))
    return {} if kind is None else {physical(name, kind): values}


def _kind_of_type(found: pa.DataType, *, lists: bool) -> str | None:
    if pa.types.is_null(found):
        return None
    if pa.types.is_boolean(found):
        return "b"
    if pa.types.is_integer(found):
        return "i"
    if pa.types.is_floating(found):
        return "n"
    if pa.types.is_string(found):
        return "t"
    if lists and pa.types.is_list(found) and _kind_of_type(found.value_type, lists=False) in {"i", "n"}:
        return "l"
    raise pa.ArrowNotImplementedError(f"a column of {found}")


def assemble(columns: dict[str, Any], rows: int, shape: Shape) -> pa.Table:
    """Lay columns out in the table's types, the fixed ones first."""
    names = [*shape.fixed.names, *sorted(set(columns) - set(shape.fixed.names))]
    types = {**{each.name: each.type for each in shape.fixed}}
    types |= {name: TYPES[_kind_of_name(name)] for name in names if name not in types}
    arrays = [columns[name].cast(types[name]) if name in columns else pa.nulls(rows, types[name]) for name in names]
    return pa.table(arrays, schema=pa.schema([(name, types[name]) for name in names]))


def _kind_of_name(name: str) -> str:
    return name[2] if name.startswith("x_") else name[-1]


def _line_by_line(data: bytes, shape: Shape) -> Parsed:
    fixed = {each.name: each.type for each in shape.lines}
    values: dict[str, list[Any]] = {name: [] for name in fixed}
    rows = damaged = 0
    for line in lines_of(data):
        told = _load(line, fixed)
        if told is None:
            damaged += 1
            continue
        for name, value in _cells(told, shape):
            found = values.setdefault(name, [])
            found.extend([None] * (rows - len(found)))
            found.append(value)
        rows += 1
    columns = {
        name: pa.chunked_array([pa.array([*found, *[None] * (rows - len(found))], fixed.get(name) or _type_of(name))])
        for name, found in values.items()
    }
    return Parsed(assemble(columns, rows, shape), damaged)


def _type_of(name: str) -> pa.DataType:
    return TYPES[_kind_of_name(name)]


def _load(line: bytes, fixed: dict[str, pa.DataType]) -> dict[str, Any] | None:
    try:
        told = orjson.loads(line)
        return told if all(_fits(told.get(name), kind) for name, kind in fixed.items()) else None
    except (orjson.JSONDecodeError, AttributeError):
        return None


def _fits(value: Any, kind: pa.DataType) -> bool:
    if value is None:
        return True
    if pa.types.is_boolean(kind) or isinstance(value, bool):
        return pa.types.is_boolean(kind) and isinstance(value, bool)
    if pa.types.is_integer(kind):
        return isinstance(value, int)
    return isinstance(value, str if pa.types.is_string(kind) else int | float)


def _cells(told: dict[str, Any], shape: Shape) -> Iterator[tuple[str, Any]]:
    for name in shape.fixed.names:
        yield name, told.get(name)
    named = [*((name, told.get(name)) for name in shape.typed)]
    named += [(FEATURE + name, value) for name, value in (told.get(_NESTED) or {}).items()]
    for name, value in named:
        if value is not None:
            kind = _kind_of_value(value, lists=not name.startswith(FEATURE))
            yield (
                physical(name, kind),
                orjson.dumps(value).decode() if isinstance(value, dict | list) and kind == "t" else value,
            )


def _kind_of_value(value: Any, *, lists: bool) -> str:
    if isinstance(value, bool):
        return "b"
    if isinstance(value, int) and -_LARGEST <= value < _LARGEST:
        return "i"
    if isinstance(value, int | float):
        return "n"
    if lists and isinstance(value, list) and all(isinstance(each, int | float) for each in value):
        return "l"
    return "t"
