"""The body of a request taken apart: MLflow's four forms in JSON, and CSV, each as names and rows."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import orjson

from axagents.serving.engine.fields import shown
from axagents.serving.engine.unfit import Unfit

FORMS = ("dataframe_split", "dataframe_records", "inputs", "instances")
BODY = "body"
MOST_BYTES = 16 << 20
"""The largest body that server and gateway read."""


@dataclass(frozen=True)
class Table:
    """What a request holds.

    Attributes:
        form: the key it stood under, or "csv".
        names: of the columns, as the request orders them; None where rows come without names.
        rows: one sequence of cells each, all of one length.
    """

    form: str
    names: tuple[str, ...] | None
    rows: Sequence[Sequence[Any]]


def read_body(body: bytes, content_type: str | None) -> Table:
    """Take a body apart.

    Raises:
        Unfit: 415 for another content type, 400 for a body that holds no table.
    """
    kind = _kind(content_type)
    if not body.strip():
        raise Unfit("the body is empty", field=BODY)
    return _read_csv(body) if kind == "text/csv" else _read_json(body)


def _kind(content_type: str | None) -> str:
    kind, *parameters = [each.strip().lower() for each in (content_type or "").split(";")]
    if kind not in {"application/json", "text/csv"}:
        told = f"the content type {shown(kind)}" if kind else "a body without a content type"
        raise Unfit(f"{told} is not read; send application/json or text/csv", field="content-type", status=415)
    given = {name: value for name, _, value in (each.partition("=") for each in parameters)}
    charset = given.get("charset", "utf-8")
    if charset.strip('"') not in {"utf-8", "utf8"}:
        raise Unfit(f"the charset {shown(charset)} is not read; send utf-8", field="content-type", status=415)
    return kind


def _read_json(body: bytes) -> Table:
    try:
        content: Any = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unfit(f"the body is no JSON: {str(error)[:200]}", field=BODY) from None
    if not isinstance(content, dict):
        raise Unfit(f"the body must be an object with one of {', '.join(FORMS)}", field=BODY)
    _refuse_duplicates(body, content)
    found = [form for form in FORMS if form in content]
    if len(found) != 1:
        told = f"both {found[0]} and {found[1]}" if found else "none of them"
        raise Unfit(f"the body must hold one of {', '.join(FORMS)}; it holds {told}", field=found[1] if found else BODY)
    form = found[0]
    return _READERS[form](form, content[form])


def _refuse_duplicates(body: bytes, content: dict[str, Any]) -> None:
    # Every key brings a colon. As many colons as keys, or as in what was read when it is written again, leave no room
    # for a second key of the same name; only a text that hides its colons as escapes would.
    colons = body.count(b":")
    if colons == _keys(content):
        return
    try:
        if b"\\u003" not in body and colons == orjson.dumps(content).count(b":"):
            return
        json.loads(body, object_pairs_hook=_once)
    except (orjson.JSONEncodeError, RecursionError):
        raise Unfit("the body is nested deeper than any table", field=BODY) from None


def _keys(content: dict[str, Any]) -> int:
    """Count the keys of a body, as far as its forms have any."""
    tables = [value for value in content.values() if isinstance(value, dict)]
    lists = [value for value in content.values() if isinstance(value, list)]
    rows = sum(len(row) for each in lists for row in each if type(row) is dict)
    return len(content) + sum(map(len, tables)) + rows


def _once(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise Unfit(f"the key {shown(name)} stands twice in one object", field=name)
        seen.add(name)


def _split(form: str, content: Any) -> Table:
    if not isinstance(content, dict):
        raise Unfit(f"{form} must be an object with columns and data", field=form)
    names, rows = content.get("columns"), content.get("data")
    if not isinstance(names, list) or not all(type(name) is str for name in names):
        raise Unfit(f"{form}.columns must be a list of the columns' names", field=f"{form}.columns")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise Unfit(f"the column {shown(twice)} stands twice in {form}.columns", field=twice)
    if not isinstance(rows, list):
        raise Unfit(f"{form}.data must be a list of rows", field=f"{form}.data")
    return _listed(f"{form}.data", tuple(names), rows)


def _listed(form: str, names: tuple[str, ...] | None, rows: list[Any]) -> Table:
    """Check rows that are lists of cells."""
    if set(map(type, rows)) - {list}:
        place = next(place for place, row in enumerate(rows) if type(row) is not list)
        raise Unfit(f"{form}, row {place}: {shown(rows[place])} is no list of cells", field=form)
    width = len(names) if names is not None else len(rows[0]) if rows else 0
    if set(map(len, rows)) - {width}:
        place = next(place for place, row in enumerate(rows) if len(row) != width)
        raise Unfit(f"{form}, row {place} has {len(rows[place])} cells, not {width}", field=form)
    return Table(form, names, rows)


def _records(form: str, content: Any) -> Table:
    if not isinstance(content, list):
        raise Unfit(f"{form} must be a list of objects, one a row", field=form)
    if set(map(type, content)) - {dict}:
        place = next(place for place, row in enumerate(content) if type(row) is not dict)
        raise Unfit(f"{form}, row {place}: {shown(content[place])} is no object", field=form)
    if not content:
        return Table(form, (), [])
    names = tuple(content[0])
    for place, row in enumerate(content):
        if row.keys() != content[0].keys():
            _refuse_ragged(form, place, row=row, first=content[0])
    return Table(form, names, list(map(picker(names), content)))


def _refuse_ragged(form: str, place: int, *, row: dict[str, Any], first: dict[str, Any]) -> None:
    absent = next((name for name in first if name not in row), None)
    told = f"has no {shown(absent)}, which row 0 has" if absent is not None else ""
    name = absent if absent is not None else next(name for name in row if name not in first)
    told = told or f"has {shown(name)}, which row 0 has not"
    raise Unfit(f"{form}, row {place} {told}; give a missing value as null", field=name)


def picker(keys: Sequence[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Return the function that takes some of a row's cells, as a tuple however many they are."""
    if len(keys) > 1:
        return itemgetter(*keys)
    return lambda row: tuple(row[key] for key in keys)


def _inputs(form: str, content: Any) -> Table:
    if isinstance(content, list):
        return _instances(form, content)
    if not isinstance(content, dict):
        raise Unfit(f"{form} must be an object of columns, or a list of rows", field=form)
    lists = [type(each) is list for each in content.values()]
    if not any(lists):
        return Table(form, tuple(content), [tuple(content.values())])
    counts = {name: len(cells) if isinstance(cells, list) else -1 for name, cells in content.items()}
    rows = max(counts.values())
    for name, count in counts.items():
        if count != rows:
            told = "no list of cells" if count < 0 else f"{count} cells where another column has {rows}"
            raise Unfit(f"{form}: column {shown(name)} has {told}", field=name)
    return Table(form, tuple(content), list(zip(*content.values(), strict=True)))


def _instances(form: str, content: Any) -> Table:
    if isinstance(content, list) and content and type(content[0]) is list:
        return _listed(form, None, content)
    return _records(form, content)


_READERS = {"dataframe_split": _split, "dataframe_records": _records, "inputs": _inputs, "instances": _instances}


def _read_csv(body: bytes) -> Table:
    try:
        lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise Unfit(f"the body is no CSV in UTF-8: {error}", field=BODY) from None
    names = tuple(lines[0]) if lines else ()
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise Unfit(f"the column {shown(twice)} stands twice in the header", field=twice)
    return _listed("csv", names, [line for line in lines[1:] if line])
