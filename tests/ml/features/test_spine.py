"""Who is predicted, as of when, with which label: from a cutoff and a horizon, or as given."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from axagents.errors import UserError
from axagents.ml.features.compiling import DAY
from axagents.ml.features.computing import microseconds
from axagents.ml.features.spine import EventTarget, check_spine, check_target, measure_span, spine_of_events

NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def give(connection: duckdb.DuckDBPyConnection, *events: tuple[str | None, float | None, float | None]) -> None:
    """Events of (entity, day, day it became known)."""
    connection.execute("CREATE TABLE events (entity VARCHAR, t BIGINT, known BIGINT)")
    for entity, day, known in events:
        connection.execute(
            "INSERT INTO events VALUES (?, ?, ?)",
            [entity, None if day is None else int(day * DAY), None if known is None else int(known * DAY)],
        )


def at(day: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)


def test_the_label_is_no_event_from_the_cutoff_to_before_the_end_of_the_horizon(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    give(
        connection,
        ("at the cutoff", 9, 9),
        ("at the cutoff", 10, 10),
        ("at the end", 9, 9),
        ("at the end", 15, 15),
        ("silent", 9, 9),
        ("new", 10, 10),
        ("known late", 9, 12),
        (None, 9, 9),
    )
    spine = spine_of_events(connection, EventTarget(at(10), timedelta(days=5)))
    assert dict(zip(spine["entity"], spine["label"], strict=True)) == {"at the cutoff": 0, "at the end": 1, "silent": 1}
    assert set(spine["as_of"]) == {10 * DAY}


def test_cdnow_has_the_customers_and_the_churn_of_the_facts(
    connection: duckdb.DuckDBPyConnection, data_dir: Path
) -> None:
    # 23,570 customers known by 1997-10-01, .743 without a purchase in the 180 days after (published file, counted).
    names = ["customer", "day", "count", "total"]
    place = data_dir / "cdnow/CDNOW_master.txt"
    frame = pd.read_csv(place, sep=r"\s+", header=0, names=names, dtype={"customer": str})
    frame["t"] = pd.to_datetime(frame["day"], format="%Y%m%d").astype("datetime64[us]").astype("int64")
    connection.register("given", frame)
    connection.execute("CREATE VIEW events AS SELECT customer AS entity, t, t AS known FROM given")
    spine = spine_of_events(connection, EventTarget(datetime(1997, 10, 1, tzinfo=UTC), timedelta(days=180)))
    assert len(spine) == 23_570
    assert spine["label"].mean() == pytest.approx(0.743, abs=5e-4)


def test_a_cutoff_that_cannot_be_is_refused(connection: duckdb.DuckDBPyConnection) -> None:
    give(connection, ("a", 10, 10), ("a", 100, 100))
    span = measure_span(connection)
    with pytest.raises(UserError, match="before all events"):
        check_target(span, EventTarget(at(10), timedelta(days=5)), now=NOW)
    with pytest.raises(UserError, match="has not passed"):
        check_target(span, EventTarget(at(50), timedelta(days=9)), now=at(55))
    with pytest.raises(UserError, match="cannot be told"):
        check_target(span, EventTarget(at(90), timedelta(days=60)), now=NOW)
    assert check_target(span, EventTarget(at(50), timedelta(days=50)), now=NOW) == []
    (told,) = check_target(span, EventTarget(at(60), timedelta(days=50)), now=NOW)
    assert "complete" in told


def test_events_without_entity_or_time_are_counted(connection: duckdb.DuckDBPyConnection) -> None:
    give(connection, ("a", 1, 1), (None, 1, 1), ("b", None, 1))
    assert measure_span(connection).unusable == 2


def test_no_usable_event_at_all_is_told(connection: duckdb.DuckDBPyConnection) -> None:
    give(connection, (None, 1, 1))
    with pytest.raises(UserError, match="none of the 1 events"):
        measure_span(connection)


def test_the_same_entity_and_moment_twice_is_refused() -> None:
    spine = pd.DataFrame({"row": [0, 1], "entity": ["a", "a"], "as_of": [DAY, DAY]})
    with pytest.raises(UserError, match="rows twice, such as 'a' as of 1970-01-02"):
        check_spine(spine, now=NOW)


def test_a_time_zone_counts() -> None:
    zoned = datetime.fromisoformat("2026-01-01T02:00:00+02:00")
    assert microseconds(zoned) == microseconds(datetime(2026, 1, 1, tzinfo=UTC)) == microseconds(datetime(2026, 1, 1))  # noqa: DTZ001
