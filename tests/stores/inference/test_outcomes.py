"""Outcomes: told over HTTP or by a file, joined with what was predicted."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from axagents.clock import stamp, utc_now
from axagents.errors import UserError
from axagents.project import Project, create_project
from axagents.stores.inference import (
    SegmentWriter,
    append_outcomes,
    hash_unit,
    outcomes_log,
    parse_outcomes,
    predictions_log,
    unit_key,
)
from axagents.stores.inference.fold import fold, fold_project
from axagents.stores.inference.importing import OutcomeColumns, import_outcomes
from axagents.stores.inference.labelled import Cohort, Labelled, read_labelled
from tests.stores.inference.conftest import DEPLOYMENT, MODEL, a_record

START = utc_now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=28)
WINDOW = timedelta(days=7)
LATER = START + timedelta(days=60)


def at(days: float) -> datetime:
    return START + timedelta(days=days)


def microseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 10**6


def labelled(project: Project, **told: Any) -> Labelled:
    cohort = Cohort(at(-1), at(30), WINDOW)
    return read_labelled(project, DEPLOYMENT, MODEL, **{"cohort": cohort, "now": LATER, **told})


def outcome_of(found: Labelled) -> dict[str, Any]:
    return dict(zip(found.rows["request"].to_pylist(), found.rows["outcome"].to_pylist(), strict=True))


def tell(project: Project, *told: dict[str, Any]) -> None:
    writer = SegmentWriter(outcomes_log(project, MODEL).segments)
    append_outcomes(writer, parse_outcomes(json.dumps(told).encode(), key=unit_key(project)))
    writer.close()


def table(**columns: Any) -> pa.Table:
    return pa.table(columns)


@pytest.fixture
def answered(project: Project, writer: SegmentWriter, hashed: Callable[[str], str]) -> Project:
    """Requests r0, r1, ... on day 0, 1, ...: unit a on even days, b on odd ones."""
    writer.append([
        a_record(time=microseconds(at(day)), request=f"r{day}", unit=hashed("ab"[day % 2])) for day in range(6)
    ])  # fmt: skip
    writer.close()
    return project


def test_outcomes_over_http(answered: Project) -> None:
    tell(answered, {"request": "r0", "outcome": True}, {"unit": "b", "time": stamp(at(2)), "outcome": False})
    for _ in range(2):
        found = labelled(answered)
        assert outcome_of(found) == {"r0": True, "r1": False, "r2": None, "r3": None, "r4": None, "r5": None}
        assert found.matured == 6
        assert found.coverage == pytest.approx(2 / 6)
        assert sorted(found.labelled["request"].to_pylist()) == ["r0", "r1"]
        list(fold_project(answered))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("{", "the body is not JSON"),
        ("3", "outcomes[0] is no object"),
        ('{"outcome": 1}', "by request or by unit"),
        ('{"outcome": 1, "request": "r", "unit": "u"}', "by request or by unit"),
        ('{"outcome": 1, "request": 7}', "outcomes[0].request is a text, not 7"),
        ('{"outcome": 1, "unit": "u"}', "needs the time"),
        ('{"outcome": 1, "unit": "u", "time": "soon"}', "outcomes[0].time is no time: 'soon'"),
        ('{"outcome": 1, "unit": "u", "time": "2999-01-01"}', "lies in the future"),
        ('[{"outcome": 1, "request": "r"}, {"request": "r"}]', "outcomes[1].outcome is a number, a text"),
        ('{"outcome": [1], "request": "r"}', "outcomes[0].outcome is a number, a text"),
        ('{"outcome": 1, "request": "r", "row": -1}', "outcomes[0].row is the number of a row"),
        ('{"outcom": 1, "request": "r"}', "no field 'outcom'; did you mean outcome?"),
    ],
)
def test_a_wrong_outcome_is_told_with_its_field(body: str, told: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_outcomes(body.encode(), key=bytes(32))
    assert told in caught.value.message
    assert caught.value.field


def test_the_last_outcome_counts(answered: Project) -> None:
    tell(answered, {"request": "r0", "outcome": 0})
    tell(answered, {"request": "r0", "outcome": 1, "time": stamp(at(1))})
    tell(answered, {"unit": "b", "time": stamp(at(5.5)), "outcome": 0})
    tell(answered, {"unit": "b", "time": stamp(at(6)), "outcome": 2})
    tell(answered, {"unit": "b", "time": stamp(at(5.5)), "outcome": 3})
    found = labelled(answered)
    assert outcome_of(found)["r0"] == 1
    assert outcome_of(found)["r5"] == 2
    assert found.repeated == 2


def test_an_outcome_of_a_unit_joins_the_last_prediction_before_it(answered: Project) -> None:
    tell(
        answered,
        {"unit": "a", "time": stamp(at(2)), "outcome": "at the time of r2"},
        {"unit": "a", "time": stamp(at(4) + WINDOW), "outcome": "just in time"},
        {"unit": "b", "time": stamp(at(5.001) + WINDOW), "outcome": "late"},
        {"unit": "b", "time": stamp(at(0.5)), "outcome": "before any"},
        {"unit": "c", "time": stamp(at(3)), "outcome": "unknown"},
    )
    found = labelled(answered)
    assert {name: value for name, value in outcome_of(found).items() if value} == {
        "r0": "at the time of r2",
        "r4": "just in time",
    }
    assert found.late == 1


def test_a_request_goes_before_a_unit(answered: Project) -> None:
    tell(answered, {"unit": "a", "time": stamp(at(1)), "outcome": 0}, {"request": "r0", "outcome": 1})
    assert outcome_of(labelled(answered))["r0"] == 1


def test_rows_of_one_request_have_outcomes_of_their_own(project: Project, writer: SegmentWriter) -> None:
    writer.append([a_record(time=microseconds(at(0)), row=row) for row in range(3)])
    tell(project, {"request": "r1", "row": 2, "outcome": 1}, {"request": "r1", "outcome": 0})
    rows = labelled(project).rows
    assert dict(zip(rows["row"].to_pylist(), rows["outcome"].to_pylist(), strict=True)) == {0: 0, 1: None, 2: 1}


def test_only_matured_predictions_are_given(answered: Project) -> None:
    tell(answered, {"request": "r5", "outcome": 1})
    found = labelled(answered, now=at(3) + WINDOW)
    assert sorted(outcome_of(found)) == ["r0", "r1", "r2", "r3"]
    assert found.immature == 2
    assert found.coverage == 0
    assert labelled(answered, now=at(0)).coverage is None


def test_a_window_longer_than_what_is_kept_is_told(answered: Project) -> None:
    found = labelled(answered, cohort=Cohort(at(-1), at(30), timedelta(days=90)), now=LATER)
    assert found.notes == ("predictions are kept for 30 days and mature after 90: raise retention.inference_days",)


def test_a_file_of_units(answered: Project, tmp_path: Path) -> None:
    file = tmp_path / "churned.csv"
    file.write_text(
        f"customer;when;churned\na;{at(2.5):%Y-%m-%d %H:%M};1\nb;{at(0)};0\nc;{at(3).date()};0\nb;{at(4)};\n"
    )
    columns = OutcomeColumns(unit="customer", time="when", outcome="churned")
    first = import_outcomes(answered, MODEL, file, columns=columns)
    assert (first.rows, first.open, first.known, first.early, first.unknown) == (3, 1, 1, 1, 1)
    assert (first.same, first.replaced) == (0, 0)
    assert outcome_of(labelled(answered))["r2"] == 1
    file.write_text(f"customer,when,churned\na,{stamp(at(2.5))},0\nb,{at(0).date()},0\n")
    again = import_outcomes(answered, MODEL, file, columns=columns)
    assert (again.rows, again.same, again.replaced) == (2, 1, 1)
    assert outcome_of(labelled(answered))["r2"] == 0


def test_a_file_of_requests(answered: Project, tmp_path: Path) -> None:
    file = tmp_path / "outcomes.parquet"
    pq.write_table(table(request=["r0", "r9", "r0"], outcome=[0.5, 1.5, 2.5]), file)
    done = import_outcomes(answered, MODEL, file)
    assert (done.rows, done.repeated, done.known, done.unknown) == (2, 1, 1, 1)
    assert outcome_of(labelled(answered))["r0"] == 2.5


def test_a_table_of_times(answered: Project) -> None:
    times = pa.array([at(1), at(2)], pa.timestamp("us", "UTC"))
    done = import_outcomes(answered, MODEL, table(unit=["a", "b"], time=times, outcome=["stays", "goes"]))
    assert (done.known, done.unknown) == (2, 0)
    assert outcome_of(labelled(answered))["r0"] == "stays"


def test_units_that_are_numbers_are_found(
    project: Project, writer: SegmentWriter, hashed: Callable[[str], str]
) -> None:
    writer.append([a_record(time=microseconds(at(0)), unit=hashed("17"))])
    times = pa.array([at(1), None], pa.timestamp("us", "UTC"))
    done = import_outcomes(project, MODEL, table(unit=[17.0, None], time=times, outcome=[1, None]))
    assert (done.known, done.open) == (1, 1)


def test_another_models_predictions_are_not_known(answered: Project) -> None:
    assert import_outcomes(answered, "other", table(request=["r0"], outcome=[1])).unknown == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("request,outcom\nr0,1\n", "no column 'outcome'; did you mean outcom?"),
        ("id,outcome\nr0,1\n", "no column 'unit' and none 'request'"),
        ("unit,outcome\na,1\n", "no column 'time': without one no outcome of a unit finds its prediction"),
        ("unit,time,outcome\na,soon,1\nb,2020-01-03,1\n", "the time of row 1 is no time: 'soon'"),
        ("unit,time,outcome\na,2999-01-01,1\n", "the time of row 1 lies in the future"),
        ("unit,time,outcome\na,2020-01-03,1\n,2020-01-03,1\n", "row 2 names no request and no unit"),
        ("unit,time,outcome\na,,1\n", "row 1 has no time"),
        ("request,row,outcome\nr0,first,1\n", "row 1: 'first' is no number of a row"),
        ("unit,time,outcome\n" + "a,x,1\n" * 5, "and 2 more; nothing was imported"),
        ("", "is empty"),
    ],
)
def test_a_wrong_file_is_told_and_nothing_is_kept(answered: Project, tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "outcomes.csv"
    file.write_text(text)
    with pytest.raises(UserError) as caught:
        import_outcomes(answered, MODEL, file)
    assert told in caught.value.message
    assert set(outcome_of(labelled(answered)).values()) == {None}


def test_a_missing_file_is_told(project: Project, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no file"):
        import_outcomes(project, MODEL, tmp_path / "none.csv")


PREDICTED = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 14)), max_size=8, unique=True)
BECAME = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 27)), max_size=8)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(predicted=PREDICTED, became=BECAME)
def test_the_join_is_that_of_its_definition(
    tmp_path_factory: pytest.TempPathFactory, predicted: list[tuple[str, int]], became: list[tuple[str, int]]
) -> None:
    """Compared with the sentence of `read_labelled` spelt out over all pairs."""
    project = create_project(tmp_path_factory.mktemp("join") / "project")
    key, writer = unit_key(project), SegmentWriter(predictions_log(project, DEPLOYMENT).segments)
    writer.append([
        a_record(time=microseconds(at(day)), request=f"{unit}{day}", unit=hash_unit(key, unit))
        for unit, day in predicted
    ])  # fmt: skip
    writer.close()
    fold(project, DEPLOYMENT)
    for number, (unit, day) in enumerate(became):
        tell(project, {"unit": unit, "time": stamp(at(day)), "outcome": number})
    last = {(unit, day): number for number, (unit, day) in enumerate(became)}
    expected: dict[str, int | None] = {f"{unit}{day}": None for unit, day in predicted}
    for (unit, day), number in sorted(last.items(), key=lambda each: each[0][1]):
        before = [made for whose, made in predicted if whose == unit and made < day]
        if before and day - max(before) <= WINDOW.days:
            expected[f"{unit}{max(before)}"] = number
    assert outcome_of(labelled(project)) == expected


def test_received_now_is_when_it_was_told(project: Project) -> None:
    (told,) = parse_outcomes(b'{"request": "r", "outcome": "x"}', key=bytes(32))
    assert abs(told.received - utc_now().timestamp() * 10**6) < 10**7
    assert (told.time, told.row, told.unit, told.outcome) == (told.received, 0, None, "x")
