"""Outcomes that come in over HTTP: checked, their units hashed, and kept before they are acknowledged."""

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import orjson

from axagents.errors import UserError, nearest
from axagents.stores.inference.keys import hash_unit, unit_text
from axagents.stores.inference.record import Outcome
from axagents.stores.inference.segments import SegmentWriter

FIELDS = ("request", "row", "unit", "time", "outcome")
AHEAD_SECONDS = 300
"""How far a clock that is not ours may go ahead."""


def append_outcomes(writer: SegmentWriter, outcomes: Iterable[Outcome]) -> None:
    """Write outcomes to a model's log and bring them to the disk."""
    writer.append(outcomes)
    writer.sync()


def parse_outcomes(body: bytes, *, key: bytes, source: str = "http") -> list[Outcome]:
    """Read one outcome, a list of them, or `{"outcomes": [...]}`.

    Each names `request` (and `row`, 0 by default) or `unit` with `time`; and `outcome`. Times are ISO 8601, UTC where
    they name no zone; that of a request is now unless told.

    Raises:
        UserError: something of that is missing or wrong; the field is named with its place.
    """
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise UserError(f"the body is not JSON: {error}", field="body") from None
    if isinstance(told, dict) and "outcomes" in told:
        told = cast("dict[str, Any]", told)["outcomes"]
    listed: list[Any] = cast("list[Any]", told) if isinstance(told, list) else [told]
    now = time.time_ns() // 1000
    return [_read(each, f"outcomes[{place}]", key=key, source=source, now=now) for place, each in enumerate(listed)]


def _read(told: Any, place: str, *, key: bytes, source: str, now: int) -> Outcome:
    if not isinstance(told, dict):
        raise UserError(f"{place} is no object with request or unit, and outcome", field=place)
    fields = cast("dict[str, Any]", told)
    _refuse_unknown(fields, place)
    request, unit, moment = fields.get("request"), fields.get("unit"), fields.get("time")
    if (request is None) == (unit is None):
        raise UserError(f"{place} names its prediction by request or by unit, by one of them", field=f"{place}.request")
    if request is not None and not isinstance(request, str):
        raise UserError(f"{place}.request is a text, not {request!r}", field=f"{place}.request")
    if unit is not None and (moment is None or isinstance(unit, list | dict)):
        raise UserError(f"{place} names a unit and needs the time at which it became true", field=f"{place}.time")
    when = now if moment is None else read_moment(moment, f"{place}.time", now=now)
    return Outcome(
        time=when,
        received=now,
        request=request,
        row=None if request is None else _row(fields.get("row"), f"{place}.row"),
        unit=None if unit is None else hash_unit(key, unit_text(unit)),
        outcome=_value(fields.get("outcome"), f"{place}.outcome"),
        source=source,
    )


def read_moment(value: Any, place: str, *, now: int) -> int:
    """Return an ISO 8601 time as microseconds since 1970.

    Raises:
        UserError: it is none, or lies in the future.
    """
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None:
        raise UserError(f"{place} is no time: {value!r}; write it as 2026-01-31T12:00:00Z", field=place)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    found = round(aware.timestamp() * 1_000_000)
    if found > now + AHEAD_SECONDS * 1_000_000:
        raise UserError(f"{place} lies in the future: {value}", field=place)
    return found


def _refuse_unknown(fields: Mapping[str, Any], place: str) -> None:
    for name in fields:
        if name not in FIELDS:
            near = nearest(name, FIELDS)
            told = f"did you mean {near[0]}?" if near else f"there is {', '.join(FIELDS)}"
            raise UserError(f"{place} has no field {name!r}; {told}", field=f"{place}.{name}", legal=FIELDS)


def _row(value: Any, place: str) -> int:
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise UserError(f"{place} is the number of a row, from 0, not {value!r}", field=place)
    return value


def _value(value: Any, place: str) -> str | int | float | bool:
    if not isinstance(value, str | int | float | bool):
        raise UserError(f"{place} is a number, a text or a truth value, not {value!r}", field=place)
    return value
