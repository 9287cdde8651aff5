"""The time, always in UTC and always written one way."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def stamp(moment: datetime | None = None) -> str:
    """Write a moment as ISO 8601 in UTC with microseconds and a `Z`, so that text order is time order."""
    when = (moment or utc_now()).astimezone(UTC)
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_stamp(text: str) -> datetime:
    """Read what `stamp` wrote."""
    return datetime.fromisoformat(text).astimezone(UTC)


def nanoseconds(text: str) -> int:
    """Return what `stamp` wrote as nanoseconds of the epoch."""
    return int(parse_stamp(text).timestamp() * 1_000_000) * 1000
