"""Reading: folded and not yet folded rows alike, each once, whatever types they came in."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from axagents.clock import utc_now
from axagents.errors import UserError
from axagents.project import Project
from axagents.stores.inference import LogPlace, SegmentWriter
from axagents.stores.inference.fold import fold
from axagents.stores.inference.lines import _line_by_line, parse_lines  # pyright: ignore[reportPrivateUsage]
from axagents.stores.inference.reading import Filter, Window, read_latest, read_window
from axagents.stores.inference.shape import SHAPES, logical, physical
from tests.stores.inference.conftest import DEPLOYMENT, a_record

DAY = timedelta(days=1)
NOON = utc_now().replace(hour=12, minute=0, second=0, microsecond=0) - 3 * DAY


def window(project: Project, **told: Any) -> Window:
    return read_window(project, DEPLOYMENT, **{"since": utc_now() - 20 * DAY, "until": utc_now() + DAY, **told})


def by_request(found: Window, column: str) -> dict[str, Any]:
    return dict(zip(found.rows["request"].to_pylist(), found.rows[column].to_pylist(), strict=True))


def test_nothing_was_logged(project: Project) -> None:
    found = window(project)
    assert found.rows.num_rows == 0
    assert {"time", "request", "unit", "prediction", "probability"} <= set(found.rows.column_names)
    assert read_latest(project, DEPLOYMENT, count=5).rows.num_rows == 0


@pytest.mark.parametrize("folded", [False, True])
def test_a_row_comes_back_as_it_was(project: Project, writer: SegmentWriter, folded: bool) -> None:
    columns = {"tenure": 12, "a b.c(ü)": 0.5, "since": "2026-01-02 03:04:05", "gone": None, "time": "noon", "ok": True}
    moment = NOON.replace(hour=23, minute=59, second=59, microsecond=999_999)
    writer.append([a_record(time=int(moment.timestamp()) * 10**6 + 999_999, unit="ab" * 16, columns=columns)])
    writer.close()
    if folded:
        assert fold(project, DEPLOYMENT).rows == 1
    found = window(project, since=moment, until=moment + timedelta(microseconds=1))
    (row,) = found.rows.to_pylist()
    assert {name.removeprefix("x."): value for name, value in row.items() if name.startswith("x.")} == {
        name: value for name, value in columns.items() if value is not None
    }
    assert row["time"] == moment
    assert (row["request"], row["row"], row["unit"], row["status"]) == ("r1", 0, "ab" * 16, 200)
    assert (row["prediction"], row["probability"], row["mirrored"]) == (1, 0.75, False)
    assert set(found.features().column_names) == {"tenure", "a b.c(ü)", "since", "time", "ok"}
    assert found.notes == ()


def test_a_window_is_half_open(project: Project, writer: SegmentWriter) -> None:
    moment = NOON
    times = [int((moment + timedelta(hours=hours)).timestamp()) * 10**6 for hours in range(4)]
    writer.append([a_record(time=time, request=str(number)) for number, time in enumerate(times)])
    writer.close()
    for _ in range(2):
        found = window(project, since=moment + timedelta(hours=1), until=moment + timedelta(hours=3))
        assert sorted(found.rows["request"].to_pylist()) == ["1", "2"]
        fold(project, DEPLOYMENT)


def test_types_that_change_are_read_as_the_wider_one(project: Project, writer: SegmentWriter) -> None:
    values: list[tuple[Any, Any, Any]] = [(1, True, 0.5), (2.5, "yes", [0.25, 0.75]), ("many", 3, None)]
    for number, (amount, flag, probability) in enumerate(values):
        writer.append(
            [a_record(request=str(number), columns={"amount": amount, "flag": flag}, probability=probability)]
        )
        writer.close()
        if number != 1:
            fold(project, DEPLOYMENT)
    found = window(project)
    assert by_request(found, "x.amount") == {"0": "1", "1": "2.5", "2": "many"}
    assert by_request(found, "x.flag") == {"0": "true", "1": "yes", "2": "3"}
    assert by_request(found, "probability") == {"0": [0.5], "1": [0.25, 0.75], "2": None}
    assert set(found.notes) == {
        "amount holds numbers and texts; it is read as texts",
        "flag holds numbers and texts and truth values; it is read as texts",
        "probability holds lists and numbers; it is read as lists",
    }


def test_whole_and_other_numbers_are_numbers(project: Project, writer: SegmentWriter) -> None:
    for number, value in enumerate([2**60 + 1, 0.5]):
        writer.append([a_record(request=str(number), columns={"id": value})])
        writer.close()
        fold(project, DEPLOYMENT)
        if number == 0:
            assert window(project).rows["x.id"].to_pylist() == [2**60 + 1]
    assert window(project).rows["x.id"].type == pa.float64()
    assert window(project).notes == ()


def test_columns_come_and_go(project: Project, writer: SegmentWriter) -> None:
    for number, columns in enumerate([{"a": 1}, {"b": 2}, {"a": 3, "c": "x"}]):
        writer.append([a_record(request=str(number), columns=columns)])
        writer.close()
        if number < 2:
            fold(project, DEPLOYMENT)
    found = window(project)
    assert by_request(found, "x.a") == {"0": 1, "1": None, "2": 3}
    assert by_request(found, "x.b") == {"0": None, "1": 2, "2": None}
    assert set(window(project, columns=["c", "a"]).features().column_names) == {"a", "c"}
    assert window(project, columns=[]).features().column_names == []
    with pytest.raises(UserError, match="no column 'bb' was ever logged; did you mean b"):
        window(project, columns=["bb"])


def test_rows_are_filtered(project: Project, writer: SegmentWriter) -> None:
    writer.append([
        a_record(request="1"),
        a_record(request="2", version="2.1.0", variant="canary", role="canary"),
        a_record(request="3", version="2.1.0", variant="it's", mirrored=True),
    ])  # fmt: skip
    for _ in range(2):
        for wanted, expected in [
            (Filter(), ["1", "2"]),
            (Filter(version="2.1.0"), ["2"]),
            (Filter(role="canary"), ["2"]),
            (Filter(mirrored=True), ["3"]),
            (Filter(mirrored=None, variant="it's"), ["3"]),
            (Filter(model="other"), []),
        ]:
            assert sorted(window(project, wanted=wanted).rows["request"].to_pylist()) == expected
        writer.close()
        fold(project, DEPLOYMENT)


def test_the_latest_rows_are_found_however_old(project: Project, writer: SegmentWriter) -> None:
    now = utc_now()
    ages = [timedelta(minutes=1), timedelta(hours=1), timedelta(days=2), timedelta(days=20)]
    writer.append([a_record(time=int((now - age).timestamp() * 10**6), request=str(age)) for age in ages])
    writer.append([a_record(request="failed", row=None, columns={}, prediction=None, probability=None, status=500)])
    for count in (1, 2, 3, 4):
        found = read_latest(project, DEPLOYMENT, count=count, columns=["tenure"]).rows
        assert found["request"].to_pylist() == [str(age) for age in ages[:count]]
    assert read_latest(project, DEPLOYMENT, count=10).rows.num_rows == 4


def test_the_tail_is_seen_once_while_it_is_folded(project: Project, writer: SegmentWriter, log: LogPlace) -> None:
    """A reader that saw a segment before the fold must not count it again from the table."""
    writer.append([a_record(request=str(number)) for number in range(10)])
    writer.close()
    (segment,) = log.segments.glob("*.jsonl")
    kept = segment.read_bytes()
    fold(project, DEPLOYMENT)
    assert not segment.exists()
    segment.write_bytes(kept)
    assert window(project).rows.num_rows == 10
    assert fold(project, DEPLOYMENT).rows == 0
    assert not segment.exists()
    assert window(project).rows.num_rows == 10


def test_lines_that_are_no_records_are_left_out(project: Project, writer: SegmentWriter, log: LogPlace) -> None:
    writer.append([a_record(request="1")])
    writer.append([a_record(request="2", columns={"tenure": "x"})])
    writer.close()
    (segment,) = log.segments.glob("*.jsonl")
    segment.write_bytes(b"\x00\x00\n[]\n" + segment.read_bytes() + b'{"time":"x"}\n')
    assert sorted(window(project).rows["request"].to_pylist()) == ["1", "2"]
    assert fold(project, DEPLOYMENT).damaged == 3
    assert by_request(window(project), "x.tenure") == {"1": "12", "2": "x"}


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
    st.sampled_from(["2026-01-01", "2026-01-01T00:00:00Z"]),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.dictionaries(st.sampled_from(["a", "b.c", "x_n_a"]), VALUES, max_size=3), max_size=6))
def test_both_ways_of_reading_lines_agree(rows: list[dict[str, Any]]) -> None:
    """The quick one takes a column's numbers together as the wider type; the other reads each value by itself."""
    import orjson

    data = b"".join(orjson.dumps(a_record(columns=row), option=orjson.OPT_APPEND_NEWLINE) for row in rows)
    shape = SHAPES["predictions"]
    quick, slow = parse_lines(data, shape).table, _line_by_line(data, shape).table

    def values(table: pa.Table, name: str) -> list[Any]:
        kinds = next((each.kinds for each in logical(table.column_names, shape) if each.name == "x." + name), ())
        columns = [table[physical("x." + name, kind)].to_pylist() for kind in kinds]
        return [next((each for each in row if each is not None), None) for row in zip(*columns, strict=True)]

    for name in ("a", "b.c", "x_n_a"):
        told = [row.get(name) for row in rows]
        found = values(slow, name) or [None] * len(rows)
        assert [(type(each), each) for each in found] == [(type(each), each) for each in told]
        assert (values(quick, name) or [None] * len(rows)) == pytest.approx(told) or values(quick, name) == told


def test_names_survive_the_table(hashed: Callable[[str], str]) -> None:
    shape = SHAPES["predictions"]
    for name in ("a", "a b", "x_n_a", "a.b", "ü;{}()\n\t=", "%2E", "-~_"):
        for kind in ("b", "i", "n", "t"):
            stored = physical("x." + name, kind)
            assert not set(stored) & set(" ,;{}()\n\t=.")
            assert [(each.name, each.kinds) for each in logical([stored], shape)[2:]] == [("x." + name, (kind,))]
