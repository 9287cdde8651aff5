"""What a version reads, compiled once: a request's body becomes the columns its model takes, or is refused."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

import numpy as np

from axagents.errors import nearest
from axagents.serving.engine.bodies import Table, picker, read_body
from axagents.serving.engine.columns import LARGEST, Columns
from axagents.serving.engine.fields import MISSING, Field, csv_cell, reader, shown
from axagents.serving.engine.unfit import Unfit

_NUMBERS = frozenset({float, int, type(None)})
_REMEMBERED = 4096
_ORDERS = 64
_LONG = 200


@dataclass(frozen=True)
class _Plan:
    """How rows of one order of columns are taken apart.

    `plain` takes the cells that are numbers as they stand, `plain_slots` says where they go; `special` lists name,
    place in the row (-1: not brought) and slot among the numbers (-1: a text) of the others.
    """

    plain: Callable[[Any], tuple[Any, ...]]
    plain_slots: list[int]
    as_they_are: bool
    special: list[tuple[str, int, int]]


class Schema:
    """The columns of a version, in the order the model takes them.

    Args:
        fields: one for each column.
        ignored: columns that a request may bring although the model does not read them, such as the unit's id.
    """

    def __init__(self, fields: Sequence[Field], ignored: Sequence[str] = ()) -> None:
        self.fields = tuple(fields)
        self.names = tuple(field.name for field in fields)
        self.number_names = tuple(field.name for field in fields if field.dtype != "string")
        self.text_names = tuple(field.name for field in fields if field.dtype == "string")
        self._ignored = frozenset(ignored)
        self._required = tuple(field.name for field in fields if field.required)
        self._readers = {field.name: reader(field) for field in fields if not field.plain}
        self._never_missing = tuple(field for field in fields if not field.nullable)
        self._remembered: dict[str, dict[Any, Any]] = {name: {} for name in self._readers}
        self._plan = lru_cache(maxsize=_ORDERS)(self._make_plan)

    def parse(self, body: bytes, content_type: str | None) -> Columns:
        """Read a body in one of MLflow's four forms, or CSV.

        Raises:
            Unfit: it is malformed, or its columns are not those of the model; names the field.
        """
        table = read_body(body, content_type)
        if not table.rows:
            raise Unfit(f"{table.form} holds no rows", field=table.form)
        names = self._names(table)
        rows = self._uncsv(names, table.rows) if table.form == "csv" else table.rows
        return self._columns(names, rows)

    def read(self, columns: Mapping[str, Sequence[Any]]) -> Columns:
        """Read columns of cells as a request's `inputs` has them.

        Raises:
            Unfit: as `parse`.
        """
        return self._columns(tuple(columns), list(zip(*columns.values(), strict=True)))

    def _names(self, table: Table) -> tuple[str, ...]:
        if table.names is not None:
            return table.names
        if len(table.rows[0]) != len(self.names):
            told = f"rows without names must have the model's {len(self.names)} columns: {', '.join(self.names[:8])}"
            raise Unfit(f"{table.form}: {told}{', ...' if len(self.names) > 8 else ''}", field=table.form)
        return self.names

    def _uncsv(self, names: tuple[str, ...], rows: Sequence[Sequence[str]]) -> list[tuple[Any, ...]]:
        by_name = {field.name: field for field in self.fields}
        columns = [
            [csv_cell(row[place], by_name[name]) for row in rows] if name in by_name else [None] * len(rows)
            for place, name in enumerate(names)
        ]
        return list(zip(*columns, strict=True))

    def _columns(self, names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> Columns:
        plan = self._plan(names)
        cells = rows if plan.as_they_are else list(map(plan.plain, rows))
        if not set(map(type, chain.from_iterable(cells))) <= _NUMBERS:
            self._refuse_plain(names, rows)
        taken = np.array(cells, dtype=np.float64).clip(-LARGEST, LARGEST)
        if plan.as_they_are:
            numbers = taken
        else:
            numbers = np.full((len(rows), len(self.number_names)), np.nan)
            numbers[:, plan.plain_slots] = taken
        texts: list[Sequence[str]] = []
        for name, place, slot in plan.special:
            given = [None] * len(rows) if place < 0 else [row[place] for row in rows]
            read = self._read(name, given)
            if slot < 0:
                texts.append(read)
            else:
                numbers[:, slot] = read
        columns = Columns(numbers, tuple(texts))
        if self._never_missing:
            self._refuse_missing(columns)
        return columns

    def _refuse_plain(self, names: tuple[str, ...], rows: Sequence[Sequence[Any]]) -> None:
        plain = [(names.index(field.name), field.name) for field in self.fields if field.plain and field.name in names]
        for number, row in enumerate(rows):
            for place, name in plain:
                if type(row[place]) not in _NUMBERS:
                    raise _unfit(name, number, f"{shown(row[place])} is no number")

    def _read(self, name: str, cells: Sequence[Any]) -> list[Any]:
        remembered, read = self._remembered[name], self._readers[name]
        found: list[Any] = []
        for place, cell in enumerate(cells):
            try:
                key = cell if type(cell) is str else (type(cell), cell)
                value = remembered.get(key)
                if value is None:
                    value = read(cell)
                    if len(remembered) < _REMEMBERED and (type(cell) is not str or len(cell) < _LONG):
                        remembered[key] = value
            except TypeError:
                raise _unfit(name, place, f"{shown(cell)} is no cell") from None
            except ValueError as error:
                raise _unfit(name, place, str(error)) from None
            found.append(value)
        return found

    def _refuse_missing(self, columns: Columns) -> None:
        for field in self._never_missing:
            if field.dtype == "string":
                gone = np.array([text == MISSING for text in columns.texts[self.text_names.index(field.name)]])
            else:
                gone = np.isnan(columns.numbers[:, self.number_names.index(field.name)])
            if gone.any():
                raise _unfit(field.name, int(gone.argmax()), "the model gives no answer where it is missing")

    def _make_plan(self, names: tuple[str, ...]) -> "_Plan":
        place_of = {name: place for place, name in enumerate(names)}
        absent = next((name for name in self._required if name not in place_of), None)
        extra = next((name for name in names if name not in self.names and name not in self._ignored), None)
        if absent is not None:
            meant = f"; is {shown(extra)} meant?" if extra and nearest(extra[:_LONG], [absent]) else ""
            raise Unfit(f"the column {shown(absent)} is missing{meant}", field=absent)
        if extra is not None:
            near = nearest(extra[:_LONG], self.names) or self.names[:8]
            raise Unfit(f"the model reads no column {shown(extra)}; it reads {', '.join(near)}", field=extra)
        slots = {name: slot for slot, name in enumerate(self.number_names)}
        plain = [field.name for field in self.fields if field.plain and field.name in place_of]
        places = [place_of[name] for name in plain]
        return _Plan(
            plain=picker(places),
            plain_slots=[slots[name] for name in plain],
            as_they_are=len(plain) == len(self.fields) and places == list(range(len(names))),
            special=[
                (field.name, place_of.get(field.name, -1), slots.get(field.name, -1))
                for field in self.fields
                if not field.plain
            ],
        )


def _unfit(name: str, row: int, told: str) -> Unfit:
    return Unfit(f"column {shown(name)}, row {row}: {told}", field=name)
