"""The event log is appended to, and whoever changes it is found out."""

import hashlib
import json
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from axagents.clock import parse_stamp, stamp
from axagents.errors import UserError
from axagents.project import Project
from axagents.stores.database import open_database
from axagents.stores.registry.events import EventLog, NewEvent


def event(version: str = "1.0.0", at: str | None = None) -> NewEvent:
    return NewEvent(
        who="somebody",
        what="registered",
        model="churn",
        version=version,
        sha256="ab" * 32,
        before=None,
        after="staged",
        why="a test",
        details={"framework": "xgboost"},
        at=at,
    )


def test_a_hash_is_that_of_the_event_and_of_the_hash_before_it(project: Project) -> None:
    log = EventLog(project)
    log.append([event(), event("1.1.0")], model="churn")
    previous = "0" * 64
    for each in log.read():
        # Written out from the documented rule, without the code's own function.
        content = [previous, each.at, "somebody", "registered", "churn", each.version, "ab" * 32, None, "staged"]
        text = json.dumps([*content, "a test", {"framework": "xgboost"}], separators=(",", ":"))
        assert each.hash == hashlib.sha256(text.encode()).hexdigest()
        previous = each.hash
    assert log.first_broken() is None


@pytest.mark.parametrize(
    "statement", ["UPDATE registry_events SET after = 'production'", "DELETE FROM registry_events"]
)
def test_events_can_be_neither_changed_nor_taken_out(project: Project, statement: str) -> None:
    EventLog(project).append([event()], model="churn")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"), open_database(project).write() as connection:
        connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE registry_events SET why = 'another' WHERE position = 2", "1.1.0"),
        ("DELETE FROM registry_events WHERE position = 1", "1.1.0"),
        ("UPDATE registry_events SET at = '2020-01-01T00:00:00.000000Z' WHERE position = 3", "1.2.0"),
    ],
)
def test_who_goes_round_the_triggers_is_found_out(project: Project, statement: str, broken: str) -> None:
    log = EventLog(project)
    log.append([event(f"1.{number}.0") for number in range(3)], model="churn")
    with open_database(project).write() as connection:
        connection.execute("DROP TRIGGER registry_events_unchanged")
        connection.execute("DROP TRIGGER registry_events_kept")
        connection.execute(statement)
    found = log.first_broken()
    assert found is not None
    assert found.version == broken


def test_a_clock_set_back_does_not_make_the_log_run_backwards(project: Project) -> None:
    log, late = EventLog(project), datetime.now(UTC) + timedelta(hours=1)
    log.append([event(at=stamp(late))], model="churn")
    log.append([event("1.1.0")], model="churn")
    first, second = log.read()
    assert parse_stamp(second.at) == parse_stamp(first.at) == late.replace(microsecond=late.microsecond)


def test_all_events_are_written_or_none(project: Project) -> None:
    log = EventLog(project)
    log.append([event()], model="churn")
    with pytest.raises(UserError, match=r"churn changed since you looked \(revision 0\)"):
        log.append([event("1.1.0"), event("1.2.0")], model="churn", revision=0)
    assert [each.version for each in log.read()] == ["1.0.0"]


def test_one_models_events_do_not_move_anothers_revision(project: Project) -> None:
    log = EventLog(project)
    (first,) = log.append([event()], model="churn")
    log.append([NewEvent(**{**vars(event()), "model": "fraud"})], model="fraud")
    assert log.revision("churn") == first.position
    log.append([event("1.1.0")], model="churn", revision=first.position)
